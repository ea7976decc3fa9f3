"""The SQLite file behind the ring's index: its tables, its one connection, its failures.

WAL, and a commit is not synced unless it is asked for; the index says why that is enough. Every
failure is a RingError. Damage that anybody meets is noted beside the file, so that the next start
looks through all of it, which takes seconds for a month of video and is spared otherwise.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.errors import Kind
from edge.vault.disk import FILE_MODE, RingError, ring_error
from edge.vault.places import suspect_path

Cell = int | str | None
SCHEMA_VERSION = 1
_BUSY_S = 5.0
_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE camera (camera TEXT PRIMARY KEY, ring_days INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE segment (
  number INTEGER PRIMARY KEY, camera TEXT NOT NULL, day INTEGER NOT NULL, bytes INTEGER NOT NULL
);
CREATE TABLE fragment (
  camera TEXT NOT NULL, seq INTEGER NOT NULL, segment INTEGER NOT NULL, place INTEGER NOT NULL,
  bytes INTEGER NOT NULL, first_utc_ns INTEGER NOT NULL, last_utc_ns INTEGER NOT NULL,
  clock_error_ms INTEGER, PRIMARY KEY (camera, seq)
) WITHOUT ROWID;
CREATE INDEX fragment_segment ON fragment (segment);
CREATE INDEX fragment_time ON fragment (camera, first_utc_ns);
CREATE TABLE gap (
  camera TEXT NOT NULL, after_seq INTEGER NOT NULL, from_utc_ns INTEGER NOT NULL,
  to_utc_ns INTEGER, reason INTEGER NOT NULL, lost_fragments INTEGER NOT NULL,
  PRIMARY KEY (camera, after_seq)
) WITHOUT ROWID;
"""


class IndexFile:
    """One connection, used by one thread."""

    def __init__(self, path: Path, *, is_readonly: bool = False) -> None:
        self._path = path
        mode = "ro" if is_readonly else "rwc"
        try:
            if not is_readonly:
                # SQLite gives its log the mode of the file, and the file that of the umask.
                path.touch(FILE_MODE)
            self._connection = sqlite3.connect(
                f"file:{path.absolute()}?mode={mode}".replace("#", "%23"),
                uri=True,
                isolation_level=None,
                timeout=_BUSY_S,
                check_same_thread=False,
            )
            if not is_readonly:
                self._prepare()
            elif self.run("PRAGMA user_version")[0][0] != SCHEMA_VERSION:
                raise sqlite3.DatabaseError("it is not the index of a ring")
        except sqlite3.Error as error:
            raise _index_error(error, path) from error
        except OSError as error:
            raise ring_error(error, path) from error

    def _prepare(self) -> None:
        self.run("PRAGMA journal_mode = WAL")
        self.run("PRAGMA synchronous = NORMAL")
        self.run("PRAGMA wal_autocheckpoint = 256")
        if self.run("PRAGMA user_version")[0][0] == 0:
            script = f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            self._connection.executescript(script)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def changing(self, *, is_synced: bool = False) -> Iterator[None]:
        """All changes inside, or none. is_synced: they are on the medium afterwards."""
        try:
            if is_synced:
                self.run("PRAGMA synchronous = FULL")
            self.run("BEGIN IMMEDIATE")
            try:
                yield
                self.run("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self.run("ROLLBACK")
                raise
            finally:
                if is_synced:
                    self.run("PRAGMA synchronous = NORMAL")
        except sqlite3.Error as error:
            raise _index_error(error, self._path) from error

    def find_problem(self) -> str | None:
        """What SQLite's own quick check says; None: nothing."""
        answer = str(self.ask("PRAGMA quick_check(1)")[0][0])
        if answer == "ok":
            return None
        _note_damage(self._path)
        return answer

    def ask(self, statement: str, *cells: Cell) -> Sequence[tuple]:  # type: ignore[type-arg]
        """Rows of a statement by itself."""
        try:
            return self.run(statement, *cells)
        except sqlite3.Error as error:
            raise _index_error(error, self._path) from error

    def run(self, statement: str, *cells: Cell) -> Sequence[tuple]:  # type: ignore[type-arg]
        """Rows of a statement within `changing`, which tells its failure."""
        return self._connection.execute(statement, cells).fetchall()


def _index_error(error: sqlite3.Error, path: Path) -> RingError:
    """The error behind one of SQLite's."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        _note_damage(path)
        return RingError(
            Kind.DATA_LOSS,
            "the ring's index is damaged",
            where=str(path),
            hint="The vault sets it aside and rebuilds it from the segments when it starts next.",
        )
    if code == sqlite3.SQLITE_FULL:
        return RingError(Kind.RESOURCE_EXHAUSTED, "no space left on the disk", where=str(path))
    if code == sqlite3.SQLITE_READONLY:
        return RingError(Kind.FAILED_PRECONDITION, "the disk is read-only", where=str(path))
    return RingError(
        Kind.UNAVAILABLE,
        f"the ring's index does not answer: {error}",
        where=str(path),
        hint="Look at 'dmesg' and 'df' for that disk; the ring is tried again by itself.",
    )


def _note_damage(path: Path) -> None:
    # Who may only read cannot note it; the vault itself meets it sooner or later.
    with suppress(OSError):
        suspect_path(path).touch(FILE_MODE)
