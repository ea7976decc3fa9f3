"""What a legal basis allows at most, as data: one TOML file for each in `profiles/`.

A mandate names its profile and must stay inside it. Dates of laws stand in the files, never in
code. A new profile is a new file and a test that says what the text of the law says.
"""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from edge.wire.names import FUNCTION_NUMBERS

_FOLDER = Path(__file__).parent / "profiles"
EVERY_FUNCTION = "*"
"""In a profile's file: all functions but those of identity, which a profile would have to name."""
HEALTH_FROM = 80
"""Functions from this number on are the pole's own health: always allowed, never named."""
IDENTITY = range(60, 80)
"""Numbers of the functions that tell who somebody is or whose a thing is."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One legal basis.

    functions: what a mandate may name. modes: in which modes.
    min_ring_days, max_ring_days: bounds of the ring's retention; 0 is allowed only if min is 0.
    max_mandate_days: the longest that one mandate may run.
    legal_basis_ends: from this moment on nothing under this profile is valid; None: no end.
    needs_hashes: rules and models must be signed with the mandate.
    has_operator_review: no signal may act without a person who looked at it.
    has_chain_of_custody: each clip needs a case, and its way is kept.
    watermark: a word on every event, page and clip; empty: none.
    source: the texts that this file was written from.
    """

    name: str
    title: str
    functions: frozenset[str]
    modes: tuple[str, ...]
    min_ring_days: int
    max_ring_days: int
    max_mandate_days: int
    legal_basis_ends: datetime | None
    needs_hashes: bool
    has_operator_review: bool
    has_chain_of_custody: bool
    watermark: str
    source: str


@cache
def profile_names() -> tuple[str, ...]:
    """Names of all profiles, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@cache
def read_profile(name: str) -> Profile:
    """The profile of that name. name: one of profile_names(). Raises KeyError otherwise."""
    if name not in profile_names():
        raise KeyError(name)
    found = tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    functions = found["functions"]
    if functions == EVERY_FUNCTION:
        functions = [
            each for each in nameable_functions() if FUNCTION_NUMBERS[each] not in IDENTITY
        ]
    ends: datetime | None = found.get("legal_basis_ends_utc")
    return Profile(
        name=name,
        title=found["title"],
        functions=frozenset(functions),
        modes=tuple(found["modes"]),
        min_ring_days=found["min_ring_days"],
        max_ring_days=found["max_ring_days"],
        max_mandate_days=found["max_mandate_days"],
        legal_basis_ends=ends.astimezone(UTC) if ends else None,
        needs_hashes=found["needs_hashes"],
        has_operator_review=found["has_operator_review"],
        has_chain_of_custody=found["has_chain_of_custody"],
        watermark=found["watermark"],
        source=found["source"],
    )


def nameable_functions() -> tuple[str, ...]:
    """Every function that a mandate can name: all but the pole's own health."""
    return tuple(name for name, number in FUNCTION_NUMBERS.items() if number < HEALTH_FROM)
