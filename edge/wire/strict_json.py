"""JSON from somebody we do not believe yet: bounded before it is parsed, and without surprises.

Size and depth are checked on the bytes, so that ten megabytes or ten thousand brackets cost
nothing. A key that stands twice, NaN and Infinity are refused: two readers must never see two
different documents in one text.
"""

import json
import re
from typing import NoReturn

from edge.errors import Kind
from edge.wire.problem import ProblemsError

MAX_DEPTH = 12
# A text or a bracket. A text without an end is one too, up to the last byte: were it none, each of
# its quotes would be tried as a beginning, and sixty kilobytes would cost minutes.
_TEXT_OR_BRACKET = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)


def parse_object(
    received: bytes, *, what: str, max_bytes: int, refusal: type[ProblemsError]
) -> dict[str, object]:
    """The JSON object in some bytes. what: what to call it. Raises the refusal that is given."""
    if len(received) > max_bytes:
        raise refusal(Kind.INVALID_ARGUMENT, f"{what} has more than {max_bytes} bytes")
    if _depth(received) > MAX_DEPTH:
        wrong = f"{what} is nested deeper than {MAX_DEPTH} levels"
        raise refusal(Kind.INVALID_ARGUMENT, wrong)
    found, wrong = _parse(received)
    if wrong:
        raise refusal(Kind.INVALID_ARGUMENT, f"{what} {wrong}")
    if not isinstance(found, dict):
        raise refusal(Kind.INVALID_ARGUMENT, f"{what} is no JSON object")
    return found


def write_object(record: dict[str, object]) -> bytes:
    """One text for one object: indented, as a person may read it, with a newline at the end."""
    return json.dumps(record, ensure_ascii=False, indent=2).encode() + b"\n"


class _TwiceError(Exception):
    """A key that stands twice in one object."""


def _parse(received: bytes) -> tuple[object, str]:
    """The value of a text, and what is wrong with the text, if anything is."""
    try:
        text = received.decode("utf-8")
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number), ""
    except UnicodeDecodeError:
        return None, "is not UTF-8 text"
    except json.JSONDecodeError as wrong:
        return None, f"is not JSON: {wrong.msg} at line {wrong.lineno}, column {wrong.colno}"
    except _TwiceError as twice:
        return None, f"has the key {twice} twice"
    except (ValueError, RecursionError):
        return None, "is not JSON that can be read"


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _TwiceError(json.dumps(name[:64]))
            seen.add(name)
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _depth(received: bytes) -> int:
    """Deepest nesting of brackets outside texts."""
    deepest = depth = 0
    for found in _TEXT_OR_BRACKET.finditer(received):
        sign = found[0]
        if sign in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in b"]}":
            depth -= 1
    return deepest
