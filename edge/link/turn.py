"""When the next piece of something large may go out."""

import asyncio

from edge.clock import Clock
from edge.link.pace import Pace

_NS = 1_000_000_000


class Turn:
    """Waits as the pace says and, where it asks for an answer first, for that. One task waits."""

    def __init__(self, pace: Pace, clock: Clock, answer_within_seconds: float | None) -> None:
        """answer_within_seconds: None: whoever reads the answers bounds the wait for them."""
        self._pace = pace
        self._clock = clock
        self._answer_within_seconds = answer_within_seconds
        self._has_answer = asyncio.Event()

    @property
    def chunk_bytes(self) -> int:
        """How large the next piece should be."""
        return self._pace.chunk_bytes

    async def wait(self) -> None:
        """Return when the next piece may go out. Raises TimeoutError: no answer came in time."""
        while (wait_ns := self._pace.get_wait_ns(self._clock.monotonic_ns())) != 0:
            if wait_ns is not None:
                await asyncio.sleep(wait_ns / _NS)
                continue
            self._has_answer.clear()
            async with asyncio.timeout(self._answer_within_seconds):
                await self._has_answer.wait()

    def note_sent(self, size_bytes: int) -> None:
        """A piece is about to go out."""
        self._pace.note_sent(size_bytes, self._clock.monotonic_ns())

    def note_stored(self, stored_bytes: int) -> None:
        """An answer came: so many bytes of this call are where they should be."""
        self._pace.note_stored(stored_bytes, self._clock.monotonic_ns())
        self._has_answer.set()
