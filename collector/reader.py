"""Reading what is committed: short queries on read-only connections, off the event loop."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from collector.audit import AuditLine, read_lines
from collector.records import device_record, stored_event
from collector.schema import open_reader
from collector.store import MAX_PAGE, DeviceRecord, EventQuery, ReviewRecord, VerdictCount
from edge.errors import Kind, VigieError
from edge.wire.v1 import event_pb2, operator_pb2

READER_THREADS = 2
QUERY_SECONDS = 5.0
_STEPS_BETWEEN_LOOKS = 20_000  # SQLite's virtual machine steps between looks at the time

T = TypeVar("T")

# What a calibration saw is for no operator; how the pole is while it lasts concerns everybody.
OF_CALIBRATION = (
    f"(ifnull(d.mode, 0) = {event_pb2.MANDATE_MODE_CALIBRATION} AND ifnull(r.function, 0) "
    f"NOT BETWEEN {event_pb2.FUNCTION_CAMERA_LOST} AND {event_pb2.FUNCTION_MANDATE})"
)
_EVENTS = """
SELECT e.*, d.body AS dictionary_body, v.verdict, v.note, v.reviewer, v.reviewed_utc_ms
FROM events e
LEFT JOIN dictionaries d USING (device, epoch, dictionary)
LEFT JOIN rules r ON r.device = e.device AND r.epoch = e.epoch
  AND r.dictionary = e.dictionary AND r.rule = e.rule
LEFT JOIN reviews v ON v.id = (SELECT max(id) FROM reviews WHERE event_number = e.number)
"""
_VERDICTS = f"""
SELECT e.device, ifnull(r.camera, ''), ifnull(r.name, ''), ifnull(r.function, 0),
  sum(v.verdict = 1), sum(v.verdict = 2), sum(v.verdict = 3)
FROM (SELECT event_number, max(id) AS id FROM reviews GROUP BY event_number) latest
JOIN reviews v ON v.id = latest.id
JOIN events e ON e.number = v.event_number
LEFT JOIN dictionaries d USING (device, epoch, dictionary)
LEFT JOIN rules r ON r.device = e.device AND r.epoch = e.epoch
  AND r.dictionary = e.dictionary AND r.rule = e.rule
WHERE v.verdict IN (1, 2, 3) AND NOT {OF_CALIBRATION}
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""  # noqa: S608 - the module's own condition
_DEVICES = """
SELECT d.*, (SELECT sum(stored_events) FROM epochs WHERE device = d.name) AS stored_events,
  (SELECT max(stored_utc_ms) FROM epochs WHERE device = d.name) AS stored_utc_ms
FROM devices d ORDER BY d.name
"""


class SqliteReader:
    """Committed state of one database. Methods belong to the event loop, queries to threads.

    Raises VigieError(UNAVAILABLE) from any method whose query takes longer than 5 s.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = ThreadPoolExecutor(READER_THREADS, thread_name_prefix="reader")
        self._own = threading.local()

    async def list_events(self, query: EventQuery) -> list[operator_pb2.StoredEvent]:
        """One page of events in order of number."""
        return await self.read(lambda connection: _list_events(connection, query))

    async def read_event(
        self, number: int, *, of_calibration: bool = False
    ) -> operator_pb2.StoredEvent | None:
        """One event with its rule and latest review, or None; a calibration's only where said."""
        return await self.read(
            lambda connection: _read_event(connection, number, of_calibration=of_calibration)
        )

    async def list_incident(self, number: int) -> list[operator_pb2.StoredEvent]:
        """All stored events of the incident that an event belongs to, in order of seq."""
        return await self.read(lambda connection: _list_incident(connection, number))

    async def list_reviews(self, number: int) -> list[ReviewRecord]:
        """All reviews of one event, the oldest first."""
        return await self.read(lambda connection: _list_reviews(connection, number))

    async def count_verdicts(self) -> list[VerdictCount]:
        """Reviewed incidents by device, camera and rule, no calibration's; the latest counts."""
        return await self.read(
            lambda connection: [VerdictCount(*row) for row in connection.execute(_VERDICTS)]
        )

    async def list_devices(self) -> list[DeviceRecord]:
        """All devices by name."""
        return await self.read(
            lambda connection: [device_record(row) for row in connection.execute(_DEVICES)]
        )

    async def newest_number(self) -> int:
        """Number of the newest stored event. 0: none yet."""
        return await self.read(
            lambda connection: int(
                connection.execute("SELECT ifnull(max(number), 0) FROM events").fetchone()[0]
            )
        )

    async def list_audit(self, after_line: int, limit: int) -> list[AuditLine]:
        """Lines of the audit above a number, in order."""
        return await self.read(lambda connection: read_lines(connection, after_line, limit))

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a short query on a read-only connection."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._run, query)

    def close(self) -> None:
        """Wait for queries under way; connections close with their threads."""
        self._threads.shutdown(wait=True)

    def _run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = open_reader(self._path)
        deadline = time.monotonic() + QUERY_SECONDS
        connection.set_progress_handler(
            lambda: int(time.monotonic() > deadline), _STEPS_BETWEEN_LOOKS
        )
        try:
            return query(connection)
        except sqlite3.OperationalError as stopped:
            raise VigieError(
                Kind.UNAVAILABLE,
                f"the collector's database did not answer: {stopped}",
                where=str(self._path),
                hint="Ask for less at once, or look at the disk.",
            ) from stopped


def _list_events(
    connection: sqlite3.Connection, query: EventQuery
) -> list[operator_pb2.StoredEvent]:
    conditions, values = _conditions(query)
    order = "DESC" if query.newest_first else "ASC"
    rows = connection.execute(
        f"{_EVENTS} WHERE {' AND '.join(conditions)} ORDER BY e.number {order} LIMIT ?",
        (*values, max(1, min(query.limit, MAX_PAGE))),
    )
    return [stored_event(row) for row in rows]


def _conditions(query: EventQuery) -> tuple[list[str], list[str | int]]:
    """SQL conditions on `_EVENTS` and their values; a value stands for one question mark."""
    is_below = query.newest_first and query.after_number > 0
    conditions = ["e.number < ?" if is_below else "e.number > ?", _mode(query.of_calibration)]
    values: list[str | int] = [query.after_number]
    for condition, value in (
        ("e.device = ?", query.device),
        ("r.camera = ?", query.camera),
        ("r.function = ?", query.function),
    ):
        if value:
            conditions.append(condition)
            values.append(value)
    if query.starts_only:
        conditions.append(f"e.phase = {event_pb2.PHASE_START}")
    if query.unreviewed_only:
        withdrawn = operator_pb2.VERDICT_WITHDRAWN
        conditions.append(f"(v.verdict IS NULL OR v.verdict = {withdrawn})")
    return conditions, values


def _mode(of_calibration: bool) -> str:
    return OF_CALIBRATION if of_calibration else f"NOT {OF_CALIBRATION}"


def _read_event(
    connection: sqlite3.Connection, number: int, *, of_calibration: bool
) -> operator_pb2.StoredEvent | None:
    row = connection.execute(
        f"{_EVENTS} WHERE e.number = ? AND {_mode(of_calibration)}", (number,)
    ).fetchone()
    return stored_event(row) if row else None


def _list_incident(connection: sqlite3.Connection, number: int) -> list[operator_pb2.StoredEvent]:
    key = connection.execute(
        "SELECT device, epoch, ifnull(start_seq, seq) FROM events WHERE number = ?", (number,)
    ).fetchone()
    if key is None:
        return []
    rows = connection.execute(
        f"{_EVENTS} WHERE e.device = ? AND e.epoch = ? AND e.seq >= ? "
        "AND (e.start_seq = ? OR e.number = ?) ORDER BY e.seq LIMIT ?",
        (*key, key[2], number, MAX_PAGE),
    )
    return [stored_event(row) for row in rows]


def _list_reviews(connection: sqlite3.Connection, number: int) -> list[ReviewRecord]:
    rows = connection.execute(
        "SELECT event_number, verdict, note, reviewer, reviewed_utc_ms FROM reviews "
        "WHERE event_number = ? ORDER BY id",
        (number,),
    )
    return [ReviewRecord(*row) for row in rows]
