"""The reading side of the bell (`bell.py`), apart from it: who only rings loads no event loop."""

import asyncio
import os
from pathlib import Path

from edge.spool.database import disk_error
from edge.spool.places import SHARED_MODE, share

_DRAIN_BYTES = 4_096


class Listener:
    """The reading side, owned by one event loop."""

    def __init__(self, path: Path) -> None:
        """Make the pipe if there is none, and begin to hear rings on the running loop."""
        try:
            if not path.exists():
                os.mkfifo(path, SHARED_MODE)
            share(path)
            # Open for both, so that the pipe never reports its end when the eye restarts.
            self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise disk_error(error, path) from error
        self._rung = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._hear)

    async def wait(self, timeout_s: float) -> bool:
        """True when it rang since the last wait, False after `timeout_s` of silence."""
        try:
            await asyncio.wait_for(self._rung.wait(), timeout_s)
        except TimeoutError:
            return False
        self._rung.clear()
        return True

    def close(self) -> None:
        """Stop hearing."""
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _hear(self) -> None:
        try:
            os.read(self._descriptor, _DRAIN_BYTES)
        except BlockingIOError:
            return
        self._rung.set()
