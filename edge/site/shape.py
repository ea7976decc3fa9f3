"""The site file's tables and keys, read from the dataclasses of `model.py`.

Checking, the JSON Schema and the reference page all read these tables, so they cannot disagree.
Lists are plural in the model and singular in TOML: `cameras` is written `[[camera]]`.
"""

import dataclasses
import functools
import inspect
import re
import types
import typing
from collections.abc import Iterator

from edge.site import model

DISCRIMINATOR = "function"
_MEANING = re.compile(r"^(?P<names>[a-z_]+(?:, [a-z_]+)*): (?P<text>.*)$")


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """One key of one table. hint: the dataclass field's type with its bounds."""

    name: str
    hint: object
    is_required: bool
    default: object
    meaning: str

    @property
    def sentence(self) -> str:
        """The meaning with a capital, unless it begins with a value."""
        return f"{self.meaning[0].upper()}{self.meaning[1:]}"


@dataclasses.dataclass(frozen=True, slots=True)
class Child:
    """A table inside a table. shapes: more than one where `function` chooses among them."""

    name: str
    field: str
    is_list: bool
    is_required: bool
    shapes: tuple["Table", ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """One dataclass of the model as a TOML table. meaning: its docstring without the keys."""

    record: type
    meaning: str
    keys: tuple[Key, ...]
    children: tuple[Child, ...]

    @property
    def words(self) -> list[str]:
        """Every key and table that may stand in it."""
        return [key.name for key in self.keys] + [child.name for child in self.children]


@functools.cache
def document() -> Table:
    """The whole site file."""
    return table_of(model.SiteFile)


def table_of(record: type) -> Table:
    """Read one dataclass. Raises ValueError for a key whose meaning no docstring tells."""
    keys: list[Key] = []
    children: list[Child] = []
    hints = typing.get_type_hints(record, include_extras=True)
    meanings = dict(_meanings(record))
    for field in dataclasses.fields(record):
        records = _records_in(hints[field.name])
        if records:
            children.append(_child(field, hints[field.name], records))
            continue
        if field.name not in meanings:
            raise ValueError(f"{record.__name__}: no docstring says what {field.name} means")
        is_required = field.default is dataclasses.MISSING
        default = None if is_required else field.default
        keys.append(Key(field.name, hints[field.name], is_required, default, meanings[field.name]))
    return Table(record, _summary(record), tuple(keys), tuple(children))


def without_none(hint: object) -> object:
    """`T` for `T | None`: TOML has no null, a key that is not set is not written."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        some = [arm for arm in typing.get_args(hint) if arm is not types.NoneType]
        return some[0] if len(some) == 1 else hint
    return hint


def bare(hint: object) -> tuple[object, tuple[object, ...]]:
    """A hint without `| None` and Annotated, and the bounds that stood in it."""
    hint = without_none(hint)
    if typing.get_origin(hint) is typing.Annotated:
        inner, *bounds = typing.get_args(hint)
        return inner, tuple(bounds)
    return hint, ()


def _child(field: "dataclasses.Field[object]", hint: object, records: tuple[type, ...]) -> Child:
    is_list = typing.get_origin(bare(hint)[0]) is tuple
    has_default = (
        field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
    )
    return Child(
        name=field.name.removesuffix("s") if is_list else field.name,
        field=field.name,
        is_list=is_list,
        is_required=not has_default,
        shapes=tuple(table_of(record) for record in records),
    )


def _records_in(hint: object) -> tuple[type, ...]:
    inner, _ = bare(hint)
    if typing.get_origin(inner) is tuple:
        inner, _ = bare(typing.get_args(inner)[0])
    arms = typing.get_args(inner) if isinstance(inner, types.UnionType) else (inner,)
    return tuple(arm for arm in arms if isinstance(arm, type) and dataclasses.is_dataclass(arm))


def _meanings(record: type) -> Iterator[tuple[str, str]]:
    for ancestor in reversed(record.__mro__):
        if not dataclasses.is_dataclass(ancestor):
            continue
        names: list[str] = []
        text = ""
        for line in inspect.cleandoc(ancestor.__doc__ or "").splitlines():
            opening = _MEANING.match(line)
            if opening or not line.startswith("    "):
                yield from ((name, text) for name in names)
                names = opening["names"].split(", ") if opening else []
                text = opening["text"] if opening else ""
            else:
                text = f"{text} {line.strip()}"
        yield from ((name, text) for name in names)


def _summary(record: type) -> str:
    lines = inspect.cleandoc(record.__doc__ or "").splitlines()
    plain = [line for line in lines if not _MEANING.match(line) and not line.startswith("    ")]
    return "\n".join(plain).strip()
