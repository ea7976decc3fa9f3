"""A parsed TOML document to the model's values, with a finding for everything that does not fit.

Each table is judged alone, so one bad value hides no other problem. pydantic judges the values
by the bounds in the model; the words come from `words.py`.
"""

import datetime as dt
import functools
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from edge.site import model, shape, words
from edge.site.problem import Finding, TomlPath
from edge.site.spelling import key_hint, nearest

PIXELS_FROM = 2
"""Nobody misses the frame by its own size: a place from here on was measured in pixels."""

Plain = Mapping[str, object]


@dataclass(slots=True)
class Reading:
    """What came of a document.

    site: the whole, when every table could be built.
    records: each table that could be built, by its path.
    values: each value that is written and within its bounds, by its path.
    """

    site: model.SiteFile | None = None
    records: dict[TomlPath, object] = field(default_factory=dict)
    values: dict[TomlPath, object] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def load_values(document: Plain) -> Reading:
    """Build the model from a document that tomllib read."""
    reading = Reading()
    whole = _load_table(reading, (), document, shape.document())
    if isinstance(whole, model.SiteFile) and not reading.findings:
        reading.site = whole
    return reading


def _load_table(reading: Reading, path: TomlPath, table: Plain, form: shape.Table) -> object | None:
    before = len(reading.findings)
    reading.findings += _unknown_keys(path, table, form)
    values: dict[str, object] = {}
    for key in form.keys:
        if key.name in table:
            values[key.name] = _load_value(reading, (*path, key.name), table[key.name], key)
        elif key.is_required:
            what = f"{key.name} is missing; needed: {words.allowed(key.hint)}"
            reading.findings.append(Finding(path, what, key.sentence, is_about_key=True))
    for child in form.children:
        if child.name in table:
            values[child.field] = _load_child(reading, (*path, child.name), table, child)
        elif child.is_required:
            reading.findings.append(_missing_child(path, child))
    if len(reading.findings) > before:
        return None
    record: object = form.record(**values)
    reading.records[path] = record
    return record


def _load_child(reading: Reading, path: TomlPath, table: Plain, child: shape.Child) -> object:
    written = table[child.name]
    if not child.is_list:
        if isinstance(written, Mapping):
            return _load_table(reading, path, written, child.shapes[0])
        reading.findings.append(_not_a_table(path, child))
        return None
    if not isinstance(written, list) or not all(isinstance(item, Mapping) for item in written):
        reading.findings.append(_not_a_table(path, child))
        return ()
    if not written and child.is_required:
        reading.findings.append(_missing_child(path[:-1], child))
    return tuple(_load_one(reading, (*path, i), item, child) for i, item in enumerate(written))


def _load_one(reading: Reading, path: TomlPath, table: Plain, child: shape.Child) -> object:
    if len(child.shapes) == 1:
        return _load_table(reading, path, table, child.shapes[0])
    by_word = {_function_word(form): form for form in child.shapes}
    chosen = table.get(shape.DISCRIMINATOR)
    if isinstance(chosen, str) and chosen in by_word:
        return _load_table(reading, path, table, by_word[chosen])
    arms = ", ".join(f'"{word}"' for word in by_word)
    if shape.DISCRIMINATOR not in table:
        what = f"{shape.DISCRIMINATOR} is missing; needed: one of: {arms}"
        reading.findings.append(Finding(path, what, is_about_key=True))
        return None
    what = f"{shape.DISCRIMINATOR} is {words.shown(chosen)}; allowed: one of: {arms}"
    close = nearest(str(chosen), list(by_word))
    hint = f'Did you mean "{close}"?' if close else None
    reading.findings.append(Finding((*path, shape.DISCRIMINATOR), what, hint))
    return None


def _function_word(form: shape.Table) -> str:
    key = next(key for key in form.keys if key.name == shape.DISCRIMINATOR)
    return str(words.literal_arms(key.hint)[0])


def _load_value(reading: Reading, path: TomlPath, written: object, key: shape.Key) -> object:
    value = _as_model_writes(written)
    try:
        reading.values[path] = adapter(key.hint).validate_python(value, strict=True)
    except ValidationError as refused:
        steps = {error["loc"] for error in refused.errors(include_url=False)}
        reading.findings += _value_findings(path, value, key, steps)
        return None
    return reading.values[path]


def _value_findings(
    path: TomlPath, value: object, key: shape.Key, places: set[TomlPath]
) -> Iterator[Finding]:
    # pydantic also reports a list as too short when its items were refused: the items tell more.
    for place in sorted(places, key=str):
        if any(other != place and other[: len(place)] == place for other in places):
            continue
        steps, found = _deepest(value, place)
        hint = words.hint_at(key.hint, steps)
        name = key.name + "".join(f"[{step}]" for step in steps)
        what = f"{name} is {words.shown(found)}; allowed: {words.allowed(hint)}"
        yield Finding((*path, *steps), what, _remedy(found, hint, steps))


def _deepest(value: object, steps: TomlPath) -> tuple[TomlPath, object]:
    """The value at the steps, or the last that exists on the way there."""
    for depth, step in enumerate(steps):
        if not isinstance(value, tuple) or not isinstance(step, int) or step >= len(value):
            return steps[:depth], value
        value = value[step]
    return steps, value


def _remedy(found: object, hint: object, steps: TomlPath) -> str | None:
    if hint == model.Fraction and isinstance(found, int | float):
        if found < PIXELS_FROM:
            return "Places are fractions of the frame: 0 is its left or top edge, 1 the other one."
        side = "height" if steps and steps[-1] == 1 else "width"
        return (
            f"{words.number_text(found)} looks like pixels; places are fractions of the frame: "
            f"divide by the frame's {side} in pixels."
        )
    arms = {str(arm): words.literal_word(arm) for arm in words.literal_arms(hint)}
    close = nearest(str(found), list(arms))
    return f"Did you mean {arms[close]}?" if close else None


def _unknown_keys(path: TomlPath, table: Plain, form: shape.Table) -> Iterator[Finding]:
    for word, value in table.items():
        if word in form.words:
            continue
        inside = f"[{'.'.join(step for step in path if isinstance(step, str))}]" if path else ""
        place = f" in {inside}" if inside else ""
        hint = key_hint(word, value, form.words)
        yield Finding((*path, word), f"unknown key {word}{place}", hint, is_about_key=True)


def _missing_child(path: TomlPath, child: shape.Child) -> Finding:
    header = _header((*path, child.name), child)
    return Finding(path, f"{header} is missing", f"Add a {header} table.", is_about_key=True)


def _not_a_table(path: TomlPath, child: shape.Child) -> Finding:
    header = _header(path, child)
    return Finding(path, f"{child.name} is no table", f"Write it as {header}.", is_about_key=True)


def _header(path: TomlPath, child: shape.Child) -> str:
    name = ".".join(step for step in path if isinstance(step, str))
    return f"[[{name}]]" if child.is_list else f"[{name}]"


def _as_model_writes(value: object) -> object:
    """Lists as tuples, TOML's own dates and times as the texts that the model holds."""
    if isinstance(value, list):
        return tuple(_as_model_writes(item) for item in value)
    if isinstance(value, dt.time):
        return value.isoformat("seconds" if value.second else "minutes")
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    return value


@functools.cache
def adapter(hint: object) -> TypeAdapter[object]:
    """The judge of one key's values, by its type and bounds."""
    return TypeAdapter(typing.cast("type[object]", hint))
