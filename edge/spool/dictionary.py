"""What rule indices mean, kept twice: a batch whose dictionary is gone says nothing.

A dictionary is cut into parts that fit a page. Each part lies in two tables, so on two pages,
and a dictionary is whole when each of its parts is whole in one of them. Of a dictionary that is
lost for good an empty one is kept in its place, so that the loss is told once.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from edge.errors import Kind
from edge.spool.database import StorageError
from edge.spool.record import open_batch
from edge.spool.rows import Rows
from edge.spool.seal import righted, sealed
from edge.wire.v1 import event_pb2

MARK_DICTIONARY = b"vgD1"
PART_BYTES = 900
SPOOL_DICTIONARY_NUMBER = 1
GAP_RULE, STORAGE_RULE = "health/spool_gap", "health/spool_damage"
GAP_RULE_INDEX, STORAGE_RULE_INDEX = 1, 2
LOST_CONTENT = b""

_PART = struct.Struct("<4sQIHHH")  # mark, epoch, number, part, parts, bytes
_COPIES = 2
_ROWS_PER_LOOK = 256


@dataclass(frozen=True, slots=True)
class DictionaryPart:
    """A piece of a serialised dictionary, small enough for one page."""

    epoch: int
    number: int
    part: int
    parts: int
    piece: bytes


def spool_dictionary() -> event_pb2.Dictionary:
    """Dictionary 1 of every epoch: the spool's own rules. A constant, so damage cannot take it."""
    return event_pb2.Dictionary(
        number=SPOOL_DICTIONARY_NUMBER,
        rules=[
            event_pb2.Rule(name=GAP_RULE, function=event_pb2.FUNCTION_SPOOL_GAP),
            event_pb2.Rule(name=STORAGE_RULE, function=event_pb2.FUNCTION_STORAGE),
        ],
    )


def seal_dictionary(epoch: int, number: int, content: bytes) -> list[bytes]:
    """The rows of a serialised dictionary, in order; one for an empty one."""
    starts = range(0, max(1, len(content)), PART_BYTES)
    pieces = [content[at : at + PART_BYTES] for at in starts]
    heads = (
        _PART.pack(MARK_DICTIONARY, epoch, number, part, len(pieces), len(piece))
        for part, piece in enumerate(pieces)
    )
    return [sealed(head + piece) for head, piece in zip(heads, pieces, strict=True)]


def open_dictionary(row: bytes, epoch: int | None) -> DictionaryPart | None:
    """The piece of a dictionary in a row, or None."""
    if len(row) < _PART.size:
        return None
    head = righted(row, _PART.size + _PART.unpack_from(row)[5])
    if head is None or not head.startswith(MARK_DICTIONARY):
        return None
    _, found_epoch, number, part, parts, _ = _PART.unpack_from(head)
    if epoch is not None and found_epoch != epoch:
        return None
    return DictionaryPart(found_epoch, number, part, parts, head[_PART.size :])


def join_dictionaries(parts: Iterable[DictionaryPart]) -> dict[int, bytes]:
    """Serialised dictionaries by number, those of which every part is there.

    Parts may come more than once; what is there outweighs the mark of its loss.
    """
    pieces: dict[int, dict[int, bytes]] = {}
    counts: dict[int, int] = {}
    joined: dict[int, bytes] = {}
    for part in parts:
        if part.piece:
            pieces.setdefault(part.number, {})[part.part] = part.piece
            counts[part.number] = part.parts
        else:
            joined[part.number] = LOST_CONTENT
    for number, found in pieces.items():
        if len(found) == counts[number]:
            joined[number] = b"".join(found[part] for part in range(counts[number]))
    return joined


def read_content(rows: Rows, epoch: int, number: int) -> bytes | None:
    """A serialised dictionary, LOST_CONTENT when its loss was told, None when it cannot be read."""
    return join_dictionaries(_parts(rows, epoch, number)).get(number)


def read_needed(rows: Rows, epoch: int, number: int) -> bytes | None:
    """As `read_content`; raises StorageError DATA_LOSS when events need what cannot be read."""
    content = read_content(rows, epoch, number)
    if content is None and _is_named(rows, epoch, number):
        raise StorageError(Kind.DATA_LOSS, "the file is damaged")
    return content


def ensure_declared(rows: Rows, epoch: int, number: int, content: bytes) -> bool:
    """True when the dictionary of this number says this; a copy that is not whole is mended."""
    parts = _parts(rows, epoch, number)
    if join_dictionaries(parts).get(number) != content:
        return False
    sealed_rows = seal_dictionary(epoch, number, content)
    if len(parts) < _COPIES * len(sealed_rows):
        rows.put_dictionary(number, sealed_rows)
    return True


class Functions:
    """Which function a rule has, remembered; owned by whoever keeps the quota."""

    def __init__(self) -> None:
        self._functions: dict[tuple[int, int], list[int] | None] = {}

    def find(self, rows: Rows, epoch: int, number: int, rule: int) -> int | None:
        """The function of a rule; None when its dictionary is not to be had."""
        if number == SPOOL_DICTIONARY_NUMBER:
            return event_pb2.FUNCTION_STORAGE
        if (epoch, number) not in self._functions:
            content = read_content(rows, epoch, number)
            rules = event_pb2.Dictionary.FromString(content).rules if content else ()
            self._functions[epoch, number] = [each.function for each in rules] or None
        functions = self._functions[epoch, number]
        return functions[rule - 1] if functions and rule <= len(functions) else None


def _parts(rows: Rows, epoch: int, number: int) -> list[DictionaryPart]:
    found = [open_dictionary(row, epoch) for row in rows.dictionary_parts(number)]
    return [part for part in found if part is not None and part.number == number]


def _is_named(rows: Rows, epoch: int, number: int) -> bool:
    seq = 0
    while found := rows.after(seq, _ROWS_PER_LOOK):
        for row in found:
            batch = open_batch(row.body, epoch)
            if batch is not None and batch.dictionary == number:
                return True
        seq = found[-1].last_seq
    return False
