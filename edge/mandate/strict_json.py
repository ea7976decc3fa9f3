"""JSON from somebody we do not believe yet: bounded before it is parsed, and without surprises.

Size and depth are checked on the bytes, so that ten megabytes or ten thousand brackets cost
nothing. A key that stands twice, NaN and Infinity are refused: two readers must never see two
different documents in one text.
"""

import json
import re
from typing import NoReturn

from edge.mandate.problem import refuse

MAX_DEPTH = 12
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


def parse_object(received: bytes, *, what: str, max_bytes: int) -> dict[str, object]:
    """The JSON object in some bytes. what: what to call it. Raises MandateError."""
    if len(received) > max_bytes:
        raise refuse(f"{what} has more than {max_bytes} bytes")
    if _depth(received) > MAX_DEPTH:
        raise refuse(f"{what} is nested deeper than {MAX_DEPTH} levels")
    try:
        found: object = json.loads(
            received.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_number
        )
    except UnicodeDecodeError:
        raise refuse(f"{what} is not UTF-8 text") from None
    except json.JSONDecodeError as wrong:
        place = f"line {wrong.lineno}, column {wrong.colno}"
        raise refuse(f"{what} is not JSON: {wrong.msg} at {place}") from None
    except _TwiceError as twice:
        raise refuse(f"{what} has the key {twice} twice") from None
    except (ValueError, RecursionError):
        raise refuse(f"{what} is not JSON that can be read") from None
    if not isinstance(found, dict):
        raise refuse(f"{what} is no JSON object")
    return found


def write_object(record: dict[str, object]) -> bytes:
    """One text for one object: indented, as a person may read it, with a newline at the end."""
    return json.dumps(record, ensure_ascii=False, indent=2).encode() + b"\n"


class _TwiceError(Exception):
    """A key that stands twice in one object."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(json.dumps(name) for name in names if names.count(name) > 1))
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _depth(received: bytes) -> int:
    """Deepest nesting of brackets outside texts."""
    deepest = depth = 0
    for bracket in _BRACKET.findall(_TEXT.sub(b"", received)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest
