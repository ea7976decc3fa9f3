"""Events that wait for the disk, and the people who wait for them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from edge.errors import VigieError
from edge.spool.record import MAX_APPEND_EVENTS
from edge.wire.codec import MAX_DELTA_MS
from edge.wire.event import Event


@dataclass(slots=True)
class Ticket:
    """Somebody who waits for events to be on disk."""

    missing: int
    seqs: list[int] = field(default_factory=list)
    error: VigieError | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event in the queue. rule: its index in the dictionary; ticket: None when offered."""

    event: Event
    rule: int
    dictionary: int
    queued_ns: int
    ticket: Ticket | None


def oldest_group(queue: Iterable[Waiting]) -> list[Waiting]:
    """The oldest that fit one append: one dictionary, times within its reach."""
    group: list[Waiting] = []
    earliest_ms = latest_ms = 0
    for entry in queue:
        captured_utc_ms = entry.event.captured_utc_ms
        earliest_ms = min(earliest_ms, captured_utc_ms) if group else captured_utc_ms
        latest_ms = max(latest_ms, captured_utc_ms) if group else captured_utc_ms
        fits = latest_ms - earliest_ms <= MAX_DELTA_MS
        if not fits or (group and entry.dictionary != group[0].dictionary):
            break
        group.append(entry)
        if len(group) == MAX_APPEND_EVENTS:
            break
    return group
