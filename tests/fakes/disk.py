"""A disk that keeps a record of every write and sync, can refuse any of them, and forgets.

SQLite runs on it through apsw. The *journal* lists what the disk was asked to do, in order, with
the caller's own marks between; `images` makes the disks that a power cut at one point may leave:
what was synced is there, and of what was not synced each sector (512 bytes) may or may not be.
"""

import errno
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from edge.spool.database import Cell, storage_error

SECTOR_BYTES = 512


@dataclass(frozen=True, slots=True)
class Step:
    """One thing the disk was asked: write, truncate, sync, delete; or a mark of the caller."""

    kind: str
    file: str = ""
    offset: int = 0
    content: bytes = b""
    mark: int = 0


class Disk:
    """Shared by all files of one VFS. Not thread-safe."""

    def __init__(self) -> None:
        self.journal: list[Step] = []
        self._refusals: dict[str, int] = {}
        self._refused_errno = errno.EIO
        self.refused = 0

    def mark(self, number: int) -> None:
        """Note that the caller was told something at this point."""
        self.journal.append(Step("mark", mark=number))

    def refuse(self, kind: str, after: int, error: int) -> None:
        """Refuse the `after`-th next step of a kind (0: the next), and all after it."""
        self._refusals = {kind: after}
        self._refused_errno = error

    def heal(self) -> None:
        """Refuse nothing from now on."""
        self._refusals = {}

    def ask(self, step: Step) -> None:
        """Note a step, or refuse it as told."""
        left = self._refusals.get(step.kind)
        if left is not None and left <= 0:
            self.refused += 1
            is_full = self._refused_errno == errno.ENOSPC
            raise apsw.exception_for(apsw.SQLITE_FULL if is_full else apsw.SQLITE_IOERR)
        if left is not None:
            self._refusals[step.kind] = left - 1
        self.journal.append(step)


FileName = str | apsw.URIFilename | None


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, inherit: str, name: FileName, flags: list[int]) -> None:
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self._name = Path(path).name
        super().__init__(inherit, name, flags)

    def xWrite(self, content: bytes, offset: int) -> None:  # noqa: N802
        self._disk.ask(Step("write", self._name, offset, bytes(content)))
        super().xWrite(content, offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._disk.ask(Step("truncate", self._name, size))
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.ask(Step("sync", self._name))


class DiskVfs(apsw.VFS):
    """The machine's own files, with the disk asked before each change."""

    def __init__(self, disk: Disk, name: str = "disk") -> None:
        self._disk = disk
        self._name = name
        super().__init__(name, "")

    def xOpen(self, name: FileName, flags: list[int]) -> _File:  # noqa: N802
        return _File(self._disk, "", name, flags)

    def xDelete(self, name: str, sync_folder: bool) -> None:  # noqa: N802
        self._disk.ask(Step("delete", Path(name).name))
        super().xDelete(name, sync_folder)
        if sync_folder:
            self._disk.ask(Step("sync", Path(name).name))


class ApswDatabase:
    """The spool's database port over apsw and a disk of ours.

    apsw's files offer no shared memory, so the connection keeps its log index to itself.
    """

    def __init__(self, path: Path, vfs: str) -> None:
        self._path = path
        try:
            self._connection = apsw.Connection(str(path), vfs=vfs)
            self.execute("PRAGMA locking_mode = EXCLUSIVE")
        except apsw.Error as error:
            raise storage_error(getattr(error, "result", 1), str(error), path) from error

    def execute(self, statement: str, cells: Sequence[Cell] = ()) -> list[tuple[Cell, ...]]:
        try:
            return list(self._connection.execute(statement, tuple(cells)))
        except apsw.Error as error:
            raise storage_error(getattr(error, "result", 1), str(error), self._path) from error

    def close(self) -> None:
        try:
            self._connection.close(True)
        except apsw.Error as error:
            raise storage_error(getattr(error, "result", 1), str(error), self._path) from error


class ApswConnection:
    """What the collector's store uses of sqlite3.Connection, over apsw and a disk of ours."""

    def __init__(self, path: Path, vfs: str) -> None:
        self._connection = apsw.Connection(str(path), vfs=vfs)
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("PRAGMA wal_autocheckpoint = 0")
        self.close = self._connection.close
        self.execute = self._connection.execute
        self.executemany = self._connection.executemany
        self.executescript = self._connection.execute

    @property
    def in_transaction(self) -> bool:
        return bool(self._connection.in_transaction)


def images(
    journal: Sequence[Step], cut: int, rng: random.Random, count: int
) -> Iterator[dict[str, bytes]]:
    """Disks that a cut after `cut` steps may leave: nothing unsynced, everything, and some.

    Yields `count` of them. Deletions and truncations may be undone like writes.
    """
    durable: dict[str, bytearray] = {}
    waiting: dict[str, list[Step]] = {}
    for step in journal[:cut]:
        if step.kind == "mark":
            continue
        if step.kind == "sync":
            for each in waiting.pop(step.file, []):
                _apply(durable, each)
        else:
            waiting.setdefault(step.file, []).append(step)
    for number in range(count):
        disk = {name: bytearray(content) for name, content in durable.items()}
        for steps in waiting.values():
            for step in steps:
                for piece in _sectors(step):
                    if number == 1 or (number > 1 and rng.random() < 0.5):
                        _apply(disk, piece)
        yield {name: bytes(content) for name, content in disk.items()}


def _sectors(step: Step) -> Iterator[Step]:
    if step.kind != "write":
        yield step
        return
    offset, content = step.offset, step.content
    while content:
        size = SECTOR_BYTES - offset % SECTOR_BYTES
        yield Step("write", step.file, offset, content[:size])
        offset, content = offset + size, content[size:]


def _apply(disk: dict[str, bytearray], step: Step) -> None:
    if step.kind == "delete":
        disk.pop(step.file, None)
        return
    content = disk.setdefault(step.file, bytearray())
    if step.kind == "truncate":
        del content[step.offset :]
        content.extend(bytes(step.offset - len(content)))
        return
    end = step.offset + len(step.content)
    content.extend(bytes(max(0, end - len(content))))
    content[step.offset : end] = step.content
