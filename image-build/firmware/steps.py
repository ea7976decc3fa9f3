"""The steps as a person watches them: each named, timed and told apart from what was ready."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console


@dataclass(slots=True)
class Steps:
    """Says each step with its seconds; on a terminal the running one is shown while it runs."""

    console: Console = field(default_factory=lambda: Console(file=sys.stderr, highlight=False))
    begun: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step; its line stands when it ends, also when it fails."""
        begun = time.monotonic()
        ending = "failed"
        try:
            with self.console.status(f"{name} …"):
                yield
            ending = ""
        finally:
            seconds = time.monotonic() - begun
            self.console.print(f"{seconds:7.1f} s  {name} {ending}".rstrip(), markup=False)

    def note(self, what: str) -> None:
        """A fact below the step that found it."""
        self.console.print(f"           {what}", markup=False)

    def total_seconds(self) -> float:
        """Since the build began."""
        return time.monotonic() - self.begun
