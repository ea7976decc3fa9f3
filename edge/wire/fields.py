"""Reads the keys of one JSON object and collects what is wrong, so that all of it comes at once.

Nothing is guessed: a key is of its type and within its bounds, or it is a problem; so is a key
that nobody read. A reader asks for every key, closes, and raises what was found.
"""

import difflib
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Literal, TypeVar

from edge.wire.problem import MAX_PROBLEMS, Problem, ProblemsError

MAX_WHOLE = 2**63 - 1
# The end of the year 9999: what every calendar here can still write down.
MAX_UTC_MS = 253_402_300_799_999
NEVER = datetime.max.replace(tzinfo=UTC)
"""What stands in place of a moment that cannot be read."""
_MAX_SHOWN_CHARS = 60
_HEX = re.compile(r"[0-9a-f]{64}")
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_MISSING = object()
_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
_Word = TypeVar("_Word", bound=str)


class Fields:
    """One object. A key that is wrong gives a problem and a harmless value in its place."""

    def __init__(
        self, record: object, *, path: str = "", problems: list[Problem] | None = None
    ) -> None:
        """Path: what places begin with. problems: where to collect; an inner object's outer one."""
        self.problems: list[Problem] = [] if problems is None else problems
        self._path = path
        self._asked: list[str] = []
        self._record: dict[object, object] = {}
        if isinstance(record, dict):
            self._record = record
        else:
            self._add(path, "is no object with keys and values")

    def text(self, key: str, *, longest: int, shortest: int = 1, lines: bool = False) -> str:
        """A text of so many signs that can be printed; lines: newlines may stand in it."""
        value = self._take(key)
        if isinstance(value, str) and shortest <= len(value) <= longest:
            if _is_printable(value.replace("\n", "") if lines else value):
                return value
            self.wrong(key, "has signs that cannot be printed")
        elif value is not _MISSING:
            self.wrong(key, f"is {_shown(value)}; allowed: a text of {shortest} to {longest} signs")
        return ""

    def letter(self, key: str, *, longest: int) -> str:
        """A text of 1 to so many signs, whichever UTF-8 has; it is passed on unread."""
        value = self._take(key)
        if isinstance(value, str) and 1 <= len(value) <= longest:
            if not any(0xD800 <= ord(sign) < 0xE000 for sign in value):
                return value
            self.wrong(key, "has halves of signs")
        elif value is not _MISSING:
            self.wrong(key, f"is {_shown(value)}; allowed: a text of 1 to {longest} signs")
        return ""

    def name(self, key: str) -> str:
        """A name of a device, camera or key: letters, digits, `.`, `_`, `-`; at most 64."""
        value = self._take(key)
        return self._name(key, value) if value is not _MISSING else ""

    def word(self, key: str, known: Sequence[_Word]) -> _Word | Literal[""]:
        """One of some words."""
        value = self._take(key)
        return self._known(key, value, known) if value is not _MISSING else ""

    def whole(
        self, key: str, *, least: int = 0, most: int = MAX_WHOLE, default: int | None = None
    ) -> int:
        """A whole number within bounds."""
        value = self._take(key, _MISSING if default is None else default)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        if value is not _MISSING:
            self.wrong(key, f"is {_shown(value)}; allowed: {least} to {most}")
        return least

    def utc_ms(self, key: str) -> int:
        """A moment, milliseconds since 1970-01-01 UTC, before the year 10000."""
        return self.whole(key, most=MAX_UTC_MS)

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self._take(key)
        if isinstance(value, bool):
            return value
        if value is not _MISSING:
            self.wrong(key, f"is {_shown(value)}; allowed: true or false")
        return False

    def is_null(self, key: str) -> bool:
        """Whether null stands there: the key has no value, and that is allowed."""
        return key in self._record and self._record[key] is None and self._take(key) is None

    def sha256(self, key: str) -> str:
        """64 hexadecimal digits, lower case."""
        value = self._take(key)
        return self._hash(key, value) if value is not _MISSING else ""

    def blake3(self, key: str) -> str:
        """64 hexadecimal digits, lower case."""
        value = self._take(key)
        return self._hash(key, value, "a BLAKE3") if value is not _MISSING else ""

    def moment(self, key: str) -> datetime:
        """A moment such as `2026-11-21T06:00:00Z`, with its zone."""
        value = self._take(key)
        try:
            if isinstance(value, str) and _UTC.fullmatch(value):
                return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        if value is not _MISSING:
            self.wrong(key, f"is {_shown(value)}; allowed: a moment like 2026-11-21T06:00:00Z")
        return NEVER

    def day(self, key: str) -> date | None:
        """A date such as `2026-11-21`; None where the key is left out."""
        value = self._take(key, None)
        if value is None:
            return None
        try:
            if isinstance(value, str) and len(value) == len("2026-11-21"):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.wrong(key, f"is {_shown(value)}; allowed: a date like 2026-11-21")
        return None

    def items(
        self, key: str, *, most: int, least: int = 0, default: object = _MISSING
    ) -> list[object]:
        """A list of so many items."""
        value = self._take(key, default)
        if isinstance(value, list) and least <= len(value) <= most:
            return value
        if value is not _MISSING:
            shown = f"has {len(value)} items" if isinstance(value, list) else "is no list"
            self.wrong(key, f"{shown}; allowed: {least} to {most}")
        return []

    def words(self, key: str, known: Sequence[str], *, least: int) -> tuple[str, ...]:
        """A list of some of the known words, each once."""
        found = [
            self._known(f"{key}[{index}]", value, known)
            for index, value in enumerate(self.items(key, least=least, most=len(known)))
        ]
        return self._once(key, found)

    def names(self, key: str, *, least: int, most: int) -> tuple[str, ...]:
        """A list of names, each once."""
        found = [
            self._name(f"{key}[{index}]", value)
            for index, value in enumerate(self.items(key, least=least, most=most))
        ]
        return self._once(key, found)

    def hashes(
        self, key: str, *, most: int, least: int = 0, default: object = _MISSING
    ) -> tuple[str, ...]:
        """A list of SHA-256 in hexadecimal, each once."""
        found = [
            self._hash(f"{key}[{index}]", value)
            for index, value in enumerate(self.items(key, least=least, most=most, default=default))
        ]
        return self._once(key, found)

    def hashes_by_name(self, key: str, *, most: int) -> dict[str, str]:
        """An object of names (or `*`) and SHA-256; empty where the key is left out."""
        value = self._take(key, {})
        if not isinstance(value, dict) or len(value) > most:
            self.wrong(key, f"is no object of at most {most} names and hashes")
            return {}
        found = {}
        for name, text in value.items():
            if name != "*" and not _NAME.fullmatch(str(name)):
                self.wrong(f"{key}.{_clean(str(name))}", "is no name of a camera and not *")
            elif digest := self._hash(f"{key}.{name}", text):
                found[str(name)] = digest
        return found

    def scalars(self) -> dict[str, str | int | None]:
        """All keys of this object: texts, whole numbers and nulls, under whichever names."""
        found: dict[str, str | int | None] = {}
        for key in map(str, self._record):
            value = self._take(key)
            if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
                found[key] = value
            else:
                self.wrong(_clean(key), f"is {_shown(value)}; allowed: a text or a whole number")
        return found

    def objects(
        self, key: str, *, most: int, least: int = 0, default: object = _MISSING
    ) -> list["Fields"]:
        """A list of objects, each to be read in turn."""
        return [
            Fields(item, path=f"{self._at(key)}[{index}]", problems=self.problems)
            for index, item in enumerate(self.items(key, least=least, most=most, default=default))
        ]

    def inner(self, key: str) -> "Fields":
        """An object within this one."""
        value = self._take(key)
        record = {} if value is _MISSING else value
        return Fields(record, path=self._at(key), problems=self.problems)

    def wrong(self, key: str, what: str, hint: str | None = None) -> None:
        """Something is wrong with a key."""
        self._add(self._at(key), what, hint)

    def allow(self, *keys: str) -> None:
        """These keys are known, whether they were read or not."""
        self._asked += keys

    def close(self) -> None:
        """Nothing else may stand in this object."""
        for key in self._record:
            if key not in self._asked and len(self.problems) < MAX_PROBLEMS:
                shown = _clean(str(key))
                near = difflib.get_close_matches(shown, self._asked, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(self._asked)}."
                self.wrong(shown, "is no known key", hint)

    def raise_problems(self, refusal: type[ProblemsError]) -> None:
        """Raises the refusal that is given, with all that was found, if anything was."""
        if self.problems:
            raise refusal.gather(self.problems)

    def _add(self, path: str, what: str, hint: str | None = None) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(path, what, hint))

    def _take(self, key: str, default: object = _MISSING) -> object:
        self._asked.append(key)
        value = self._record.get(key, default)
        if value is _MISSING:
            self.wrong(key, "is missing")
        return value

    def _name(self, key: str, value: object) -> str:
        if isinstance(value, str) and _NAME.fullmatch(value):
            return value
        self.wrong(key, f"is {_shown(value)}; allowed: 1 to 64 letters, digits and . _ -")
        return ""

    def _known(self, key: str, value: object, known: Sequence[_Word]) -> _Word | Literal[""]:
        for word in known:
            if word == value:
                return word
        near = difflib.get_close_matches(str(value)[:64], known, n=1)
        hint = f"Did you mean {near[0]}?" if near else None
        self.wrong(key, f"is {_shown(value)}; allowed: {', '.join(known)}", hint)
        return ""

    def _hash(self, key: str, value: object, kind: str = "a SHA-256") -> str:
        if isinstance(value, str) and _HEX.fullmatch(value):
            return value
        self.wrong(key, f"is {_shown(value)}; allowed: {kind}, 64 digits 0-9 a-f")
        return ""

    def _once(self, key: str, found: Sequence[str]) -> tuple[str, ...]:
        """What was read of a list; a value that stands in it twice is a problem."""
        for twice in sorted({word for word in found if word and found.count(word) > 1}):
            self.wrong(key, f"names {twice} twice")
        return tuple(word for word in found if word)

    def _at(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key


def _is_printable(text: str) -> bool:
    # Spaces of all widths are: French sets one that does not break before ; and !.
    return text.isprintable() or all(
        sign.isprintable() or unicodedata.category(sign) == "Zs" for sign in text
    )


def _shown(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    whole = len(text) <= _MAX_SHOWN_CHARS + 6
    return _clean(text) if whole else f"{_clean(text[:_MAX_SHOWN_CHARS])}…"


def _clean(text: str) -> str:
    """At most 66 signs of a foreign text, without those that would move a terminal's cursor."""
    return "".join(
        sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text[:66]
    )
