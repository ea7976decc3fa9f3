"""The link's side of the spool: its own connection on its own thread, and the bell.

The event loop never touches the disk; every call runs on the one thread that owns the spool.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from edge.spool.listener import Listener
from edge.spool.places import bell_path
from edge.spool.reading import PendingBatch
from edge.spool.spool import DEFAULT_QUOTA_BYTES, Pending, Spool
from edge.wire.v1 import event_pb2

# A ring that was missed costs at most this.
FALLBACK_POLL_S = 1.0
Answer = TypeVar("Answer")


class Reader:
    """Read, acknowledge and wait for more, from one event loop."""

    def __init__(self, spool: Spool, worker: ThreadPoolExecutor, bell: Listener) -> None:
        """Use `open` instead."""
        self._spool = spool
        self._worker = worker
        self._bell = bell

    @classmethod
    async def open(cls, path: Path, *, quota_bytes: int = DEFAULT_QUOTA_BYTES) -> "Reader":
        """Open the spool at `path`, creating it when the eye has not yet. Raises StorageError."""
        worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        loop = asyncio.get_running_loop()
        try:
            spool = await loop.run_in_executor(worker, lambda: Spool(path, quota_bytes=quota_bytes))
            return cls(spool, worker, Listener(bell_path(path)))
        except BaseException:
            worker.shutdown(wait=False)
            raise

    @property
    def epoch(self) -> int:
        """The epoch at the last call; a batch of another means that the session must say hello."""
        return self._spool.epoch

    async def read(self, after_seq: int) -> list[PendingBatch]:
        """As `Spool.read`."""
        return await self._call(lambda: self._spool.read(after_seq))

    async def acknowledge(self, seq: int) -> None:
        """As `Spool.acknowledge`."""
        await self._call(lambda: self._spool.acknowledge(seq))

    async def dictionary(self, number: int) -> event_pb2.Dictionary | None:
        """As `Spool.dictionary`."""
        return await self._call(lambda: self._spool.dictionary(number))

    async def pending(self) -> Pending:
        """As `Spool.pending`."""
        return await self._call(self._spool.pending)

    async def wait(self, timeout_s: float = FALLBACK_POLL_S) -> bool:
        """Until the eye rings, or until it is time to look anyway; True when it rang."""
        return await self._bell.wait(timeout_s)

    async def close(self) -> None:
        """Let go of the file, the thread and the pipe."""
        self._bell.close()
        await self._call(self._spool.close)
        self._worker.shutdown(wait=False)

    async def _call(self, act: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._worker, act)
