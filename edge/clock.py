"""Time as a thing that is passed in, so that a recording replays to the same events."""

import time
from typing import Protocol


class Clock(Protocol):
    """Wall time labels, monotonic time orders; nothing else in the product reads a clock."""

    def utc_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC. May step in either direction."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds since an arbitrary start. Never steps back."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def utc_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC, from the kernel's real-time clock."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Nanoseconds from the kernel's monotonic clock."""
        return time.monotonic_ns()
