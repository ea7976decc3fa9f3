"""The one place that starts programs. A failure says what failed, its last lines and how to replay.

Every program gets the same bare environment: no locale, no time zone and no setting of the person
at the keyboard reaches the image. What a mirror or a proxy needs comes through by name.
"""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from edge.errors import Kind, VigieError

LAST_LINES = 15
# Where packages are fetched from and through what is the machine's own business.
PASSED_ON = (
    "HOME",
    "PATH",
    "TMPDIR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "PIP_CONFIG_FILE",
    "PIP_INDEX_URL",
    "PIP_FIND_LINKS",
    "SSL_CERT_FILE",
)
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ProgramError(VigieError):
    """A program of the build failed; the hint is the whole command, ready to paste.

    output: everything it printed.
    """

    def __init__(self, what: str, output: str, replay: str) -> None:
        self.output = output
        last = [f"    {line}" for line in output.splitlines()[-LAST_LINES:]]
        said = "\n".join(["  Its last lines:", *last]) if last else "  It printed nothing."
        super().__init__(
            Kind.FAILED_PRECONDITION, f"{what}\n{said}", hint=f"To replay it:\n    {replay}"
        )


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    text_in: str | None = None,
) -> str:
    """Run a program to its end and return what it printed on stdout.

    env: what it gets beside the bare environment. text_in: its stdin; else it has none.
    Raises ProgramError with its last lines and the whole command.
    """
    words = [str(word) for word in command]
    extra = dict(env or {})
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env={**bare_environment(), **extra},
            input=text_in,
            stdin=subprocess.DEVNULL if text_in is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise ProgramError(f"{words[0]} is not on this machine", "", "tools/debian image") from None
    if done.returncode:
        what = f"{Path(words[0]).name} ended with {_ending(done.returncode)}"
        raise ProgramError(what, done.stdout + done.stderr, replay_line(words, cwd, extra))
    return done.stdout


def bare_environment() -> dict[str, str]:
    """What every program of the build is given: the same words on every machine."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    kept["PATH"] = f"{kept['PATH']}:{SYSTEM_PATH}" if "PATH" in kept else SYSTEM_PATH
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"}


def replay_line(words: Sequence[str], cwd: Path | None, env: Mapping[str, str]) -> str:
    """The command as a shell takes it, from any folder."""
    settings = {"LC_ALL": "C.UTF-8", "TZ": "UTC", **env}
    line = " ".join(
        [*(f"{name}={shlex.quote(value)}" for name, value in settings.items()), shlex.join(words)]
    )
    return line if cwd is None else f"cd {shlex.quote(str(cwd))} && {line}"


def missing_programs(names: Sequence[str]) -> list[str]:
    """Those of the programs that this machine does not have."""
    path = bare_environment()["PATH"]
    return [name for name in names if shutil.which(name, path=path) is None]


def _ending(code: int) -> str:
    return f"code {code}" if code > 0 else f"signal {-code}"
