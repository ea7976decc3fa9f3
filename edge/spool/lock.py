"""One writer at a time, across processes: a lock file that writers queue on.

SQLite alone would let writers poll; the kernel wakes the next one here at once, and lets go by
itself when a holder dies. The lock also guards the moment in which a damaged file is replaced.
"""

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType

from edge.errors import Kind
from edge.spool.database import StorageError, disk_error
from edge.spool.places import SHARED_MODE, share


class WriterLock:
    """Held inside a `with` block; not re-entrant, one per connection."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, SHARED_MODE)
            share(path)
        except OSError as error:
            raise disk_error(error, path) from error

    def __enter__(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno == errno.EBADF:
                raise StorageError(
                    Kind.FAILED_PRECONDITION, "the spool was closed", where=str(self._path)
                ) from error
            raise disk_error(error, self._path) from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the lock file."""
        os.close(self._descriptor)
