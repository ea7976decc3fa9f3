"""The files of one room: accepted envelopes, floors in two places, a clock that only goes on.

Each file is written whole, synced and renamed. The floors go to disk before the envelopes, and
both before a new mandate holds: a cut between them leaves a floor without its mandate, and the
same envelope fills the hole when it is offered again.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path

from edge.mandate.copies import read_copy, write_copies
from edge.mandate.places import Places
from edge.mandate.problem import MandateError
from edge.mandate.register import MAX_HELD, MAX_REVOKED_AHEAD, Floors, Mark, Register
from edge.mandate.statement import MAX_VERSION
from edge.whole_file import read_bounded, write_whole
from edge.wire.fields import Fields
from edge.wire.strict_json import parse_object, write_object

_FORMAT = 1
_MAX_FLOOR_BYTES = 32_768
_MAX_MANDATE_BYTES = 1_000_000
_MAX_SERIAL = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Stored:
    """What was read. floors: None when both places are damaged; then nothing may hold."""

    floors: Floors | None
    envelopes: tuple[bytes, ...]
    clock_floor_utc_ns: int
    is_whole: bool


class Store:
    """Reads and writes one room's files. Raises OSError where the disk refuses a write."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._serial = 0

    def read(self) -> Stored:
        """Everything as it was left; nothing here is a reason to believe an envelope."""
        copies = [_read_floor(path) for path in self._places.floors]
        good = [copy for copy in copies if copy is not None]
        newest = max(good, key=lambda copy: copy.serial, default=None)
        has_any = any(path.exists() for path in (*self._places.floors, self._places.mandate))
        floors = newest.floors if newest else (None if has_any else Floors())
        self._serial = newest.serial if newest else 0
        return Stored(
            floors=floors,
            envelopes=_read_envelopes(self._places.mandate),
            clock_floor_utc_ns=max(
                [_read_clock(self._places.clock_floor), *(copy.clock_utc_ns for copy in good)]
            ),
            is_whole=not has_any or (len(good) == len(copies) and copies[0] == copies[1]),
        )

    def write_register(self, register: Register, clock_floor_utc_ns: int) -> None:
        """Floors in both places, then the envelopes."""
        self._serial += 1
        floors = _floor_record(register.floors, clock_floor_utc_ns)
        write_copies(self._places.floors, floors, self._serial)
        texts: list[object] = [held.envelope.decode() for held in register.held]
        record: dict[str, object] = {"format": _FORMAT, "envelopes": texts}
        write_whole(self._places.mandate, write_object(record))

    def write_clock_floor(self, utc_ns: int) -> None:
        """A moment that is certainly past."""
        text = str(utc_ns).encode()
        write_whole(self._places.clock_floor, b"%b %08x\n" % (text, zlib.crc32(text)))

    def write_question(self, nonce: bytes) -> None:
        """The question for the link to carry; it alone may be read by others."""
        write_whole(self._places.time_question, f"{nonce.hex()}\n".encode(), mode=0o644)


@dataclass(frozen=True, slots=True)
class _FloorCopy:
    floors: Floors
    serial: int
    clock_utc_ns: int


def _floor_record(floors: Floors, clock_utc_ns: int) -> dict[str, object]:
    return {
        "highest": floors.highest,
        "marks": [
            {"version": mark.version, "sha256": mark.sha256, "is_revoked": mark.is_revoked}
            for mark in floors.marks
        ],
        "revoked_ahead": list(floors.revoked_ahead),
        "clock_utc_ns": clock_utc_ns,
    }


def _read_floor(path: Path) -> _FloorCopy | None:
    copy = read_copy(path, "the floor", _MAX_FLOOR_BYTES)
    if copy is None:
        return None
    fields = copy.fields
    highest = fields.whole("highest", least=0, most=MAX_VERSION)
    marks = tuple(_read_mark(each) for each in fields.objects("marks", least=0, most=MAX_HELD))
    ahead = tuple(
        str(each) for each in fields.items("revoked_ahead", least=0, most=MAX_REVOKED_AHEAD)
    )
    clock_utc_ns = fields.whole("clock_utc_ns", least=0, most=_MAX_SERIAL)
    fields.close()
    if fields.problems:
        return None
    return _FloorCopy(Floors(highest, marks, ahead), copy.serial, clock_utc_ns)


def _read_mark(fields: Fields) -> Mark:
    version = fields.whole("version", least=1, most=MAX_VERSION)
    digest, is_revoked = fields.sha256("sha256"), fields.flag("is_revoked")
    fields.close()
    return Mark(version, digest, is_revoked)


def _read_envelopes(path: Path) -> tuple[bytes, ...]:
    content = read_bounded(path, _MAX_MANDATE_BYTES)
    if content is None:
        return ()
    try:
        record = parse_object(
            content, what="the mandates", max_bytes=_MAX_MANDATE_BYTES, refusal=MandateError
        )
    except MandateError:
        return ()
    found = record.get("envelopes")
    return tuple(str(each).encode() for each in found) if isinstance(found, list) else ()


def _read_clock(path: Path) -> int:
    """A damaged file is none: the floors keep a moment too, of the last mandate."""
    text, _, check = (read_bounded(path, 64) or b"").strip().partition(b" ")
    is_whole = text.isdigit() and check == b"%08x" % zlib.crc32(text)
    return int(text) if is_whole else 0
