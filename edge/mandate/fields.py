"""Reads the keys of one JSON object and collects what is wrong, so that all of it comes at once."""

import difflib
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

from edge.mandate.problem import MandateError, Problem

_HEX = re.compile(r"[0-9a-f]{64}")
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_MISSING = object()
NEVER = datetime.max.replace(tzinfo=UTC)
"""What stands in place of a moment that cannot be read."""


class Fields:
    """One object. A key that is wrong gives a problem and a harmless value in its place."""

    def __init__(self, record: object, problems: list[Problem], path: str = "") -> None:
        self._problems = problems
        self._path = path
        self._asked: list[str] = []
        self._record: dict[object, object] = {}
        if isinstance(record, dict):
            self._record = record
        else:
            problems.append(Problem(path, "is no object with keys and values"))

    def text(self, key: str, *, longest: int, shortest: int = 1) -> str:
        """A text of so many characters, without control characters but newlines."""
        value = self._take(key)
        if isinstance(value, str) and shortest <= len(value) <= longest:
            if value.replace("\n", "").isprintable():
                return value
            self.wrong(key, "has signs that cannot be printed")
        elif value is not _MISSING:
            self.wrong(key, f"is {_shown(value)}; allowed: a text of {shortest} to {longest} signs")
        return ""

    def name(self, key: str) -> str:
        """A name of a device, camera or key: letters, digits, `.`, `_`, `-`; at most 64."""
        value = self._take(key)
        if isinstance(value, str) and _NAME.fullmatch(value):
            return value
        if value is not _MISSING:
            self.wrong(key, f"is {_shown(value)}; allowed: 1 to 64 letters, digits and . _ -")
        return ""

    def word(self, key: str, known: Sequence[str]) -> str:
        """One of some words."""
        return self._known(key, self._take(key), known)

    def whole(self, key: str, *, least: int, most: int, default: int | None = None) -> int:
        """A whole number within bounds."""
        value = self._take(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        if value is not _MISSING:
            self.wrong(key, f"is {_shown(value)}; allowed: {least} to {most}")
        return least

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self._take(key)
        if isinstance(value, bool):
            return value
        if value is not _MISSING:
            self.wrong(key, f"is {_shown(value)}; allowed: true or false")
        return False

    def sha256(self, key: str) -> str:
        """64 hexadecimal digits, lower case."""
        value = self._take(key)
        return self._sha256(key, value) if value is not _MISSING else ""

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

    def items(self, key: str, *, least: int, most: int, default: object = _MISSING) -> list[object]:
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
        self._check_twice(key, found)
        return tuple(word for word in found if word)

    def names(self, key: str, *, least: int, most: int) -> tuple[str, ...]:
        """A list of names, each once."""
        found = []
        for index, value in enumerate(self.items(key, least=least, most=most)):
            if isinstance(value, str) and _NAME.fullmatch(value):
                found.append(value)
            else:
                what = f"is {_shown(value)}; allowed: 1 to 64 letters, digits and . _ -"
                self.wrong(f"{key}[{index}]", what)
        self._check_twice(key, found)
        return tuple(found)

    def hashes(self, key: str, *, most: int) -> frozenset[str]:
        """A list of SHA-256 in hexadecimal; empty where the key is left out."""
        found = [
            self._sha256(f"{key}[{index}]", value)
            for index, value in enumerate(self.items(key, least=0, most=most, default=[]))
        ]
        return frozenset(found) - {""}

    def hashes_by_name(self, key: str, *, most: int) -> dict[str, str]:
        """An object of names (or `*`) and SHA-256; empty where the key is left out."""
        value = self._take(key, {})
        if not isinstance(value, dict) or len(value) > most:
            self.wrong(key, f"is no object of at most {most} names and hashes")
            return {}
        found = {}
        for name, text in value.items():
            if name != "*" and not _NAME.fullmatch(str(name)):
                self.wrong(f"{key}.{name}", "is no name of a camera and not *")
            elif digest := self._sha256(f"{key}.{name}", text):
                found[str(name)] = digest
        return found

    def objects(self, key: str, *, least: int, most: int) -> list["Fields"]:
        """A list of objects, each to be read in turn."""
        return [
            Fields(item, self._problems, f"{self._at(key)}[{index}]")
            for index, item in enumerate(self.items(key, least=least, most=most))
        ]

    def inner(self, key: str) -> "Fields":
        """An object within this one."""
        value = self._take(key)
        return Fields({} if value is _MISSING else value, self._problems, self._at(key))

    def wrong(self, key: str, what: str, hint: str | None = None) -> None:
        """Something is wrong with a key."""
        self._problems.append(Problem(self._at(key), what, hint))

    def allow(self, *keys: str) -> None:
        """These keys are known, whether they were read or not."""
        self._asked += keys

    def close(self) -> None:
        """Nothing else may stand in this object."""
        for key in self._record:
            if key not in self._asked:
                near = difflib.get_close_matches(str(key), self._asked, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(self._asked)}."
                self._problems.append(Problem(self._at(str(key)[:64]), "is no known key", hint))

    def _take(self, key: str, default: object = _MISSING) -> object:
        self._asked.append(key)
        value = self._record.get(key, default)
        if value is _MISSING:
            self._problems.append(Problem(self._at(key), "is missing"))
        return value

    def _known(self, key: str, value: object, known: Sequence[str]) -> str:
        if isinstance(value, str) and value in known:
            return value
        if value is not _MISSING:
            near = difflib.get_close_matches(str(value)[:64], known, n=1)
            hint = f"Did you mean {near[0]}?" if near else None
            self.wrong(key, f"is {_shown(value)}; allowed: {', '.join(known)}", hint)
        return ""

    def _sha256(self, key: str, value: object) -> str:
        if isinstance(value, str) and _HEX.fullmatch(value):
            return value
        self.wrong(key, f"is {_shown(value)}; allowed: a SHA-256, 64 digits 0-9 a-f")
        return ""

    def _check_twice(self, key: str, found: Sequence[str]) -> None:
        for twice in sorted({word for word in found if word and found.count(word) > 1}):
            self.wrong(key, f"names {twice} twice")

    def _at(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key


def raise_problems(problems: Sequence[Problem]) -> None:
    """Raises MandateError when there are any."""
    if problems:
        raise MandateError(problems)


def _shown(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 66 else f"{text[:60]}…"
