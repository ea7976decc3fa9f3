"""Typed reading of one table of a model card; each wrong value is refused by its name.

Not `edge/wire/fields.py`: that one reads JSON of strangers, which has no real numbers, and goes on
past a fault with a harmless value; what follows from a card's must not be computed from those.
"""

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

from edge.errors import Kind, VigieError

HINT = "Correct the card; models/ssd-coco15/card.toml in the repository is a whole one."


class Fields:
    """One table and the keys read from it so far; `refuse_unknown` ends the reading."""

    def __init__(self, content: Mapping[str, object], prefix: str, where: str) -> None:
        self._content = content
        self._prefix = prefix
        self._where = where
        self._read: set[str] = set()

    def refuse(self, what: str) -> NoReturn:
        """End the reading. Raises: VigieError INVALID_ARGUMENT, always."""
        place = f"[{self._prefix}] " if self._prefix else ""
        raise VigieError(Kind.INVALID_ARGUMENT, f"{place}{what}", where=self._where, hint=HINT)

    def refuse_unknown(self) -> None:
        """Refuse a key that nothing has read, and name the nearest known one."""
        for key in self._content:
            if key not in self._read:
                near = difflib.get_close_matches(key, self._read, n=1)
                remedy = f"; did you mean '{near[0]}'?" if near else ""
                self.refuse(f"'{key}' is no key of a model card{remedy}")

    def _value(self, key: str) -> object:
        self._read.add(key)
        if key not in self._content:
            self.refuse(f"'{key}' is missing")
        return self._content[key]

    def has(self, key: str) -> bool:
        """Whether a key that may be left out is there."""
        return not self._is_left_out(key)

    def _is_left_out(self, key: str) -> bool:
        self._read.add(key)
        return key not in self._content

    def text(self, key: str) -> str:
        """A line of text that is not empty."""
        value = self._value(key)
        if not isinstance(value, str) or not value.strip():
            self.refuse(f"'{key}' must be text, and is {value!r}")
        return value

    def matching(self, key: str, pattern: re.Pattern[str], rule: str) -> str:
        """Text that a pattern matches as a whole; rule says so in words."""
        value = self.text(key)
        if not pattern.fullmatch(value):
            self.refuse(f"'{key}' must be {rule}, and is {value!r}")
        return value

    def address(self, key: str) -> str | None:
        """An address to download from; None when it is left out."""
        if self._is_left_out(key):
            return None
        value = self.text(key)
        if not value.startswith(("https://", "http://")):
            self.refuse(f"'{key}' must begin with https://, and is {value!r}")
        return value

    def word(self, key: str, words: Sequence[str], default: str | None = None) -> str:
        """One of a few words."""
        if default is not None and self._is_left_out(key):
            return default
        value = self.text(key)
        if value not in words:
            self.refuse(f"'{key}' must be one of {', '.join(words)}, and is {value!r}")
        return value

    def number(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number, low to high."""
        if default is not None and self._is_left_out(key):
            return default
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.refuse(f"'{key}' must be a whole number from {low} to {high}, and is {value!r}")
        return value

    def real(self, key: str) -> float:
        """A finite number."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(f"'{key}' must be a number, and is {value!r}")
        if not math.isfinite(value):
            self.refuse(f"'{key}' must be a finite number, and is {value!r}")
        return float(value)

    def fraction(self, key: str) -> float:
        """A number from 0 to 1."""
        value = self.real(key)
        if not 0 <= value <= 1:
            self.refuse(f"'{key}' must be from 0 to 1, and is {value!r}")
        return value

    def numbers(
        self, key: str, low: int, high: int, default: tuple[int, ...] | None = None
    ) -> tuple[int, ...]:
        """A list of whole numbers, each low to high, at least one."""
        if default is not None and self._is_left_out(key):
            return default
        value = self._value(key)
        inside = isinstance(value, list) and all(
            isinstance(item, int) and not isinstance(item, bool) and low <= item <= high
            for item in value
        )
        if not inside or not value:
            self.refuse(
                f"'{key}' must be a list of whole numbers from {low} to {high}, and is {value!r}"
            )
        assert isinstance(value, list)
        return tuple(value)

    def reals(self, key: str) -> tuple[float, ...]:
        """A list of finite numbers, at least one."""
        value = self._value(key)
        inside = isinstance(value, list) and all(
            isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item)
            for item in value
        )
        if not inside or not value:
            self.refuse(f"'{key}' must be a list of numbers, and is {value!r}")
        assert isinstance(value, list)
        return tuple(float(item) for item in value)

    def table(self, key: str) -> "Fields":
        """A table below this one."""
        value = self._value(key)
        if not isinstance(value, dict):
            self.refuse(f"'{key}' must be a table")
        return Fields(value, f"{self._prefix}.{key}".strip("."), self._where)

    def tables(self, key: str) -> list["Fields"]:
        """An array of tables below this one, at least one."""
        value = self._value(key)
        if not isinstance(value, list) or not value:
            self.refuse(f"'{key}' must be an array of tables, at least one")
        for item in value:
            if not isinstance(item, dict):
                self.refuse(f"'{key}' must be an array of tables, at least one")
        return [
            Fields(item, f"{self._prefix}.{key}[{place}]".strip("."), self._where)
            for place, item in enumerate(value)
        ]
