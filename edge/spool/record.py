"""The bytes of a row, sealed so that each can be told true from damaged, and found without SQLite.

Every row begins with a four-byte mark and the spool's epoch and carries its own CRC-32C, so a
salvager finds rows in the raw file when the tree above them is broken. In a batch, the header
with the table of lengths has one CRC, and each event has another over (epoch, seq, body): an
event that was moved, or that belongs to another spool, does not pass as this one.

A header with one wrong bit is put right: CRC-32C keeps Hamming distance 6 over the longest
header here, so the answer is unique, and each event's own CRC then proves it. An event's body
is never put right; a wrong bit there costs that event, and the reader names it.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import google_crc32c

from edge.wire.v1 import event_pb2

MARK_BATCH = b"vgB1"
MARK_GAP = b"vgG1"
MARK_STATE = b"vgS1"
MARK_DICTIONARY = b"vgD1"

# mark, epoch, first seq, acked seq when written, capture time, dictionary, clock error + 1
# (0: not proven), events, generation (raised when the quota thins the batch).
_BATCH = struct.Struct("<4sQQQQIIHB")
_GAP = struct.Struct("<4sQQQQQB")  # mark, epoch, first, last, acked, capture time, reason
_STATE = struct.Struct("<4sQQQI")  # mark, epoch, last seq, acked seq, last dictionary
_PART = struct.Struct("<4sQIHHH")  # mark, epoch, number, part, parts, bytes
_CRC = struct.Struct("<I")
_PLACE = struct.Struct("<QQ")
_LENGTH_BYTES = 2
# A row must stay inside one 4 KiB page, so that the raw file holds it in one piece.
MAX_ROW_BYTES = 3_900
MAX_ROW_EVENTS = 32
HEAD_BYTES = _BATCH.size + _LENGTH_BYTES * MAX_ROW_EVENTS + _CRC.size
PART_BYTES = 2_048

Row = TypeVar("Row")


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


@dataclass(frozen=True, slots=True)
class State:
    """What must outlive the rows: seqs never begin again, dictionaries are never renumbered."""

    epoch: int
    last_seq: int = 0
    acked_seq: int = 0
    last_dictionary: int = 1


@dataclass(frozen=True, slots=True)
class DictionaryPart:
    """A piece of a serialised dictionary, small enough for one page."""

    epoch: int
    number: int
    part: int
    parts: int
    piece: bytes


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
    pieces = [header, _CRC.pack(google_crc32c.value(header))]
    for seq, body in enumerate(bodies, first_seq):
        if body is not None:
            pieces.append(_CRC.pack(google_crc32c.value(_PLACE.pack(epoch, seq) + body)))
            pieces.append(body)
    return b"".join(pieces)


def batch_bytes(bodies: Sequence[bytes]) -> int:
    """How long the row of these bodies will be."""
    per_event = _LENGTH_BYTES + _CRC.size
    return _BATCH.size + _CRC.size + per_event * len(bodies) + sum(map(len, bodies))


def open_batch(row: bytes, epoch: int | None) -> Batch | None:
    """The batch in a row (bytes after its end are ignored), or None when no header can be read.

    epoch: the spool's; a batch of another is not one. None takes any.
    """
    if len(row) < _BATCH.size:
        return None
    count = _BATCH.unpack_from(row)[7]
    header = _righted(row, _BATCH.size + _LENGTH_BYTES * count)
    if header is None and (count_guess := _count_behind_one_flip(row)):
        header = _righted(row, _BATCH.size + _LENGTH_BYTES * count_guess)
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
    if found[1] != epoch or row[size : size + 4] != _CRC.pack(google_crc32c.value(row[:size])):
        return None
    return first_seq, last_seq


def _read_bodies(
    row: bytes, header: bytes, found: tuple[bytes, int, int, int, int, int, int, int, int]
) -> Batch:
    _, epoch, first_seq, acked_seq, captured_utc_ms, dictionary, clock_error, count, generation = (
        found
    )
    lengths = struct.unpack_from(f"<{count}H", header, _BATCH.size)
    offset = len(header) + _CRC.size
    bodies: list[bytes | None] = []
    damaged: set[int] = set()
    for place, length in enumerate(lengths):
        if not length:
            bodies.append(None)
            continue
        body = row[offset + _CRC.size : offset + _CRC.size + length]
        key = _PLACE.pack(epoch, first_seq + place)
        is_whole = row[offset : offset + _CRC.size] == _CRC.pack(google_crc32c.value(key + body))
        bodies.append(body if is_whole else None)
        if not is_whole:
            damaged.add(place)
        offset += _CRC.size + length
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
        if 0 < guess <= MAX_ROW_EVENTS and _righted(row, size) is not None:
            return guess
    return None


def _righted(row: bytes, header_bytes: int) -> bytes | None:
    """The first `header_bytes` bytes if the CRC behind them agrees, at most one bit put right."""
    if len(row) < header_bytes + _CRC.size:
        return None
    header = bytearray(row[:header_bytes])
    stated: int = _CRC.unpack_from(row, header_bytes)[0]
    difference = google_crc32c.value(bytes(header)) ^ stated
    if not difference or difference.bit_count() == 1:
        return bytes(header)
    for bit in range(header_bytes * 8):
        header[bit >> 3] ^= 1 << (bit & 7)
        if google_crc32c.value(bytes(header)) == stated:
            return bytes(header)
        header[bit >> 3] ^= 1 << (bit & 7)
    return None


def seal_lost(lost: Lost) -> bytes:
    """The row of a stretch of which nothing is left."""
    return _sealed(
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
    return _opened(row, _GAP, MARK_GAP, epoch, Lost)


def seal_state(state: State) -> bytes:
    """The row of the state."""
    return _sealed(
        _STATE.pack(MARK_STATE, state.epoch, state.last_seq, state.acked_seq, state.last_dictionary)
    )


def open_state(row: bytes) -> State | None:
    """The state in a row, or None."""
    return _opened(row, _STATE, MARK_STATE, None, State)


def seal_dictionary(epoch: int, number: int, content: bytes) -> list[bytes]:
    """The rows of a serialised dictionary, in order."""
    pieces = [content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)]
    rows = []
    for part, piece in enumerate(pieces):
        head = _PART.pack(MARK_DICTIONARY, epoch, number, part, len(pieces), len(piece))
        rows.append(_sealed(head + piece))
    return rows


def open_dictionary(row: bytes, epoch: int | None) -> DictionaryPart | None:
    """The piece of a dictionary in a row, or None."""
    if len(row) < _PART.size:
        return None
    size = _PART.size + _PART.unpack_from(row)[5]
    head = _righted(row, size)
    if head is None or not head.startswith(MARK_DICTIONARY):
        return None
    _, found_epoch, number, part, parts, _ = _PART.unpack_from(head)
    if epoch is not None and found_epoch != epoch:
        return None
    return DictionaryPart(found_epoch, number, part, parts, head[_PART.size :])


def _sealed(content: bytes) -> bytes:
    return content + _CRC.pack(google_crc32c.value(content))


def _opened(
    row: bytes, form: struct.Struct, mark: bytes, epoch: int | None, build: Callable[..., Row]
) -> Row | None:
    content = _righted(row, form.size)
    if content is None or not content.startswith(mark):
        return None
    found = form.unpack(content)
    if epoch is not None and found[1] != epoch:
        return None
    return build(*found[1:])
