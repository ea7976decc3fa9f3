"""The three system programs that flashing needs: lsblk, sfdisk and mtools, each with one error."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from edge.errors import Kind
from edge.flash.problem import FlashError

# Where Debian keeps sfdisk, which is not on a plain user's path.
_SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin"
_PACKAGES = {"lsblk": "util-linux", "sfdisk": "fdisk", "mcopy": "mtools", "mtype": "mtools"}
WITHIN_SECONDS = 120.0


def require_programs(*names: str) -> None:
    """Raises FlashError(FAILED_PRECONDITION) naming the packages of those that are missing."""
    missing = [name for name in names if shutil.which(name, path=_path()) is None]
    if missing:
        packages = " ".join(sorted({_PACKAGES[name] for name in missing}))
        raise FlashError(
            Kind.FAILED_PRECONDITION,
            f"{' and '.join(missing)} cannot be found on this machine",
            hint=f"Install it: apt-get install {packages}",
        )


def run_program(words: Sequence[str], *, doing: str, told: bytes | None = None) -> bytes:
    """Run a program to its end and return its stdout. doing: in words that follow "could not".

    told: its stdin. Raises FlashError with what the program said.
    """
    try:
        done = subprocess.run(
            list(words),
            input=told,
            stdin=subprocess.DEVNULL if told is None else None,
            capture_output=True,
            env={**os.environ, "PATH": _path(), "LC_ALL": "C.UTF-8"},
            timeout=WITHIN_SECONDS,
            check=False,
        )
    except OSError as error:
        raise _failed(words, doing, error.strerror or str(error)) from error
    except subprocess.TimeoutExpired as error:
        raise _failed(words, doing, f"no answer within {WITHIN_SECONDS:.0f} s") from error
    if done.returncode:
        raise _failed(words, doing, done.stderr.decode(errors="replace").strip())
    return done.stdout


def _path() -> str:
    return f"{os.environ.get('PATH', '/usr/bin:/bin')}:{_SYSTEM_PATH}"


def _failed(words: Sequence[str], doing: str, said: str) -> FlashError:
    return FlashError(Kind.UNAVAILABLE, f"could not {doing}: {words[0]} said: {said or 'nothing'}")
