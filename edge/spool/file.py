"""The spool's file over its life: opened, found damaged, rebuilt, abandoned after a failed sync.

The object belongs to one thread. Before each use it makes sure that the path still leads to the
file it has open: another process may have put a rebuilt one there.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from sqlite3 import SQLITE_BUSY, SQLITE_CORRUPT

from edge.clock import Clock
from edge.errors import Kind
from edge.spool import rebuild, salvage
from edge.spool.checkup import Trouble, look
from edge.spool.database import Database, StorageError, disk_error, storage_error
from edge.spool.lock import WriterLock
from edge.spool.places import share
from edge.spool.repair import Repair, Workshop
from edge.spool.rows import Row, Rows
from edge.spool.state import State

# What SQLite says when the words in its schema, or its own bookkeeping, are damaged.
_DAMAGE_KINDS = {Kind.DATA_LOSS, Kind.INTERNAL}


class SpoolFile:
    """Rows to read, rows to write, and whatever it takes to have them."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        connect: Callable[[Path], Database],
        draw_epoch: Callable[[], int],
    ) -> None:
        """Open the file at `path`, creating it or replacing a damaged one. Raises StorageError."""
        self._path = path
        self._path_text = str(path)
        self._clock = clock
        self._connect = connect
        self._draw_epoch = draw_epoch
        self._workshop = Workshop(path, connect, draw_epoch)
        self._lock = WriterLock(path.with_suffix(".lock"))
        self._rows: Rows | None = None
        self._inode = 0
        self._is_suspect = False
        self._is_damaged = False
        self.state = State(epoch=0)
        self.repairs: list[Repair] = []
        try:
            with self._lock:
                self._ensure_open()
        except BaseException:
            self.close()
            raise

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self._path

    @contextmanager
    def writing(self) -> Iterator[Rows]:
        """The only right to write, until the block ends; on disk when it ended without error."""
        with self._lock:
            rows = self._ensure_open()
            with self._transaction(rows, rows.begin):
                yield rows

    @contextmanager
    def forgetting(self) -> Iterator[Rows]:
        """As `writing`, for what a power cut may undo: it is on disk with the next append.

        A card wears by the sync, and what was acknowledged once is acknowledged again.
        """
        with self._lock:
            rows = self._ensure_open()
            rows.sync_commits(is_on=False)
            try:
                with self._transaction(rows, rows.begin):
                    yield rows
            finally:
                if self._rows is rows:
                    rows.sync_commits(is_on=True)

    def put(self, make: Callable[[Rows], list[Row]]) -> None:
        """Add the rows that `make` returns, in one statement that is its own commit.

        As `writing`, without its price: the lock alone keeps other writers out between what
        `make` reads and what is written.
        """
        with self._lock:
            rows = self._rows
            if rows is None or self._is_moved():
                rows = self._ensure_open()
            try:
                rows.put(make(rows))
            except StorageError as error:
                raise self._given_up(rows, error) from error

    @contextmanager
    def reading(self) -> Iterator[Rows]:
        """Rows to read, as of one moment."""
        if self._rows is None or self._is_moved():
            with self._lock:
                self._ensure_open()
        rows = self._rows
        if rows is None:
            raise StorageError(Kind.UNAVAILABLE, "the file is not open", where=str(self._path))
        with self._transaction(rows, rows.begin_reading):
            yield rows

    @contextmanager
    def _transaction(self, rows: Rows, begin: Callable[[], None]) -> Iterator[None]:
        """Committed when the block ends, undone when it raises."""
        try:
            begin()
            yield
            rows.commit()
        except StorageError as error:
            raise self._given_up(rows, error) from error
        except BaseException:
            rows.roll_back()
            raise

    def repair(self) -> None:
        """Replace the file by what can be told from it."""
        with self._lock:
            if self._rows is not None and self._is_moved():
                self._let_go()
            else:
                self._is_damaged = True
                self._let_go()
            self._ensure_open()

    def tidy(self) -> None:
        """Move the log into the file, as far as readers let it."""
        with self._lock:
            rows = self._ensure_open()
            try:
                rows.checkpoint("PASSIVE")
            except StorageError as error:
                raise self._given_up(rows, error) from error

    def close(self) -> None:
        """Let go of the file and the lock."""
        self._let_go()
        self._lock.close()

    def _given_up(self, rows: Rows, error: StorageError) -> StorageError:
        """The error to raise; after one of the disk nothing of this connection is trusted.

        A sync that failed once may succeed the second time although the pages are gone, so the
        log is never synced again: the next use opens anew and first moves it into the file.
        """
        rows.roll_back()
        if error.kind != Kind.INTERNAL and self._is_damage(error):
            self._is_damaged = True
            error = storage_error(SQLITE_CORRUPT, "", self._path)
        if error.kind != Kind.RESOURCE_EXHAUSTED:
            self._let_go()
            self._is_suspect = True
        return error

    def _let_go(self) -> None:
        if self._rows is not None:
            with suppress(StorageError):
                self._rows.close()
            self._rows = None

    def _is_moved(self) -> bool:
        try:
            # Not through Path: this stands in the way of every append.
            return os.stat(self._path_text).st_ino != self._inode  # noqa: PTH116
        except FileNotFoundError:
            return True
        except OSError as error:
            raise disk_error(error, self._path) from error

    def _ensure_open(self) -> Rows:
        if self._rows is not None and self._is_moved():
            self._let_go()
        if self._rows is None:
            self._rows = self._open()
        return self._rows

    def _open(self) -> Rows:
        aside = rebuild.finish(self._path, self._clock.utc_ns())
        if aside is not None:
            self.repairs.append(Repair(aside, 0, 0, has_new_epoch=False))
        raw_log = rebuild.read_raw(self._path.with_name(self._path.name + "-wal"))
        try:
            trouble = self._trouble(raw_log)
            if trouble is not None:
                self._repair(raw_log, is_damage=trouble == Trouble.DAMAGE)
                self._connect_rows(raw_log)
        except BaseException:
            self._let_go()
            raise
        if self._rows is None:
            raise StorageError(Kind.UNAVAILABLE, "the file is not open", where=str(self._path))
        return self._rows

    def _trouble(self, raw_log: bytes) -> Trouble | None:
        """Connect and look; None when all is whole. Raises StorageError for a sick disk."""
        try:
            self._connect_rows(raw_log)
        except StorageError as error:
            if not self._is_damage(error):
                raise
            return Trouble.DAMAGE
        if self._is_damaged:
            return Trouble.DAMAGE
        if self._rows is None:
            return Trouble.DAMAGE
        return look(self._rows, self.state, raw_log)

    def _is_damage(self, error: StorageError) -> bool:
        """True when the error speaks of the file's content, not of the disk or its rights."""
        if error.kind == Kind.FAILED_PRECONDITION:
            # A damaged version number in the file's header makes SQLite treat it as read-only.
            return _is_writable(self._path)
        return error.kind in _DAMAGE_KINDS

    def _connect_rows(self, raw_log: bytes) -> None:
        self._let_go()
        rows = Rows(self._connect(self._path))
        self._rows = rows
        # Before SQLite makes the log, which takes the file's mode.
        share(self._path)
        rows.prepare()
        if rows.is_empty_file():
            self._create(rows, raw_log)
        if self._is_suspect and not rows.checkpoint("TRUNCATE"):
            raise storage_error(SQLITE_BUSY, "", self._path)
        self._is_suspect = False
        state = rows.state()
        if state is None or not rows.is_ours():
            raise storage_error(SQLITE_CORRUPT, "", self._path)
        self._inode = self._path.stat().st_ino
        self.state = state

    def _create(self, rows: Rows, raw_log: bytes) -> None:
        """Make the tables, unless the file only looks empty because its log was dropped."""
        finds = salvage.scan(raw_log)
        if finds.entries or finds.parts or any(state.last_seq for state in finds.states):
            raise storage_error(SQLITE_CORRUPT, "", self._path)
        rows.begin()
        try:
            rows.create(State(epoch=self._draw_epoch()))
            rows.commit()
            rows.checkpoint("TRUNCATE")
        except StorageError:
            rows.roll_back()
            raise

    def _repair(self, raw_log: bytes, *, is_damage: bool) -> None:
        made = self._workshop.replace(
            self._rows, raw_log, self._clock.utc_ns(), is_damage=is_damage
        )
        self._let_go()
        self._is_suspect = self._is_damaged = False
        self.repairs.append(made)


def _is_writable(path: Path) -> bool:
    try:
        return os.access(path, os.W_OK) and not os.statvfs(path).f_flag & os.ST_RDONLY
    except OSError:
        return False
