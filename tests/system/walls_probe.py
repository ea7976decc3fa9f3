"""Tries forbidden things from inside a room: JSON of attempts in, what each came to out.

An attempt is [what, target…]; its outcome is "done" or the name of the errno that refused it.
"""

import ctypes
import errno
import json
import mmap
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

_PTRACE_SEIZE = 0x4206
_WITHIN_SECONDS = 5.0


def _read(path: str) -> None:
    if Path(path).is_dir():
        list(Path(path).iterdir())
        return
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - /proc files want no buffer
        file.read(1)


def _write(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))


def _open_device(path: str) -> None:
    os.close(os.open(path, os.O_RDWR))


def _remove(path: str) -> None:
    Path(path).unlink()


def _call(path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(path)


def _connect(address: str) -> None:
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as line:
        line.settimeout(_WITHIN_SECONDS)
        line.connect((host, int(port)))


def _signal(pid: str) -> None:
    os.kill(int(pid), 0)


def _trace(pid: str) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    arguments = (ctypes.c_long(_PTRACE_SEIZE), ctypes.c_long(int(pid)), None, None)
    if library.ptrace(*arguments) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def _make_executable(_: str) -> None:
    """A page written first and executed then, as an exploit needs it."""
    with mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE) as page:
        held = ctypes.c_char.from_buffer(page)
        library = ctypes.CDLL(None, use_errno=True)
        allowed = mmap.PROT_READ | mmap.PROT_EXEC
        address = ctypes.c_void_p(ctypes.addressof(held))
        answer = library.mprotect(address, ctypes.c_size_t(mmap.PAGESIZE), allowed)
        del held
        if answer != 0:
            raise OSError(ctypes.get_errno(), "mprotect")


def _become(user: str) -> None:
    os.setuid(int(user))


_ATTEMPTS: dict[str, Callable[[str], None]] = {
    "read": _read,
    "write": _write,
    "open device": _open_device,
    "remove": _remove,
    "call": _call,
    "connect": _connect,
    "signal": _signal,
    "trace": _trace,
    "become": _become,
    "make executable": _make_executable,
}


def main() -> None:
    """Try all."""
    outcomes = []
    for what, target in json.load(sys.stdin):
        try:
            _ATTEMPTS[what](target)
            outcomes.append("done")
        except OSError as refused:
            outcomes.append(errno.errorcode.get(refused.errno or 0, type(refused).__name__))
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
