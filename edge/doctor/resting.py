"""The eye rests while somebody else looks: two programs cannot hold one camera."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.doctor.looking import read_status
from edge.errors import Kind, VigieError

UNIT = "vigie-eye.service"
_STOP_SECONDS = 30


@contextmanager
def eye_at_rest(data: Path) -> Iterator[None]:
    """Stop the eye if it is at work, and start it again whatever happens.

    Raises VigieError(FAILED_PRECONDITION) where it runs and systemd does not keep it.
    """
    if _is_kept_by_systemd():
        _systemctl("stop")
        try:
            yield
        finally:
            _systemctl("start")
        return
    if read_status(data) is not None:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "the eye is at work, and systemd does not keep it",
            where=str(data),
            hint="End 'vigie edge run' for the time of this, or leave --pause-eye out.",
        )
    yield


def _is_kept_by_systemd() -> bool:
    """Whether systemd runs the eye, or is about to: one that waits to start again comes back."""
    if shutil.which("systemctl") is None:
        return False
    words = ["systemctl", "show", "--value", "--property=ActiveState", UNIT]
    asked = subprocess.run(
        words, check=False, capture_output=True, text=True, timeout=_STOP_SECONDS
    )
    return asked.stdout.strip() in {"active", "activating", "reloading"}


def _systemctl(verb: str) -> None:
    done = subprocess.run(
        ["systemctl", verb, UNIT], check=False, capture_output=True, text=True,
        timeout=_STOP_SECONDS,
    )  # fmt: skip
    if done.returncode:
        raise VigieError(
            Kind.PERMISSION_DENIED,
            f"systemctl {verb} {UNIT} failed: {done.stderr.strip()[:200]}",
            hint="Run vigie doctor as root.",
        )
