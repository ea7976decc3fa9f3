"""The register that an authority asks for: every signal of a period, what became of it, by whom.

Pure but for the queries: rows in, one frozen register out. Calibrations are no part of it, and
notes are left out: they are free text, and the register is made to be handed on.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from collector.reader import OF_CALIBRATION
from edge.errors import Kind, VigieError
from edge.wire.v1 import event_pb2, operator_pb2

MAX_ROWS = 50_000  # a year of a busy city; beyond it, shorter periods
DAY_MS = 86_400_000
MAX_DAYS = 400
HEALTH_FROM, HEALTH_TO = event_pb2.FUNCTION_CAMERA_LOST, event_pb2.FUNCTION_MANDATE
_STARTS = f"""
SELECT e.number, e.device, e.epoch, e.seq, ifnull(r.camera, ''), ifnull(r.name, ''),
  ifnull(r.function, 0), e.captured_utc_ms, e.stored_utc_ms, e.clock_error_ms,
  ifnull(v.verdict, 0), ifnull(v.reviewer, ''), v.reviewed_utc_ms
FROM events e
LEFT JOIN dictionaries d USING (device, epoch, dictionary)
LEFT JOIN rules r ON r.device = e.device AND r.epoch = e.epoch
  AND r.dictionary = e.dictionary AND r.rule = e.rule
LEFT JOIN reviews v ON v.id = (SELECT max(id) FROM reviews WHERE event_number = e.number)
WHERE e.phase = {event_pb2.PHASE_START} AND NOT {OF_CALIBRATION}
  AND e.captured_utc_ms >= ? AND e.captured_utc_ms < ?
ORDER BY e.captured_utc_ms, e.number LIMIT {MAX_ROWS + 1}
"""  # noqa: S608 - the module's own conditions
_ENDS = f"""
SELECT device, epoch, start_seq, body FROM events WHERE start_seq IS NOT NULL
AND phase = {event_pb2.PHASE_END} AND captured_utc_ms >= ?
"""  # noqa: S608 - the module's own conditions


@dataclass(frozen=True, slots=True)
class Entry:
    """One incident, a signal or an interruption. Times in UTC ms.

    duration_ms: None: it has not ended, or is of one moment. verdict: 0: nobody has judged it.
    reviewer: as the audit writes people; empty: nobody.
    """

    number: int
    device: str
    camera: str
    rule: str
    function: int
    captured_utc_ms: int
    stored_utc_ms: int
    clock_error_ms: int | None
    duration_ms: int | None
    verdict: int
    reviewer: str
    reviewed_utc_ms: int | None

    @property
    def delay_ms(self) -> int:
        """From capture to the collector's disk."""
        return self.stored_utc_ms - self.captured_utc_ms

    @property
    def is_interruption(self) -> bool:
        """It says how a pole was, not what happened before it."""
        return HEALTH_FROM <= self.function <= HEALTH_TO


@dataclass(frozen=True, slots=True)
class Week:
    """One week's signals by outcome. name: ISO 8601, such as 2026-W47, in UTC."""

    name: str
    signals: int
    confirmed: int
    rejected: int
    unsure: int

    @property
    def unreviewed(self) -> int:
        """Signals that nobody has judged."""
        return self.signals - self.confirmed - self.rejected - self.unsure

    @property
    def false_share(self) -> float | None:
        """Rejected among confirmed and rejected; None: none was decided."""
        decided = self.confirmed + self.rejected
        return self.rejected / decided if decided else None


@dataclass(frozen=True, slots=True)
class Register:
    """A period's entries in order of capture. from_utc_ms is in it, to_utc_ms is not."""

    from_utc_ms: int
    to_utc_ms: int
    signals: tuple[Entry, ...]
    interruptions: tuple[Entry, ...]

    @property
    def weeks(self) -> tuple[Week, ...]:
        """Weeks with a signal, the first one first."""
        return tuple(
            _week(name, list(entries)) for name, entries in groupby(self.signals, _week_name)
        )


def check_period(from_utc_ms: int, to_utc_ms: int) -> None:
    """Raise VigieError(INVALID_ARGUMENT) for a period that is none or too long."""
    if not from_utc_ms < to_utc_ms <= from_utc_ms + MAX_DAYS * DAY_MS:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"a register is of 1 to {MAX_DAYS} days",
            hint="Give a first day and a last day after it.",
        )


def read_register(connection: sqlite3.Connection, from_utc_ms: int, to_utc_ms: int) -> Register:
    """The register of a period.

    Raises VigieError(RESOURCE_EXHAUSTED) where it would be too long.
    """
    rows = connection.execute(_STARTS, (from_utc_ms, to_utc_ms)).fetchall()
    if len(rows) > MAX_ROWS:
        raise VigieError(
            Kind.RESOURCE_EXHAUSTED,
            f"the period has more than {MAX_ROWS} entries",
            hint="Export it in shorter periods.",
        )
    durations = {
        (device, epoch, start_seq): event_pb2.Event.FromString(body).duration_ms
        for device, epoch, start_seq, body in connection.execute(_ENDS, (from_utc_ms,))
    }
    entries = [_entry(tuple(row), durations) for row in rows]
    return Register(
        from_utc_ms,
        to_utc_ms,
        tuple(entry for entry in entries if not entry.is_interruption),
        tuple(entry for entry in entries if entry.is_interruption),
    )


def _entry(
    row: tuple[int, str, int, int, str, str, int, int, int, int | None, int, str, int | None],
    durations: dict[tuple[str, int, int], int],
) -> Entry:
    number, device, epoch, seq, camera, rule, function, captured_ms, stored_ms, error_ms = row[:10]
    verdict, reviewer, reviewed_ms = row[10:]
    is_withdrawn = verdict == operator_pb2.VERDICT_WITHDRAWN
    return Entry(
        number=number,
        device=device,
        camera=camera,
        rule=rule,
        function=function,
        captured_utc_ms=captured_ms,
        stored_utc_ms=stored_ms,
        clock_error_ms=error_ms,
        duration_ms=durations.get((device, epoch, seq)),
        verdict=0 if is_withdrawn else verdict,
        reviewer="" if is_withdrawn else reviewer,
        reviewed_utc_ms=None if is_withdrawn else reviewed_ms,
    )


def _week_name(entry: Entry) -> str:
    year, week, _ = datetime.fromtimestamp(entry.captured_utc_ms / 1000, UTC).isocalendar()
    return f"{year}-W{week:02}"


def _week(name: str, entries: Sequence[Entry]) -> Week:
    return Week(
        name,
        len(entries),
        _count(entries, operator_pb2.VERDICT_CONFIRMED),
        _count(entries, operator_pb2.VERDICT_REJECTED),
        _count(entries, operator_pb2.VERDICT_UNSURE),
    )


def _count(entries: Iterable[Entry], verdict: int) -> int:
    return sum(entry.verdict == verdict for entry in entries)
