"""The machine as root's programs see it: files below one root, programs started by one function.

Whatever these programs do to the machine goes through here, so that a test can give a folder and
a strict fake of the programs instead.
"""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.errors import Kind, VigieError

PROGRAM_SECONDS = 900.0
"""A file system of a large card takes minutes to be checked; longer than this is a hang."""
MISSING, HUNG = 127, 124
"""The codes for a program that is not there and one that did not end, as a shell has them."""


@dataclass(frozen=True, slots=True)
class Output:
    """How a program ended. text: what it said on either stream, for a journal."""

    code: int
    text: str


Run = Callable[[Sequence[str], bytes], Output]


@dataclass(frozen=True, slots=True)
class Machine:
    """root: "/" on a pole. run: a program with its arguments and what it reads."""

    root: Path
    run: Run

    def at(self, path: str) -> Path:
        """An absolute path of the pole."""
        return self.root / path.lstrip("/")

    def must(self, arguments: Sequence[str], entered: bytes = b"") -> str:
        """Run a program that has to succeed; what it said.

        Raises VigieError(UNAVAILABLE) with the program's own words.
        """
        output = self.run(arguments, entered)
        if output.code != 0:
            raise VigieError(
                Kind.UNAVAILABLE,
                f"{arguments[0]} ended with {output.code}: {output.text.strip()[:400]}",
                hint=f"It was: {' '.join(arguments)}",
            )
        return output.text


@dataclass(frozen=True, slots=True)
class Settings:
    """What the image says of its board, from /usr/share/vigie/board.env.

    secret_source: fw_cfg, otp or none. build_epoch_ns: when the image was made; no clock is right
    that shows less.
    """

    board: str
    secret_source: str
    build_epoch_ns: int


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings as the unit hands them over. Raises VigieError where one is missing."""
    try:
        return Settings(
            environment["VIGIE_BOARD"],
            environment["VIGIE_BOARD_SECRET"],
            int(environment["VIGIE_BUILD_EPOCH"]) * 1_000_000_000,
        )
    except (KeyError, ValueError) as wrong:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"the board's settings lack {wrong}",
            hint="Start this by its unit, which reads /usr/share/vigie/board.env.",
        ) from wrong


def real_machine() -> Machine:
    """This machine."""
    return Machine(Path("/"), run_program)


def run_program(arguments: Sequence[str], entered: bytes = b"") -> Output:
    """Start a program and wait for it; its code may be MISSING or HUNG."""
    try:
        done = subprocess.run(
            list(arguments),
            input=entered,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PROGRAM_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return Output(MISSING, f"there is no program {arguments[0]}")
    except subprocess.TimeoutExpired:
        return Output(HUNG, f"{arguments[0]} did not end within {PROGRAM_SECONDS:.0f} s")
    return Output(done.returncode, done.stdout.decode(errors="replace"))
