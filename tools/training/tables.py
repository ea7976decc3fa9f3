"""From a TOML table to a frozen record: every key known, every value of the field's own type."""

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from typing import NoReturn, TypeVar

from edge.errors import Kind, VigieError

Record = TypeVar("Record")


def read_table(kind: type[Record], content: Mapping[str, object], place: str) -> Record:
    """A record of a dataclass from a table; a field with a default may be left out.

    Fields may be text, numbers, booleans, tuples of one kind (arrays), dicts of one kind (tables
    of names) and other dataclasses (tables), alone or in tuples (arrays of tables).

    Raises: VigieError INVALID_ARGUMENT for an unknown key, a missing one or a wrong type.
    """
    assert dataclasses.is_dataclass(kind)
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for key in content:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            refuse(place, f"unknown key '{key}'" + (f"; did you mean '{near[0]}'?" if near else ""))
    values: dict[str, object] = {}
    for name, field in fields.items():
        if name in content:
            values[name] = _read_value(hints[name], content[name], f"{place}.{name}")
        elif field.default is dataclasses.MISSING:
            refuse(place, f"'{name}' is missing")
    return kind(**values)


def refuse(place: str, what: str) -> NoReturn:
    """End the reading. Raises: VigieError INVALID_ARGUMENT, always."""
    raise VigieError(
        Kind.INVALID_ARGUMENT, what, where=place, hint="Correct the training manifest."
    )


def _read_value(hint: object, value: object, place: str) -> object:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        (hint,) = (one for one in arguments if one is not type(None))
        return _read_value(hint, value, place)
    if origin is tuple:
        if not isinstance(value, list):
            refuse(place, f"must be an array, and is {value!r}")
        return tuple(
            _read_value(arguments[0], item, f"{place}[{number}]")
            for number, item in enumerate(value)
        )
    if origin is dict:
        if not isinstance(value, dict):
            refuse(place, f"must be a table, and is {value!r}")
        return {
            key: _read_value(arguments[1], item, f"{place}.{key}") for key, item in value.items()
        }
    assert isinstance(hint, type)
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            refuse(place, f"must be a table, and is {value!r}")
        return read_table(hint, value, place)
    return _read_plain(hint, value, place)


def _read_plain(kind: type, value: object, place: str) -> object:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        words = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        refuse(place, f"must be {words[kind]}, and is {value!r}")
    return value
