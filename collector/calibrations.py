"""What calibrations saw: counted by rule, shown to those who tune, deleted with the calibration.

A calibration teaches people, never a machine. Its events stand in the same tables as others and
are told by no query that does not name them; they go when the calibration goes.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from collector.audit import Act, append
from collector.reader import OF_CALIBRATION, SqliteReader
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.wire.v1 import event_pb2, operator_pb2

CHUNK_EVENTS = 5_000  # one transaction's worth, so that no ack waits for a long deletion
HOUR_MS = 3_600_000
_JOINED = f"""
FROM events e
JOIN dictionaries d USING (device, epoch, dictionary)
LEFT JOIN rules r ON r.device = e.device AND r.epoch = e.epoch
  AND r.dictionary = e.dictionary AND r.rule = e.rule
LEFT JOIN reviews v ON v.id = (SELECT max(id) FROM reviews WHERE event_number = e.number)
WHERE {OF_CALIBRATION}
"""  # noqa: S608 - the module's own conditions
_STARTS = f"""
SELECT e.device, ifnull(r.camera, ''), ifnull(r.name, ''), ifnull(r.function, 0),
  e.captured_utc_ms, ifnull(v.verdict, 0) {_JOINED} AND e.phase = {event_pb2.PHASE_START}
ORDER BY 1, 2, 3, e.captured_utc_ms
"""
_NUMBERS = f"SELECT e.number {_JOINED} AND e.device = ? ORDER BY e.number LIMIT ?"


@dataclass(frozen=True, slots=True)
class Seen:
    """One signal of a calibration. verdict: of its latest review, 0: none."""

    captured_utc_ms: int
    verdict: int


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """What one rule signalled while it was calibrated, in order of capture; at least one signal."""

    device: str
    camera: str
    rule: str
    function: int
    signals: tuple[Seen, ...]

    @property
    def hours(self) -> float:
        """From its first signal to its last; silence before and after is not known here."""
        first, last = self.signals[0], self.signals[-1]
        return (last.captured_utc_ms - first.captured_utc_ms) / HOUR_MS

    @property
    def rate_per_hour(self) -> float | None:
        """Signals an hour; None below an hour, of which nothing follows."""
        return len(self.signals) / self.hours if self.hours >= 1 else None

    def count_verdicts(self) -> dict[int, int]:
        """How many signals stand at each verdict; those that were withdrawn count as unreviewed."""
        return Counter(
            0 if seen.verdict == operator_pb2.VERDICT_WITHDRAWN else seen.verdict
            for seen in self.signals
        )

    def count_by_hour(self, zone: tzinfo = UTC) -> list[int]:
        """Signals in each hour of the day, 24 of them, in a zone."""
        counts = [0] * 24
        for seen in self.signals:
            counts[datetime.fromtimestamp(seen.captured_utc_ms / 1000, zone).hour] += 1
        return counts


class Calibrations:
    """What all poles' calibrations saw. Belongs to the event loop."""

    def __init__(self, writer: Writer, reader: SqliteReader, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock

    async def list_rules(self, who: str) -> list[RuleSeen]:
        """Every rule that saw something, once the reading is audited."""
        now_ms = self._now_ms()
        act = Act(who, "read calibration")
        await self._writer.submit(lambda connection: append(connection, now_ms, act))
        return await self._reader.read(select_rules)

    async def delete(self, device: str, who: str) -> int:
        """Delete what a pole's calibrations saw, with its reviews; how many events.

        Raises VigieError(NOT_FOUND) where there is nothing to delete.
        """
        deleted = 0
        while chunk := await self._delete_chunk(device, who):
            deleted += chunk
        if not deleted:
            raise VigieError(
                Kind.NOT_FOUND,
                f"nothing of a calibration of {device} is kept here",
                hint="Reload the page to see which calibrations are.",
            )
        return deleted

    async def _delete_chunk(self, device: str, who: str) -> int:
        now_ms = self._now_ms()
        return await self._writer.submit(
            lambda connection: _delete(connection, device, who, now_ms)
        )

    def _now_ms(self) -> int:
        return self._clock.utc_ns() // 1_000_000


def select_rules(connection: sqlite3.Connection) -> list[RuleSeen]:
    """Rules by device, camera and name."""
    found: dict[tuple[str, str, str, int], list[Seen]] = {}
    for device, camera, rule, function, captured_ms, verdict in connection.execute(_STARTS):
        key = (device, camera, rule, function)
        found.setdefault(key, []).append(Seen(captured_ms, verdict))
    return [RuleSeen(*key, tuple(signals)) for key, signals in found.items()]


def _delete(connection: sqlite3.Connection, device: str, who: str, now_ms: int) -> int:
    rows: Sequence[tuple[int]] = connection.execute(_NUMBERS, (device, CHUNK_EVENTS)).fetchall()
    if not rows:
        return 0
    act = Act(who, "delete calibration", device, f"{len(rows)} events")
    append(connection, now_ms, act)
    numbers = [(row[0],) for row in rows]
    connection.executemany("DELETE FROM events WHERE number = ?", numbers)
    connection.executemany("DELETE FROM reviews WHERE event_number = ?", numbers)
    # A number that was deleted is never given again.
    connection.execute(
        "INSERT INTO meta VALUES ('deleted_upto', ?) "
        "ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
        numbers[-1],
    )
    return len(numbers)
