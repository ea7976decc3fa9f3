"""A `vigie` command started as a person would start it, with its log kept in a file."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from edge.errors import Kind, VigieError
from edge.service.keeper import STOPS_WITHIN_SECONDS

LOG_TAIL_LINES = 5


def run_command(arguments: Sequence[str], seconds: float = 60.0) -> list[dict[str, object]]:
    """Run a command to its end; what it printed with --json, an object a line.

    Raises:
        VigieError: UNAVAILABLE with the command's own message when it fails, or takes longer.
    """
    try:
        done = subprocess.run(
            command_line(arguments), capture_output=True, text=True, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise VigieError(
            Kind.UNAVAILABLE,
            f"'vigie {' '.join(arguments)}' took longer than {seconds:.0f} s",
            hint="Run that command yourself with 'vigie --debug …' to see more.",
        ) from None
    if done.returncode:
        raise VigieError(
            Kind.UNAVAILABLE,
            f"'vigie {' '.join(arguments)}' ended with {done.returncode}: {done.stderr.strip()}",
            hint="Run that command yourself with 'vigie --debug …' to see more.",
        )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def command_line(arguments: Sequence[str]) -> list[str]:
    """The words that start `vigie` with this very interpreter."""
    return [sys.executable, "-m", "edge.cli.main", *arguments]


class Process:
    """One long-running command of the demo. Use it in a `with` block: it never outlives it."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self._log = log
        with log.open("ab") as sink:
            self._child = subprocess.Popen(
                command_line(arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=sink,
                text=True,
            )

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id, for reading its use of the machine."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """False once the command has ended by itself or was stopped."""
        return self._child.poll() is None

    def records(self) -> Iterator[dict[str, object]]:
        """What the command prints with --json, one object a line, until it ends."""
        if self._child.stdout is None:
            return
        for line in self._child.stdout:
            if line.startswith("{"):
                yield json.loads(line)

    def check_running(self) -> None:
        """Raise with the last lines of its log if the command has ended by itself.

        Raises:
            VigieError: UNAVAILABLE.
        """
        if not self.is_running:
            tail = self._log.read_text(errors="replace").strip().splitlines()[-LOG_TAIL_LINES:]
            raise VigieError(
                Kind.UNAVAILABLE,
                f"the {self.name} ended with {self._child.returncode}:\n    " + "\n    ".join(tail),
                where=str(self._log),
            )

    def stop(self) -> None:
        """Ask it to end; insist when even a keeper with slow rooms would have ended."""
        if self.is_running:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(STOPS_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
