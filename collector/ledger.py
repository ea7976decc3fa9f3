"""What ingest remembers between groups, kept in SQLite. Used in the writer's thread only."""

import sqlite3
from collections.abc import Sequence

from collector.ingest import Account, Ingest, Row
from collector.schema import signed
from collector.store import Committed, Delivery
from collector.watermark import Span, Watermark
from edge.clock import Clock
from edge.wire.v1 import event_pb2

_INSERT_EVENT = f"INSERT INTO events VALUES ({','.join('?' * len(Row._fields))})"  # noqa: S608
_WRITE_ACCOUNT = """
INSERT INTO epochs (stored_seq, stored_events, stored_utc_ms, device, epoch)
VALUES (?, ?, ?, ?, ?) ON CONFLICT (device, epoch) DO UPDATE SET
stored_seq = excluded.stored_seq, stored_events = stored_events + excluded.stored_events,
stored_utc_ms = excluded.stored_utc_ms
"""


class SqliteLedger:
    """Ingest's view of one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def read_watermark(self, device: str, epoch: int) -> Watermark:
        """The account of a (device, epoch), with what is stored beyond its watermark."""
        key = (device, signed(epoch))
        row = self._connection.execute(
            "SELECT stored_seq FROM epochs WHERE device = ? AND epoch = ?", key
        ).fetchone()
        stored_seq = int(row[0]) if row else 0
        beyond = self._connection.execute(
            "SELECT seq FROM events WHERE device = ? AND epoch = ? AND seq > ?", (*key, stored_seq)
        )
        return Watermark(stored_seq, [Span(seq, seq) for (seq,) in beyond])

    def read_stored_seqs(self, device: str, epoch: int, span: Span) -> set[int]:
        """Which seqs of a span are stored."""
        rows = self._connection.execute(
            "SELECT seq FROM events WHERE device = ? AND epoch = ? AND seq BETWEEN ? AND ?",
            (device, signed(epoch), span.first, span.last),
        )
        return {seq for (seq,) in rows}

    def write_events(self, rows: Sequence[Row]) -> None:
        """Insert rows that are new."""
        self._connection.executemany(_INSERT_EVENT, rows)

    def write_accounts(self, accounts: Sequence[Account]) -> None:
        """Replace watermarks, add to the counts."""
        self._connection.executemany(_WRITE_ACCOUNT, accounts)


class SqliteIntake:
    """The writer's way in for deliveries, and the jobs of a session that opens."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock) -> None:
        self._ingest = Ingest(clock, _next_number(connection))

    def store(
        self, connection: sqlite3.Connection, deliveries: Sequence[Delivery]
    ) -> list[Committed]:
        """Insert what is new; one result a delivery, in order."""
        return self._ingest.store(SqliteLedger(connection), deliveries) if deliveries else []

    def open_epoch(self, connection: sqlite3.Connection, device: str, epoch: int) -> int:
        """The watermark of a (device, epoch)."""
        return self._ingest.open_epoch(SqliteLedger(connection), device, epoch)

    def forget(self) -> None:
        """The transaction was rolled back."""
        self._ingest.forget()


def keep_dictionary(
    connection: sqlite3.Connection, device: str, epoch: int, dictionary: event_pb2.Dictionary
) -> None:
    """Store what rule indices mean; a number once stored keeps its content."""
    key = (device, signed(epoch), dictionary.number)
    connection.execute(
        "INSERT OR IGNORE INTO dictionaries VALUES (?, ?, ?, ?)",
        (*key, dictionary.SerializeToString()),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO rules VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (*key, index, rule.name, rule.function, rule.camera)
            for index, rule in enumerate(dictionary.rules, start=1)
        ],
    )


def _next_number(connection: sqlite3.Connection) -> int:
    """One above every number ever given, deleted ones included."""
    newest = connection.execute("SELECT ifnull(max(number), 0) FROM events").fetchone()[0]
    deleted = connection.execute("SELECT value FROM meta WHERE name = 'deleted_upto'").fetchone()
    return max(int(newest), int(deleted[0]) if deleted else 0) + 1
