"""Driving a capture in a test until something has happened."""

import time
from collections.abc import Callable
from pathlib import Path

from edge.eye.camera import Capture, Fact, Lost, Opened, wait_any
from edge.eye.frame import Frame


class Drive:
    """Runs the eye's loop over one capture and remembers what it saw."""

    def __init__(self, capture: Capture) -> None:
        self.capture = capture
        self.facts: list[Fact] = []
        self.frames = 0
        self.newest: Frame | None = None

    def until(self, is_done: Callable[[], bool], limit_seconds: float = 30.0) -> None:
        """Loop until it is done; fails when that takes too long."""
        deadline = time.monotonic() + limit_seconds
        while not is_done():
            assert time.monotonic() < deadline, f"nothing within {limit_seconds} s: {self.facts}"
            self.turn()

    def turn(self) -> None:
        """One turn of the loop."""
        for capture in wait_any([self.capture], 0.5):
            frame = capture.latest()
            if frame is not None:
                self.newest = frame
                self.frames += 1
        self.facts += self.capture.take_facts()

    def until_opened(self, limit_seconds: float = 30.0) -> Opened:
        """Loop until the next Opened."""
        count = len(self.opened())
        self.until(lambda: len(self.opened()) > count, limit_seconds)
        return self.opened()[-1]

    def until_lost(self, limit_seconds: float = 30.0) -> Lost:
        """Loop until the next Lost."""
        count = len(self.lost())
        self.until(lambda: len(self.lost()) > count, limit_seconds)
        return self.lost()[-1]

    def until_seen(self, limit_seconds: float = 30.0) -> None:
        """Loop until the camera is there: opened, and not lost since."""
        self.until(lambda: bool(self.facts) and isinstance(self.facts[-1], Opened), limit_seconds)

    def opened(self) -> list[Opened]:
        return [fact for fact in self.facts if isinstance(fact, Opened)]

    def lost(self) -> list[Lost]:
        return [fact for fact in self.facts if isinstance(fact, Lost)]


def count_handles(process_id: int | str = "self") -> int:
    """Open file descriptors of a process."""
    return sum(1 for _ in Path(f"/proc/{process_id}/fd").iterdir())


def list_children() -> list[int]:
    """Processes whose parent is this one, dead ones that nobody collected included."""
    children = []
    for task in Path("/proc/self/task").iterdir():
        children += [int(text) for text in (task / "children").read_text("ascii").split()]
    return children
