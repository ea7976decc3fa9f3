"""The bytes of events in a row, sealed so that each can be told true from damaged.

In a batch, the header with the table of lengths has one CRC, and each event has another over
(epoch, seq, body): an event that was moved, or that belongs to another spool, does not pass as
this one. A header with one wrong bit is put right, and each event's own CRC then proves it. An
event's body is never put right; a wrong bit there costs that event, and the reader names it.

What is appended at once may be more than a row holds: a row must stay inside one page, so that
the raw file holds it in one piece, and pages are small because a commit writes whole ones.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from edge.spool.seal import CRC, crc_of, opened, righted, sealed
from edge.wire.v1 import event_pb2

MARK_BATCH = b"vgB1"
MARK_GAP = b"vgG1"

# mark, epoch, first seq, acked seq when written, capture time, dictionary, clock error + 1
# (0: not proven), events, generation (raised when the quota thins the batch).
_BATCH = struct.Struct("<4sQQQQIIHB")
_GAP = struct.Struct("<4sQQQQQB")  # mark, epoch, first, last, acked, capture time, reason
_PLACE = struct.Struct("<QQ")
_LENGTH_BYTES = 2
_EVENT_BYTES = _LENGTH_BYTES + CRC.size  # what a row holds of an event beside its body
# A page of 1 KiB holds a row of 985 bytes whole; a longer one would run over into others.
MAX_ROW_BYTES = 980
# Rows of a spool made with pages of 4 KiB are this long at most; a salvager looks so far.
MAX_OLD_ROW_BYTES = 3_900
MAX_APPEND_EVENTS = 32
HEAD_BYTES = _BATCH.size + _LENGTH_BYTES * MAX_APPEND_EVENTS + CRC.size


@dataclass(frozen=True, slots=True)
class Batch:
    """Events with consecutive seqs as one row holds them.

    acked_seq: what was acknowledged when the row was written; a floor for a salvager.
    bodies: serialised event_pb2.Event each; None where the quota dropped the event, or, after
    reading, where `damaged` says so.
    damaged: places in `bodies` whose CRC did not match.
    """

    epoch: int
    first_seq: int
    acked_seq: int
    captured_utc_ms: int
    dictionary: int
    clock_error_ms: int | None
    bodies: tuple[bytes | None, ...]
    generation: int = 0
    damaged: frozenset[int] = frozenset()

    @property
    def last_seq(self) -> int:
        """Seq of the last event, dropped ones included."""
        return self.first_seq + len(self.bodies) - 1


@dataclass(frozen=True, slots=True)
class Lost:
    """A stretch of seqs of which nothing is left."""

    epoch: int
    first_seq: int
    last_seq: int
    acked_seq: int
    captured_utc_ms: int
    reason: event_pb2.GapReason.ValueType


def seal_batch(batch: Batch) -> bytes:
    """The row of a batch."""
    return seal_events(
        batch.bodies,
        epoch=batch.epoch,
        first_seq=batch.first_seq,
        acked_seq=batch.acked_seq,
        captured_utc_ms=batch.captured_utc_ms,
        dictionary=batch.dictionary,
        clock_error_ms=batch.clock_error_ms,
        generation=batch.generation,
    )


def seal_events(
    bodies: Sequence[bytes | None],
    *,
    epoch: int,
    first_seq: int,
    acked_seq: int,
    captured_utc_ms: int,
    dictionary: int,
    clock_error_ms: int | None,
    generation: int = 0,
) -> bytes:
    """The row of events; the fields are those of `Batch`."""
    header = _BATCH.pack(
        MARK_BATCH,
        epoch,
        first_seq,
        acked_seq,
        captured_utc_ms,
        dictionary,
        0 if clock_error_ms is None else clock_error_ms + 1,
        len(bodies),
        generation,
    )
    sizes = [0 if body is None else len(body) for body in bodies]
    header += struct.pack(f"<{len(sizes)}H", *sizes)
    pieces = [header, crc_of(header)]
    for seq, body in enumerate(bodies, first_seq):
        if body is not None:
            pieces.append(crc_of(_PLACE.pack(epoch, seq) + body))
            pieces.append(body)
    return b"".join(pieces)


def split(batch: Batch) -> Iterator[Batch]:
    """The batch as batches that fit a row each."""
    place = 0
    for bodies in in_rows(batch.bodies):
        yield replace(batch, first_seq=batch.first_seq + place, bodies=tuple(bodies))
        place += len(bodies)


def rejoined(entries: Iterable[Batch | Lost]) -> Iterator[Batch | Lost]:
    """The entries in order, with rows that were appended together as the one batch they were."""
    held: Batch | Lost | None = None
    for entry in entries:
        joined = _joined(held, entry)
        if held is not None and joined is None:
            yield held
        held = joined or entry
    if held is not None:
        yield held


def _joined(batch: Batch | Lost | None, following: Batch | Lost) -> Batch | None:
    """The two as one; None when they must stay apart."""
    if not isinstance(batch, Batch) or not isinstance(following, Batch):
        return None
    count = len(batch.bodies)
    is_next = following.first_seq == batch.first_seq + count
    fits = count + len(following.bodies) <= MAX_APPEND_EVENTS
    if not is_next or not fits or _shared(batch) != _shared(following):
        return None
    damaged = batch.damaged | {count + place for place in following.damaged}
    return replace(batch, bodies=batch.bodies + following.bodies, damaged=damaged)


def _shared(batch: Batch) -> tuple[int, int, int, int | None]:
    """What the events of one batch have in common."""
    return batch.epoch, batch.captured_utc_ms, batch.dictionary, batch.clock_error_ms


def in_rows(bodies: Sequence[bytes | None]) -> Iterator[Sequence[bytes | None]]:
    """The bodies in order, in pieces that fit a row each; a row takes what it can hold."""
    if len(bodies) == 1:
        yield bodies
        return
    first = 0
    size_bytes = _BATCH.size + CRC.size
    for place, body in enumerate(bodies):
        more_bytes = _EVENT_BYTES + len(body or b"")
        if place > first and size_bytes + more_bytes > MAX_ROW_BYTES:
            yield bodies[first:place]
            first, size_bytes = place, _BATCH.size + CRC.size
        size_bytes += more_bytes
    yield bodies[first:]


def open_batch(row: bytes, epoch: int | None) -> Batch | None:
    """The batch in a row (bytes after its end are ignored), or None when no header can be read.

    epoch: the spool's; a batch of another is not one. None takes any.
    """
    if len(row) < _BATCH.size:
        return None
    count = _BATCH.unpack_from(row)[7]
    header = righted(row, _BATCH.size + _LENGTH_BYTES * count)
    if header is None and (count_guess := _count_behind_one_flip(row)):
        header = righted(row, _BATCH.size + _LENGTH_BYTES * count_guess)
    if header is None or not header.startswith(MARK_BATCH):
        return None
    found = _BATCH.unpack_from(header)
    if epoch is not None and found[1] != epoch:
        return None
    return _read_bodies(row, header, found)


def open_span(row: bytes, epoch: int) -> tuple[int, int] | None:
    """First and last seq of a row, out of its first HEAD_BYTES; None unless it is whole."""
    if row.startswith(MARK_BATCH) and len(row) >= _BATCH.size:
        found = _BATCH.unpack_from(row)
        first_seq, last_seq = found[2], found[2] + found[7] - 1
        size = _BATCH.size + _LENGTH_BYTES * found[7]
    elif row.startswith(MARK_GAP) and len(row) >= _GAP.size:
        found = _GAP.unpack_from(row)
        first_seq, last_seq = found[2], found[3]
        size = _GAP.size
    else:
        return None
    if found[1] != epoch or row[size : size + 4] != crc_of(row[:size]):
        return None
    return first_seq, last_seq


def _read_bodies(
    row: bytes, header: bytes, found: tuple[bytes, int, int, int, int, int, int, int, int]
) -> Batch:
    _, epoch, first_seq, acked_seq, captured_utc_ms, dictionary, clock_error, count, generation = (
        found
    )
    lengths = struct.unpack_from(f"<{count}H", header, _BATCH.size)
    offset = len(header) + CRC.size
    bodies: list[bytes | None] = []
    damaged: set[int] = set()
    for place, length in enumerate(lengths):
        if not length:
            bodies.append(None)
            continue
        body = row[offset + CRC.size : offset + CRC.size + length]
        key = _PLACE.pack(epoch, first_seq + place)
        is_whole = row[offset : offset + CRC.size] == crc_of(key + body)
        bodies.append(body if is_whole else None)
        if not is_whole:
            damaged.add(place)
        offset += CRC.size + length
    return Batch(
        epoch=epoch,
        first_seq=first_seq,
        acked_seq=acked_seq,
        captured_utc_ms=captured_utc_ms,
        dictionary=dictionary,
        clock_error_ms=clock_error - 1 if clock_error else None,
        bodies=tuple(bodies),
        generation=generation,
        damaged=frozenset(damaged),
    )


def _count_behind_one_flip(row: bytes) -> int | None:
    """The number of events whose header proves itself when one bit of that number is wrong."""
    count: int = _BATCH.unpack_from(row)[7]
    for bit in range(_LENGTH_BYTES * 8):
        guess = count ^ 1 << bit
        size = _BATCH.size + _LENGTH_BYTES * guess
        if 0 < guess <= MAX_APPEND_EVENTS and righted(row, size) is not None:
            return guess
    return None


def seal_lost(lost: Lost) -> bytes:
    """The row of a stretch of which nothing is left."""
    return sealed(
        _GAP.pack(
            MARK_GAP,
            lost.epoch,
            lost.first_seq,
            lost.last_seq,
            lost.acked_seq,
            lost.captured_utc_ms,
            lost.reason,
        )
    )


def open_lost(row: bytes, epoch: int | None) -> Lost | None:
    """The stretch in a row, or None."""
    return opened(row, _GAP, MARK_GAP, epoch, Lost)
