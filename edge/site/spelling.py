"""The word that was probably meant."""

import difflib
from collections.abc import Sequence

UNITS = ("ms", "seconds", "minutes", "hours", "days", "px", "percent", "frac", "deg", "m", "kmh")
SECONDS_IN = {"ms": 0.001, "seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}


def nearest(word: str, known: Sequence[str], *, least_likeness: float = 0.6) -> str | None:
    """The known word most like this one, if one is like it at all (0: nothing in common)."""
    matches = difflib.get_close_matches(word, known, n=1, cutoff=least_likeness)
    return matches[0] if matches else None


def key_hint(word: str, value: object, known: Sequence[str]) -> str:
    """What to write in place of an unknown key: the nearest one, or the same in another unit."""
    stem, unit = _split(word)
    for other in known:
        other_stem, other_unit = _split(other)
        if stem == other_stem and stem and unit != other_unit and other_unit:
            return f"Did you mean {_converted(unit, other, other_unit, value)}? {_UNITS_RULE}"
    close = nearest(word, known)
    return f"Did you mean {close}?" if close else f"Known here: {', '.join(known)}."


_UNITS_RULE = "A key's unit stands in its name."


def _split(word: str) -> tuple[str, str]:
    """A key without its unit, and the unit; a word without a unit is all stem."""
    stem, _, unit = word.rpartition("_")
    return (stem, unit) if stem and unit in UNITS else (word, "")


def _converted(unit: str, other: str, other_unit: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return other
    if unit not in SECONDS_IN or other_unit not in SECONDS_IN:
        return other
    return f"{other} = {value * SECONDS_IN[unit] / SECONDS_IN[other_unit]:g}"
