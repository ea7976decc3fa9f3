"""What eye and vault ask about the time, found as soon as it is asked. Nothing here is believed."""

import asyncio
from pathlib import Path

from edge.clock import Clock
from edge.mandate.lookout import Lookout
from edge.mandate.mailbox import read_time_questions
from edge.mandate.places import question_paths

# A question may be lost with its stream; an answer later than this is no use to the room anyway.
ASK_AGAIN_NS = 10_000_000_000


class Questions:
    """Owned by one running event loop."""

    def __init__(self, data: Path, clock: Clock) -> None:
        """Begin to hear; the rooms' folders may come later."""
        self._data = data
        self._clock = clock
        self._asked: dict[bytes, int] = {}
        paths = question_paths(data)
        self._lookout = Lookout([path.parent for path in paths], paths[0].name)
        self._rung = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._handles = self._lookout.handles
        for handle in self._handles:
            self._loop.add_reader(handle, self._hear)

    async def wait(self, timeout_seconds: float) -> None:
        """Until a room asks, or so long."""
        self._hear()
        try:
            await asyncio.wait_for(self._rung.wait(), timeout_seconds)
        except TimeoutError:
            return
        self._rung.clear()

    async def read(self) -> list[bytes]:
        """Nonces that are due to be sent."""
        now_ns = self._clock.monotonic_ns()
        found = await asyncio.to_thread(read_time_questions, self._data)
        self._asked = {each: at for each, at in self._asked.items() if each in found}
        due = [
            nonce
            for nonce in found
            if now_ns - self._asked.get(nonce, -ASK_AGAIN_NS) >= ASK_AGAIN_NS
        ]
        self._asked.update(dict.fromkeys(due, now_ns))
        return due

    def close(self) -> None:
        """Stop hearing."""
        for handle in self._handles:
            self._loop.remove_reader(handle)
        self._lookout.close()

    def _hear(self) -> None:
        if self._lookout.take():
            self._rung.set()
