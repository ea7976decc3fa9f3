"""The database under the spool: one small port, SQLite behind it, one table of its errors."""

import errno
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from edge.errors import Kind, VigieError

Cell = int | bytes | str | None
# Longest wait for another process's checkpoint; writers queue on the lock file before that.
BUSY_TIMEOUT_MS = 5_000

_KINDS: dict[int, tuple[Kind, str]] = {
    sqlite3.SQLITE_FULL: (Kind.RESOURCE_EXHAUSTED, "no space left on the disk"),
    sqlite3.SQLITE_READONLY: (Kind.FAILED_PRECONDITION, "the disk or the file is read-only"),
    sqlite3.SQLITE_PERM: (Kind.PERMISSION_DENIED, "access denied"),
    sqlite3.SQLITE_CANTOPEN: (Kind.UNAVAILABLE, "the file cannot be opened"),
    sqlite3.SQLITE_BUSY: (Kind.UNAVAILABLE, "another process holds the file"),
    sqlite3.SQLITE_LOCKED: (Kind.UNAVAILABLE, "another process holds the file"),
    sqlite3.SQLITE_IOERR: (Kind.UNAVAILABLE, "the disk reports an input/output error"),
    sqlite3.SQLITE_CORRUPT: (Kind.DATA_LOSS, "the file is damaged"),
    sqlite3.SQLITE_NOTADB: (Kind.DATA_LOSS, "the file is damaged"),
}
_ERRNO_CODES: dict[int, int] = {
    errno.ENOSPC: sqlite3.SQLITE_FULL,
    errno.EDQUOT: sqlite3.SQLITE_FULL,
    errno.EROFS: sqlite3.SQLITE_READONLY,
    errno.EACCES: sqlite3.SQLITE_PERM,
    errno.EPERM: sqlite3.SQLITE_PERM,
    errno.ENOENT: sqlite3.SQLITE_CANTOPEN,
    errno.ENOTDIR: sqlite3.SQLITE_CANTOPEN,
}
_HINTS: dict[Kind, str] = {
    Kind.RESOURCE_EXHAUSTED: "Free space on that disk; nothing that was accepted is lost.",
    Kind.FAILED_PRECONDITION: "Remount it for writing, then restart; look at 'dmesg' for why.",
    Kind.PERMISSION_DENIED: "Run as the device's user, or correct the owner of the data folder.",
    Kind.UNAVAILABLE: "Look at 'dmesg' and 'df' for that disk; the spool is tried again by itself.",
    Kind.DATA_LOSS: "Run 'vigie spool verify' to see what is missing.",
    Kind.INTERNAL: "This is a defect of vigie; 'vigie --debug' shows where.",
}


class StorageError(VigieError):
    """The disk under the spool did not do what it was asked; nothing of the call was accepted."""


class Database(Protocol):
    """One connection, used by one thread. Every failure is a StorageError."""

    def execute(self, statement: str, cells: Sequence[Cell] = ()) -> list[tuple[Cell, ...]]:
        """Run one statement and return all its rows."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


def storage_error(code: int, message: str, path: Path) -> StorageError:
    """The error behind an SQLite result code, extended or not."""
    kind, what = _KINDS.get(code & 0xFF, (Kind.INTERNAL, f"SQLite error {code}: {message}"))
    return StorageError(kind, what, where=str(path), hint=_HINTS[kind])


def disk_error(error: OSError, path: Path) -> StorageError:
    """The same for an error of the operating system."""
    code = _ERRNO_CODES.get(error.errno or 0, sqlite3.SQLITE_IOERR)
    return storage_error(code, str(error), path)


class SqliteDatabase:
    """The standard library's SQLite."""

    def __init__(self, path: Path, *, is_readonly: bool = False) -> None:
        self._path = path
        mode = "ro" if is_readonly else "rwc"
        try:
            self._connection = sqlite3.connect(
                f"file:{path.absolute()}?mode={mode}".replace("#", "%23"),
                uri=True,
                isolation_level=None,
                timeout=BUSY_TIMEOUT_MS / 1000,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def execute(self, statement: str, cells: Sequence[Cell] = ()) -> list[tuple[Cell, ...]]:
        """Run one statement and return all its rows."""
        try:
            return self._connection.execute(statement, cells).fetchall()
        except sqlite3.Error as error:
            raise self._translated(error) from error
        except UnicodeDecodeError as error:
            # No text of ours is anything but ASCII: a name in the schema, or SQLite's own
            # message about it, has a wrong bit.
            raise storage_error(sqlite3.SQLITE_CORRUPT, str(error), self._path) from error

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _translated(self, error: sqlite3.Error) -> StorageError:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        return storage_error(code, str(error), self._path)
