"""The machine's own disk, made to refuse, to hang or to lie, as a test says.

Strict: a file whose write or sync failed must never be touched again, except to be closed.
"""

import errno
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.vault.disk import SystemDisk


class SickDisk(SystemDisk):
    """Healthy until told otherwise; safe to tell from another thread."""

    def __init__(self) -> None:
        self._refusals: dict[str, list[int]] = {}
        self._given_up: set[int] = set()
        self._gate = threading.Event()
        self._gate.set()
        self.refused = threading.Semaphore(0)
        self.writes: list[tuple[int, int]] = []
        self.syncs = 0
        self.entered = threading.Semaphore(0)
        self._pace: Callable[[float], None] | None = None
        self._bytes_per_second = 0.0

    def refuse(self, step: str, error: int, times: int = 10**9) -> None:
        """Refuse the next `times` calls of a step: create, write, sync."""
        self._refusals[step] = [error, times]

    def heal(self) -> None:
        """Refuse nothing from now on."""
        self._refusals = {}

    def hang(self) -> None:
        """Let writes wait until `go_on`."""
        self._gate.clear()

    def slow_down(self, bytes_per_second: float, pass_seconds: Callable[[float], None]) -> None:
        """Let each write take as long as a medium of this bandwidth takes, by a test's clock."""
        self._bytes_per_second, self._pace = bytes_per_second, pass_seconds

    def go_on(self) -> None:
        """End the wait."""
        self._gate.set()

    def create(self, path: Path) -> int:
        self._ask("create", -1)
        descriptor = super().create(path)
        self._given_up.discard(descriptor)
        return descriptor

    def write(self, descriptor: int, pieces: Sequence[bytes | memoryview], offset: int) -> None:
        self.entered.release()
        self._gate.wait()
        self._ask("write", descriptor)
        size_bytes = sum(map(len, pieces))
        self.writes.append((size_bytes, offset))
        if self._pace is not None:
            self._pace(size_bytes / self._bytes_per_second)
        super().write(descriptor, pieces, offset)

    def sync(self, descriptor: int) -> None:
        self._ask("sync", descriptor)
        self.syncs += 1
        super().sync(descriptor)

    def _ask(self, step: str, descriptor: int) -> None:
        assert descriptor not in self._given_up, f"{step} after a failure on the same file"
        refusal = self._refusals.get(step)
        if refusal is None or refusal[1] <= 0:
            return
        refusal[1] -= 1
        if descriptor >= 0:
            self._given_up.add(descriptor)
        self.refused.release()
        raise OSError(refusal[0], os.strerror(refusal[0]))

    def close(self, descriptor: int) -> None:
        self._given_up.discard(descriptor)
        super().close(descriptor)


FULL, FAILING, READ_ONLY, DENIED = errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES
