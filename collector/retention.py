"""Deleting events past their days, oldest first, and saying so in the audit."""

import sqlite3

from collector.audit import Act, append
from collector.writer import Writer
from edge.clock import Clock

DEFAULT_DAYS = 90
CHUNK_EVENTS = 5_000  # one transaction's worth, so that no ack waits for a long deletion
_DAY_MS = 86_400_000


async def delete_expired(writer: Writer, clock: Clock, days: int) -> int:
    """Delete events stored more than `days` days ago, with their reviews; how many.

    Each chunk and its audit line are one transaction. Watermarks stay where they are.
    """
    deleted = 0
    now_ms = clock.utc_ns() // 1_000_000
    while True:
        chunk = await writer.submit(lambda connection: _delete(connection, now_ms, days))
        deleted += chunk
        if chunk < CHUNK_EVENTS:
            return deleted


def _delete(connection: sqlite3.Connection, now_ms: int, days: int) -> int:
    before_ms = now_ms - days * _DAY_MS
    numbers = [
        number
        for (number,) in connection.execute(
            "SELECT number FROM events WHERE number <= (SELECT max(number) FROM "
            "(SELECT number, stored_utc_ms FROM events ORDER BY number LIMIT ?) "
            "WHERE stored_utc_ms < ?) ORDER BY number",
            (CHUNK_EVENTS, before_ms),
        )
    ]
    if not numbers:
        return 0
    detail = f"{len(numbers)} events older than {days} days"
    append(
        connection,
        now_ms,
        Act("collector", "delete events", f"{numbers[0]}-{numbers[-1]}", detail),
    )
    connection.execute("DELETE FROM events WHERE number <= ?", (numbers[-1],))
    connection.execute("DELETE FROM reviews WHERE event_number <= ?", (numbers[-1],))
    connection.execute(
        "INSERT INTO meta VALUES ('deleted_upto', ?) "
        "ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
        (numbers[-1],),
    )
    return len(numbers)
