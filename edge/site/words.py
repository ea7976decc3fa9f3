"""What a key may hold, in words: used by the checks' messages and by the reference page."""

import typing
from collections.abc import Sequence

from annotated_types import Ge, Gt, Le, MinLen

from edge.site import model, shape

_KINDS = {float: "a number", int: "a whole number", str: "a text", bool: "true or false"}


def allowed(hint: object) -> str:
    """`a number from 0 to 1`, `one of: person, car`, `a list of at least 3 points [x, y]`."""
    if hint == model.Point:
        return "a point [x, y], both numbers from 0 to 1"
    inner, bounds = shape.bare(hint)
    if typing.get_origin(inner) is typing.Literal:
        arms = [literal_word(arm) for arm in typing.get_args(inner)]
        return f"one of: {', '.join(arms)}" if len(arms) > 1 else arms[0]
    if typing.get_origin(inner) is tuple:
        return _list_words(inner, bounds)
    return f"{_KINDS[typing.cast('type', inner)]}{_range_words(bounds)}"


def literal_word(arm: object) -> str:
    """A closed word as TOML writes it."""
    return f'"{arm}"' if isinstance(arm, str) else str(arm)


def literal_arms(hint: object) -> tuple[object, ...]:
    """The closed words of a hint; empty when it is open."""
    inner, _ = shape.bare(hint)
    return typing.get_args(inner) if typing.get_origin(inner) is typing.Literal else ()


def hint_at(hint: object, steps: Sequence[str | int]) -> object:
    """The hint of an item inside a list, for each index in steps."""
    for step in steps:
        inner, _ = shape.bare(hint)
        arms = typing.get_args(inner)
        if typing.get_origin(inner) is not tuple or not isinstance(step, int):
            return hint
        hint = arms[0] if arms[-1] is Ellipsis else arms[min(step, len(arms) - 1)]
    return hint


def shown(value: object) -> str:
    """A value from the file, as the file would write it, cut where it is long."""
    text = toml_text(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def number_text(number: float) -> str:
    """`10` for 10.0, `0.25` for 0.25."""
    return f"{number:g}"


def toml_text(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_text(item) for item in value)}]"
    if isinstance(value, dict):
        inside = ", ".join(f"{key} = {toml_text(item)}" for key, item in value.items())
        return f"{{{inside}}}"
    return str(value)


def _list_words(inner: object, bounds: tuple[object, ...]) -> str:
    item = typing.get_args(inner)[0]
    least = next((bound.min_length for bound in bounds if isinstance(bound, MinLen)), 0)
    many = f"at least {least}" if least else "any"
    if item == model.Point:
        return f"a list of {many} points [x, y], numbers from 0 to 1"
    return f"a list of {many} of: {allowed(item).removeprefix('one of: ')}"


def _range_words(bounds: tuple[object, ...]) -> str:
    low = next((b for b in bounds if isinstance(b, Ge | Gt)), None)
    high = next((b for b in bounds if isinstance(b, Le)), None)
    top = number_text(typing.cast("float", high.le)) if high else ""
    if isinstance(low, Gt):
        above = f" above {number_text(typing.cast('float', low.gt))}"
        return f"{above}, at most {top}" if top else above
    if isinstance(low, Ge):
        least = number_text(typing.cast("float", low.ge))
        return f" from {least} to {top}" if top else f", at least {least}"
    return f", at most {top}" if top else ""
