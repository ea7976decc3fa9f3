"""What people said about events: append-only, who and when, the latest counts."""

import sqlite3

from collector.audit import Act, append
from collector.store import ReviewRecord
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.wire.v1 import operator_pb2

MAX_NOTE_BYTES = 1024

_WORDS: dict[int, str] = {
    operator_pb2.VERDICT_CONFIRMED: "confirm",
    operator_pb2.VERDICT_REJECTED: "reject",
    operator_pb2.VERDICT_UNSURE: "unsure",
    operator_pb2.VERDICT_WITHDRAWN: "withdraw",
}


class Reviews:
    """Writes verdicts; the audit line and the review are one transaction."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock

    async def review(self, number: int, verdict: int, note: str, reviewer: str) -> ReviewRecord:
        """Record a verdict on an event; returns when it is on disk.

        reviewer: who, as in the audit (`operator:NAME`, `account:NAME`).
        Raises VigieError: INVALID_ARGUMENT for an unknown verdict or a note over 1,024 bytes;
        NOT_FOUND for no such event; FAILED_PRECONDITION for withdrawing what does not stand.
        """
        if verdict not in _WORDS:
            raise VigieError(
                Kind.INVALID_ARGUMENT,
                f"verdict {verdict} is not known",
                hint=f"Say one of: {', '.join(_WORDS.values())}.",
            )
        if len(note.encode()) > MAX_NOTE_BYTES:
            raise VigieError(
                Kind.INVALID_ARGUMENT,
                f"the note is {len(note.encode())} bytes, over {MAX_NOTE_BYTES}",
                hint="Shorten it.",
            )
        known = operator_pb2.Verdict.ValueType(verdict)
        utc_ms = self._clock.utc_ns() // 1_000_000
        record = ReviewRecord(number, known, note, reviewer, utc_ms)
        await self._writer.submit(lambda connection: _write(connection, record))
        return record


def _write(connection: sqlite3.Connection, record: ReviewRecord) -> None:
    number = record.event_number
    if not connection.execute("SELECT 1 FROM events WHERE number = ?", (number,)).fetchone():
        raise VigieError(
            Kind.NOT_FOUND,
            f"there is no event {number}",
            hint="Run 'vigie events list' to see the numbers.",
        )
    if record.verdict == operator_pb2.VERDICT_WITHDRAWN and not _stands(connection, number):
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"event {number} has no review to withdraw",
            hint=f"Run 'vigie events show {number}' to see its reviews.",
        )
    act = Act(record.reviewer, "review event", str(number), _WORDS[record.verdict])
    append(connection, record.reviewed_utc_ms, act)
    connection.execute(
        "INSERT INTO reviews (event_number, verdict, note, reviewer, reviewed_utc_ms) "
        "VALUES (?, ?, ?, ?, ?)",
        (number, record.verdict, record.note, record.reviewer, record.reviewed_utc_ms),
    )


def _stands(connection: sqlite3.Connection, number: int) -> bool:
    latest = connection.execute(
        "SELECT verdict FROM reviews WHERE event_number = ? ORDER BY id DESC LIMIT 1", (number,)
    ).fetchone()
    return latest is not None and latest[0] != operator_pb2.VERDICT_WITHDRAWN
