"""A small record in two places: either may be lost, damaged or put back to an older one.

Each copy carries a serial number and a check. The newer good copy counts; the places are written
one after the other, so a cut leaves at least one of them whole.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.mandate.problem import MandateError
from edge.whole_file import read_bounded, write_whole
from edge.wire.fields import Fields
from edge.wire.strict_json import parse_object, write_object

_FORMAT = 1
_MAX_SERIAL = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Copy:
    """One good copy. fields: all keys but format, serial and check; the reader closes them."""

    serial: int
    fields: Fields


def write_copies(
    paths: Sequence[Path], record: dict[str, object], serial: int, *, folder_mode: int = 0o751
) -> None:
    """Write a record to every place in turn. Raises OSError."""
    sealed: dict[str, object] = {"format": _FORMAT, "serial": serial, **record}
    text = write_object(sealed | {"check": _check(sealed)})
    for path in paths:
        write_whole(path, text, folder_mode=folder_mode)


def read_copy(path: Path, what: str, max_bytes: int) -> Copy | None:
    """The copy in one place; None: there is none, or it is damaged."""
    content = read_bounded(path, max_bytes)
    if content is None:
        return None
    try:
        record = parse_object(content, what=what, max_bytes=max_bytes, refusal=MandateError)
    except MandateError:
        return None
    fields = Fields(record)
    fields.whole("format", least=_FORMAT, most=_FORMAT)
    serial = fields.whole("serial", least=1, most=_MAX_SERIAL)
    check = fields.sha256("check")
    unchecked = {key: record[key] for key in record if key != "check"}
    return None if fields.problems or check != _check(unchecked) else Copy(serial, fields)


def _check(record: dict[str, object]) -> str:
    """Finds a flipped bit, not a forger: whoever can write here is the room itself."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
