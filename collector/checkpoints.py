"""The thread that moves the write-ahead log into the database while the writer writes on.

An ack must not wait for a check-point, whose syncs take as long as many commits. So a second
connection copies what is committed, and the writer begins its log anew, between two groups, when
next to nothing is left to copy. The log's file keeps its size, because a commit over old content
costs half of one that makes the file longer.
"""

import sqlite3
import threading
from collections.abc import Callable
from typing import Protocol

PASS_SECONDS = 1.0  # from a commit to the pass that copies it; what comes meanwhile goes along
LONG_LOG_BYTES = 16 << 20  # begun anew from here on
_FRAME_HEADER_BYTES = 24
# A full disk and a held file pass; after anything else the log's content is not to be trusted.
_PASSING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL)


class CheckPoints(Protocol):
    """What the writer asks between two groups. All but close may be called by any thread."""

    @property
    def log_bytes(self) -> int:
        """How long the log was at the last look."""
        ...

    def note_commit(self) -> None:
        """There is something to copy."""
        ...

    def take_long_log(self) -> bool:
        """True once each time that the log should be begun anew.

        Raises sqlite3.Error when the medium failed under a copy.
        """
        ...

    def close(self) -> None:
        """End; called before the writer's connection is closed."""
        ...


class BackgroundCheckPoints:
    """Copies in a thread with a connection of its own."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._has_news = threading.Event()
        self._is_closing = threading.Event()
        self._log_bytes = 0
        self._is_log_long = False
        self._failure: sqlite3.Error | None = None
        self._thread = threading.Thread(target=self._run, name="check-points", daemon=True)
        self._thread.start()

    @property
    def log_bytes(self) -> int:
        """How long the log was at the last look."""
        return self._log_bytes

    def note_commit(self) -> None:
        """There is something to copy."""
        if not self._has_news.is_set():
            self._has_news.set()

    def take_long_log(self) -> bool:
        """True once each time that the log should be begun anew.

        Raises sqlite3.Error when the medium failed under a copy.
        """
        if self._failure is not None:
            raise self._failure
        is_long, self._is_log_long = self._is_log_long, False
        return is_long

    def close(self) -> None:
        """End; called before the writer's connection is closed."""
        self._is_closing.set()
        self._has_news.set()
        self._thread.join()

    def _run(self) -> None:
        """The thread. Ends after close, or with the medium's error."""
        connection = self._connect()
        try:
            page_bytes = int(connection.execute("PRAGMA page_size").fetchone()[0])
            while self._has_news.wait() and not self._is_closing.wait(PASS_SECONDS):
                self._has_news.clear()
                self._pass(connection, page_bytes + _FRAME_HEADER_BYTES)
        except sqlite3.Error as broken:
            self._failure = broken
        finally:
            connection.close()

    def _pass(self, connection: sqlite3.Connection, frame_bytes: int) -> None:
        """Copy what readers and the writer leave alone; neither waits for it."""
        try:
            row = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.OperationalError as refused:
            if refused.sqlite_errorcode not in _PASSING:
                raise
            self._has_news.set()
            return
        self._log_bytes = max(0, int(row[1])) * frame_bytes
        self._is_log_long = self._log_bytes >= LONG_LOG_BYTES
