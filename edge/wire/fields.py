"""Strict reading of small JSON objects that come from another process or another machine.

Nothing is guessed: a field is of its type and within its bounds or the object is refused, a name
that is not read is refused, a name that stands twice is refused.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence

from edge.errors import Kind, VigieError

MAX_WHOLE = 2**63 - 1
# The end of the year 9999: what every calendar here can still write down.
MAX_UTC_MS = 253_402_300_799_999


class FieldError(VigieError):
    """A field of an object is missing, of another type or out of bounds; it is named."""


class Fields:
    """One JSON object that is being read. `what` names it in messages; call `end` after the last.

    Every reader raises FieldError(INVALID_ARGUMENT).
    """

    def __init__(self, found: object, what: str) -> None:
        if not isinstance(found, dict):
            raise _refusal(what, "is no JSON object")
        self._found: dict[str, object] = dict(found)
        self._what = what

    def text(
        self, name: str, *, max_chars: int, min_chars: int = 1, pattern: str | None = None
    ) -> str:
        """A string of so many characters, none of them a control character."""
        value = self._take(name)
        if not isinstance(value, str) or not min_chars <= len(value) <= max_chars:
            raise self._bad(name, f"is no text of {min_chars} to {max_chars} characters")
        if any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 for letter in value):
            raise self._bad(name, "holds control characters")
        if pattern is not None and not re.fullmatch(pattern, value):
            raise self._bad(name, "is written in a way that is not allowed")
        return value

    def letter(self, name: str, *, max_chars: int) -> str:
        """A text of any characters that UTF-8 has, line ends among them; it is passed on unread."""
        value = self._take(name)
        if not isinstance(value, str) or not 1 <= len(value) <= max_chars:
            raise self._bad(name, f"is no text of 1 to {max_chars} characters")
        if any(0xD800 <= ord(letter) < 0xE000 for letter in value):
            raise self._bad(name, "holds half characters")
        return value

    def choice(self, name: str, among: Sequence[str]) -> str:
        """One of the given words."""
        value = self._take(name)
        if not isinstance(value, str) or value not in among:
            raise self._bad(name, f"is none of {', '.join(among)}")
        return value

    def whole(self, name: str, *, least: int = 0, most: int = MAX_WHOLE) -> int:
        """A whole number within bounds, both included."""
        value = self._take(name)
        if type(value) is not int or not least <= value <= most:
            raise self._bad(name, f"is no whole number from {least} to {most}")
        return value

    def utc_ms(self, name: str) -> int:
        """A moment, milliseconds since 1970-01-01 UTC, before the year 10000."""
        return self.whole(name, most=MAX_UTC_MS)

    def whole_or_none(self, name: str, *, least: int = 0, most: int = MAX_WHOLE) -> int | None:
        """A whole number within bounds, or null."""
        if self._found.get(name, 0) is None:
            del self._found[name]
            return None
        return self.whole(name, least=least, most=most)

    def text_or_none(self, name: str, *, max_chars: int) -> str | None:
        """A string, or null."""
        if self._found.get(name, 0) is None:
            del self._found[name]
            return None
        return self.text(name, max_chars=max_chars)

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._take(name)
        if not isinstance(value, bool):
            raise self._bad(name, "is neither true nor false")
        return value

    def digest(self, name: str) -> bytes:
        """32 bytes in lower-case hexadecimal."""
        value = self._take(name)
        if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{64}", value):
            raise self._bad(name, "is no SHA-256 in lower-case hexadecimal")
        return bytes.fromhex(value)

    def key(self, name: str) -> bytes:
        """A raw key of 32 bytes in base64."""
        value = self._take(name)
        try:
            found = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
        except binascii.Error:
            found = b""
        if len(found) != 32 or base64.b64encode(found).decode() != value:
            raise self._bad(name, "is no key of 32 bytes in base64")
        return found

    def group(self, name: str) -> "Fields":
        """An object within."""
        return Fields(self._take(name), f"{self._what}.{name}")

    def group_or_none(self, name: str) -> "Fields | None":
        """An object within, or null."""
        if self._found.get(name, 0) is None:
            del self._found[name]
            return None
        return self.group(name)

    def groups(self, name: str, *, most: int, least: int = 0) -> list["Fields"]:
        """A list of objects within, so many of them."""
        return [
            Fields(each, f"{self._what}.{name}[{number}]")
            for number, each in enumerate(self._list(name, least, most))
        ]

    def digests(self, name: str, *, most: int, least: int = 0) -> list[str]:
        """A list of SHA-256 in lower-case hexadecimal, no two alike."""
        found = [
            Fields({"value": each}, f"{self._what}.{name}[{number}]").digest("value").hex()
            for number, each in enumerate(self._list(name, least, most))
        ]
        if len(set(found)) != len(found):
            raise self._bad(name, "names the same twice")
        return found

    def scalars(self) -> dict[str, str | int | None]:
        """All that is left: texts, whole numbers and nulls only."""
        found: dict[str, str | int | None] = {}
        for name in list(self._found):
            value = self._take(name)
            if value is not None and type(value) not in {str, int}:
                raise self._bad(name, "is neither a text nor a whole number")
            assert value is None or isinstance(value, str | int)
            found[name] = value
        return found

    def end(self) -> None:
        """Refuse what was not read."""
        for name in self._found:
            raise self._bad(name[:40], "is not known")

    def _list(self, name: str, least: int, most: int) -> list[object]:
        value = self._take(name)
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise self._bad(name, f"is no list of {least} to {most}")
        return value

    def _take(self, name: str) -> object:
        if name not in self._found:
            raise self._bad(name, "is missing")
        return self._found.pop(name)

    def _bad(self, name: str, fault: str) -> FieldError:
        return _refusal(f"{self._what}.{name}", fault)


def read_object(text: str | bytes, what: str, *, max_bytes: int) -> Fields:
    """The one JSON object that a text is. Raises FieldError(INVALID_ARGUMENT)."""
    if len(text) > max_bytes:
        raise _refusal(what, f"is longer than {max_bytes} bytes")
    try:
        found = json.loads(text, object_pairs_hook=_refuse_doubles, parse_constant=_refuse_word)
    except (ValueError, RecursionError) as error:
        raise _refusal(what, "is not JSON") from error
    return Fields(found, what)


def _refuse_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse_word(word: str) -> object:
    raise ValueError(f"{word} is no number")


def _refusal(what: str, fault: str) -> FieldError:
    return FieldError(Kind.INVALID_ARGUMENT, f"{what} {fault}")
