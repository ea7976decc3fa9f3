"""The JSON Schema of a site file, for editors that complete and check while a person types."""

from collections.abc import Mapping

from pydantic import TypeAdapter

from edge.site import consistency, shape
from edge.site.values import adapter
from edge.wire.identifiers import SITE_NAME_PATTERN

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, object]

_PATTERNS = {
    "name": f"^{SITE_NAME_PATTERN}$",
    "starts": f"^({consistency.MOMENT_PATTERN})$",
    "ends": f"^({consistency.MOMENT_PATTERN})$",
    "first_date": r"^\d{4}-\d{2}-\d{2}$",
    "last_date": r"^\d{4}-\d{2}-\d{2}$",
    "source": f"^({'|'.join(consistency.SOURCE_SCHEMES)})",
}


def site_schema() -> Schema:
    """The schema of a whole site file."""
    whole = _table_schema(shape.document())
    return {"$schema": DIALECT, "title": "Vigie site file, version 1", **whole}


def _table_schema(table: shape.Table) -> Schema:
    properties: dict[str, object] = {key.name: _key_schema(table, key) for key in table.keys}
    properties |= {child.name: _child_schema(child) for child in table.children}
    required = [key.name for key in table.keys if key.is_required]
    required += [child.name for child in table.children if child.is_required]
    return {
        "type": "object",
        "description": table.meaning,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _key_schema(table: shape.Table, key: shape.Key) -> Schema:
    schema: Schema = {**_value_schema(adapter(shape.without_none(key.hint)))}
    schema["description"] = key.sentence
    if key.name in _PATTERNS and table.record.__name__ != "Site":
        schema["pattern"] = _PATTERNS[key.name]
    if key.default is not None:
        default = key.default
        schema["default"] = list(default) if isinstance(default, tuple) else default
    return schema


def _value_schema(values: TypeAdapter[object]) -> Mapping[str, object]:
    return values.json_schema()


def _child_schema(child: shape.Child) -> Schema:
    arms = [_table_schema(table) for table in child.shapes]
    items: Schema = arms[0] if len(arms) == 1 else {"oneOf": arms}
    if not child.is_list:
        return items
    return {"type": "array", "items": items, "minItems": int(child.is_required)}
