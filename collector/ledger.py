"""What ingest remembers between groups, kept in SQLite. Used in the writer's thread only."""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter

from collector.ingest import CELLS_AN_EVENT, Account, Cell, Ingest, Piece
from collector.schema import signed
from collector.store import Committed, Delivery
from collector.watermark import Span, Watermark
from edge.clock import Clock
from edge.wire.v1 import event_pb2

# Events a statement: each costs half of what a statement of its own would, and the interpreter's
# lock, which sqlite3 gives up around every step, changes hands 64 times less often.
EVENTS_A_STATEMENT = 64
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

    def write_events(self, pieces: Sequence[Piece]) -> None:
        """Insert events that are new, in their order; neighbours of one length go together."""
        for count, rows in groupby(_statements(pieces), key=itemgetter(0)):
            self._connection.executemany(_insert(count), (cells for _, cells in rows))

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


def _statements(pieces: Sequence[Piece]) -> Iterator[tuple[int, list[Cell]]]:
    """How many events each statement inserts, and its parameters."""
    for piece in pieces:
        number, first_seq, shared, cells = piece[0], piece[1], piece[2:8], piece.cells
        count = len(cells) // CELLS_AN_EVENT
        for done in range(0, count, EVENTS_A_STATEMENT):
            taken = min(EVENTS_A_STATEMENT, count - done)
            own = cells[done * CELLS_AN_EVENT : (done + taken) * CELLS_AN_EVENT]
            yield taken, [number + done, first_seq + done, *shared, *own]


@cache
def _insert(count: int) -> str:
    """The statement that inserts `count` events of one piece."""
    return f"INSERT INTO events VALUES {','.join(map(_values, range(count)))}"  # noqa: S608


def _values(place: int) -> str:
    """One event's row: ?1 to ?8 are its piece's, the others its own."""
    delta = 9 + CELLS_AN_EVENT * place
    own = ",".join(f"?{delta + column}" for column in range(1, CELLS_AN_EVENT))
    return f"(?1+{place},?4,?5,?2+{place},?3+?{delta},?6,?7,?8,{own})"


def keep_dictionary(
    connection: sqlite3.Connection, device: str, epoch: int, dictionary: event_pb2.Dictionary
) -> None:
    """Store what rule indices mean; a number once stored keeps its content."""
    key = (device, signed(epoch), dictionary.number)
    connection.execute(
        "INSERT OR IGNORE INTO dictionaries (device, epoch, dictionary, body, mode) "
        "VALUES (?, ?, ?, ?, ?)",
        (*key, dictionary.SerializeToString(), dictionary.mandate_mode),
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
