"""What can still be told from a damaged spool, and the whole spool that it makes.

Pure: bytes and rows in, a plan out. Rows are found by their marks wherever they lie in the raw
file and its log, so a broken tree costs nothing by itself; each proves itself by its own CRC.
The same row may be found several times (in the file, in the log, in free space): a lost stretch
wins over a batch, a thinner generation over a fuller one, what SQL shows over what lies about.
"""

import re
import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from edge.spool import record
from edge.spool.dictionary import (
    LOST_CONTENT,
    MARK_DICTIONARY,
    SPOOL_DICTIONARY_NUMBER,
    STORAGE_RULE_INDEX,
    DictionaryPart,
    join_dictionaries,
    open_dictionary,
)
from edge.spool.state import MARK_STATE, State, open_state
from edge.wire.v1 import event_pb2

_MARKS = re.compile(
    b"|".join(
        re.escape(mark)
        for mark in (record.MARK_BATCH, record.MARK_GAP, MARK_STATE, MARK_DICTIONARY)
    )
)
Entry = record.Batch | record.Lost
_MARK_BYTES = 4
_LONGEST_BYTES = record.MAX_OLD_ROW_BYTES + 512


@dataclass(slots=True)
class Finds:
    """Everything that proved itself, in the order found."""

    entries: list[Entry] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    parts: list[DictionaryPart] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole spool: every seq after the acknowledged one stands in exactly one entry.

    recovered_events and missing_events count what stands in the entries, and what does not;
    unruled_events those that stand there but whose dictionary is lost.
    """

    state: State
    entries: tuple[Entry, ...]
    dictionaries: dict[int, bytes]
    recovered_events: int
    missing_events: int
    unruled_events: int = 0


def scan(raw: bytes, epoch: int | None = None) -> Finds:
    """All rows whose marks or, where a mark has a wrong bit, whose epochs stand in a file's bytes.

    epoch: the spool's; None: the one that most of the marked rows name.
    """
    finds = Finds()
    for hit in _MARKS.finditer(raw):
        take(finds, raw[hit.start() : hit.start() + _LONGEST_BYTES])
    epoch = _epoch(finds) if epoch is None else epoch
    if epoch is None:
        return finds
    for hit in re.finditer(re.escape(struct.pack("<Q", epoch)), raw):
        start = hit.start() - _MARK_BYTES
        if start >= 0 and not _MARKS.match(raw, start):
            take(finds, raw[start : start + _LONGEST_BYTES])
    return finds


def take(finds: Finds, row: bytes) -> bool:
    """Add what a row proves to be; False when it proves nothing."""
    entry = open_entry(row, None)
    if entry is not None:
        finds.entries.append(entry)
        return True
    state = open_state(row)
    if state is not None:
        finds.states.append(state)
        return True
    part = open_dictionary(row, None)
    if part is not None:
        finds.parts.append(part)
        return True
    return False


def open_entry(row: bytes, epoch: int | None) -> Entry | None:
    """The batch or the lost stretch in a row, or None."""
    return record.open_batch(row, epoch) or record.open_lost(row, epoch)


def plan(finds: Finds) -> Plan | None:
    """The whole spool behind the finds; None when not even the epoch is known."""
    epoch = _epoch(finds)
    if epoch is None:
        return None
    states = [state for state in finds.states if state.epoch == epoch]
    entries = [entry for entry in finds.entries if entry.epoch == epoch]
    parts = [part for part in finds.parts if part.epoch == epoch]
    acked_seq = max(
        [state.acked_seq for state in states] + [entry.acked_seq for entry in entries], default=0
    )
    last_seq = max(
        [state.last_seq for state in states] + [entry.last_seq for entry in entries], default=0
    )
    numbers = [state.last_dictionary for state in states] + [part.number for part in parts]
    state = State(epoch, last_seq, acked_seq, max(numbers, default=1))
    whole = tuple(_tile(entries, state))
    missing = sum(_missing(entry) for entry in whole)
    dictionaries = join_dictionaries(parts)
    unruled = _unruled_events(whole, dictionaries)
    return Plan(
        state=state,
        entries=whole,
        dictionaries={**dictionaries, **dict.fromkeys(unruled, LOST_CONTENT)},
        recovered_events=last_seq - acked_seq - missing,
        missing_events=sum(_missing(entry) for entry in whole if _is_damage(entry)),
        unruled_events=unruled.total(),
    )


def with_notice(made: Plan, reason: str, now_utc_ms: int) -> Plan:
    """The plan with events of its own at its end: the storage was damaged, rules were lost."""
    facts = [(reason, made.missing_events)]
    if made.unruled_events:
        facts.append(("rules_lost", made.unruled_events))
    events = [
        event_pb2.Event(
            rule=STORAGE_RULE_INDEX,
            phase=event_pb2.PHASE_START,
            reason=reason,
            measured=min(count, 2**31 - 1),
        )
        for reason, count in facts
    ]
    notice = record.Batch(
        epoch=made.state.epoch,
        first_seq=made.state.last_seq + 1,
        acked_seq=made.state.acked_seq,
        captured_utc_ms=now_utc_ms,
        dictionary=SPOOL_DICTIONARY_NUMBER,
        clock_error_ms=None,
        bodies=tuple(event.SerializeToString() for event in events),
    )
    state = replace(made.state, last_seq=notice.last_seq)
    return replace(made, state=state, entries=(*made.entries, notice))


def whole_entries(batch: record.Batch) -> list[Entry]:
    """The batch with its damaged places taken out as lost stretches."""
    if not batch.damaged:
        return [batch]
    found: list[Entry] = []
    first_place = 0
    for place in [*sorted(batch.damaged), len(batch.bodies)]:
        if place > first_place:
            bodies = batch.bodies[first_place:place]
            part = replace(
                batch,
                first_seq=batch.first_seq + first_place,
                bodies=bodies,
                damaged=frozenset(),
            )
            found.append(part)
        if place < len(batch.bodies):
            seq = batch.first_seq + place
            found.append(_lost(batch, seq, seq))
        first_place = place + 1
    return found


def _epoch(finds: Finds) -> int | None:
    counts = Counter(state.epoch for state in finds.states)
    counts.update(entry.epoch for entry in finds.entries)
    return counts.most_common(1)[0][0] if counts else None


def _tile(entries: Iterable[Entry], state: State) -> Iterable[Entry]:
    """Entries in order, each seq once, holes filled with stretches lost to damage."""
    seq = state.acked_seq
    beside: Entry | None = None
    for entry in _chosen(entries):
        if entry.last_seq <= seq:
            continue
        if entry.first_seq > seq + 1:
            yield _lost(entry, seq + 1, entry.first_seq - 1)
        clipped = _after(entry, max(seq, entry.first_seq - 1))
        if isinstance(clipped, record.Batch):
            yield from whole_entries(clipped)
        else:
            yield clipped
        seq = entry.last_seq
        beside = entry
    if seq < state.last_seq:
        last = beside or record.Lost(
            state.epoch, seq, seq, state.acked_seq, 0, event_pb2.GAP_REASON_DAMAGE
        )
        yield _lost(last, seq + 1, state.last_seq)


def _chosen(entries: Iterable[Entry]) -> list[Entry]:
    """One batch per first seq, cut where lost stretches stand, in order of seq."""
    batches: dict[int, record.Batch] = {}
    stretches: dict[int, record.Lost] = {}
    for entry in entries:
        if isinstance(entry, record.Lost):
            rival = stretches.get(entry.first_seq)
            if rival is None or entry.last_seq >= rival.last_seq:
                stretches[entry.first_seq] = entry
        else:
            other = batches.get(entry.first_seq)
            batches[entry.first_seq] = entry if other is None else _better(other, entry)
    chosen: list[Entry] = list(stretches.values())
    chosen.extend(batch for batch in batches.values() if not _is_within(batch, stretches.values()))
    return sorted(chosen, key=lambda entry: (entry.first_seq, entry.last_seq))


def _is_within(batch: record.Batch, stretches: Iterable[record.Lost]) -> bool:
    return any(
        lost.first_seq <= batch.first_seq and batch.last_seq <= lost.last_seq for lost in stretches
    )


def _better(older: record.Batch, newer: record.Batch) -> record.Batch:
    """Of two copies of one batch, the thinner generation, its damage mended from the other."""
    best, other = (newer, older) if newer.generation >= older.generation else (older, newer)
    if not best.damaged or len(best.bodies) != len(other.bodies):
        return best if len(best.damaged) <= len(other.damaged) else other
    mended = {place for place in best.damaged if other.bodies[place] is not None}
    bodies = tuple(
        other.bodies[place] if place in mended else body for place, body in enumerate(best.bodies)
    )
    return replace(best, bodies=bodies, damaged=best.damaged - mended)


def _after(entry: Entry, seq: int) -> Entry:
    if entry.first_seq > seq:
        return entry
    if isinstance(entry, record.Lost):
        return replace(entry, first_seq=seq + 1)
    skip = seq + 1 - entry.first_seq
    return replace(
        entry,
        first_seq=seq + 1,
        bodies=entry.bodies[skip:],
        damaged=frozenset(place - skip for place in entry.damaged if place >= skip),
    )


def _lost(beside: Entry, first_seq: int, last_seq: int) -> record.Lost:
    return record.Lost(
        epoch=beside.epoch,
        first_seq=first_seq,
        last_seq=last_seq,
        acked_seq=beside.acked_seq,
        captured_utc_ms=beside.captured_utc_ms,
        reason=event_pb2.GAP_REASON_DAMAGE,
    )


def _missing(entry: Entry) -> int:
    if isinstance(entry, record.Lost):
        return entry.last_seq - entry.first_seq + 1
    return entry.bodies.count(None)


def _is_damage(entry: Entry) -> bool:
    return isinstance(entry, record.Lost) and entry.reason == event_pb2.GAP_REASON_DAMAGE


def _unruled_events(entries: Iterable[Entry], dictionaries: dict[int, bytes]) -> Counter[int]:
    """How many events there are of each dictionary that is not to be had and was not told lost."""
    unruled: Counter[int] = Counter()
    for entry in entries:
        if isinstance(entry, record.Batch) and entry.dictionary not in (
            SPOOL_DICTIONARY_NUMBER,
            *dictionaries,
        ):
            unruled[entry.dictionary] += len(entry.bodies) - entry.bodies.count(None)
    return unruled
