"""What the kernel knows of its own clock: adjtimex(2) by ctypes, without privileges."""

import ctypes
import ctypes.util
from collections.abc import Callable
from dataclasses import dataclass

_STA_UNSYNC = 0x0040
_TIME_ERROR = 5


@dataclass(frozen=True, slots=True)
class KernelClock:
    """is_synchronised: a time service disciplines it. max_error_us: its bound, microseconds."""

    is_synchronised: bool
    max_error_us: int


ReadKernelClock = Callable[[], KernelClock]


class _Timeval(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_usec", ctypes.c_long))


class _Timex(ctypes.Structure):
    """struct timex of <sys/timex.h>; `modes` 0 only reads."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time", _Timeval),
        ("tick", ctypes.c_long),
        ("ppsfreq", ctypes.c_long),
        ("jitter", ctypes.c_long),
        ("shift", ctypes.c_int),
        ("stabil", ctypes.c_long),
        ("jitcnt", ctypes.c_long),
        ("calcnt", ctypes.c_long),
        ("errcnt", ctypes.c_long),
        ("stbcnt", ctypes.c_long),
        ("tai", ctypes.c_int),
        ("reserved", ctypes.c_int * 11),
    )


def kernel_clock_reader() -> ReadKernelClock:
    """A function that asks the kernel, about a microsecond each time."""
    library = ctypes.CDLL(None, use_errno=True)
    return lambda: _read(library)


def _read(library: ctypes.CDLL) -> KernelClock:
    state = _Timex(modes=0)
    answer = library.adjtimex(ctypes.byref(state))
    # A kernel that refuses the question (a seccomp filter) proves nothing.
    if answer < 0 or answer == _TIME_ERROR or state.status & _STA_UNSYNC:
        return KernelClock(is_synchronised=False, max_error_us=int(state.maxerror))
    return KernelClock(is_synchronised=True, max_error_us=int(state.maxerror))
