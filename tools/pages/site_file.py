"""docs/reference/site-file.md and site.schema.json, from the model that checks a site file."""

import json
from collections.abc import Iterator
from pathlib import Path

from edge.site import consistency, shape, words
from edge.site.schema import site_schema

EXAMPLE = Path(__file__).resolve().parents[2] / "tests" / "corpus" / "site" / "complete.toml"

OPENING = f"""\
# The site file

Generated from `edge/site/model.py` and `rules.py` by `tools/reference`; do not edit.

A site file says where a pole stands, what its cameras are, and which rules run on which zones
and lines. It is TOML with `version = 1`. `vigie site check FILE` says everything that is wrong
with it at once; `vigie site draw FILE --out PNG` shows it on a still. A device that is running
keeps its last good site file when a new one is bad.

- Places are fractions of the frame: `[0.0, 0.0]` is the top left corner, `[1.0, 1.0]` the bottom
  right one. They outlive a change of resolution.
- A key's unit stands in its name: `min_seconds`, `height_frac`, `allowed_deg`.
- Names have 1 to {consistency.MAX_NAME_CHARS} of the characters `a-z`, `0-9`, `_` and `-`, and
  are unique in their list. The name of `[site]` is free text.
- An editor that knows TOML schemas completes and checks keys with
  [site.schema.json](site.schema.json): begin the file with
  `#:schema ./site.schema.json`. `vigie site check --schema` prints it.
"""


def page() -> str:
    """The whole page."""
    document = shape.document()
    parts = [OPENING, "## Top of the file\n", _keys(document)]
    for child in document.children:
        parts += _sections(child, "")
    example = EXAMPLE.read_text(encoding="utf-8").rstrip()
    parts.append(f"## A complete example\n\n```toml\n{example}\n```\n")
    return "\n".join(parts)


def schema_text() -> str:
    """The JSON Schema as `vigie site check --schema` prints it."""
    return json.dumps(site_schema(), indent=2, ensure_ascii=False) + "\n"


def _sections(child: shape.Child, above: str) -> Iterator[str]:
    path = f"{above}{child.name}"
    header = f"[[{path}]]" if child.is_list else f"[{path}]"
    need = "At least one." if child.is_list else "Needed."
    if not child.is_required:
        need = "Any number." if child.is_list else "Optional."
    yield f"## `{header}`\n"
    if len(child.shapes) == 1:
        yield f"{child.shapes[0].meaning} {need}\n\n{_keys(child.shapes[0])}"
        for inner in child.shapes[0].children:
            yield from _sections(inner, f"{path}.")
        return
    yield f"What the eye looks for. {need} `{shape.DISCRIMINATOR}` says which keys it takes.\n"
    for table in child.shapes:
        key = next(key for key in table.keys if key.name == shape.DISCRIMINATOR)
        yield f"### `function = {words.allowed(key.hint)}`\n\n{table.meaning}\n\n{_keys(table)}"


def _keys(table: shape.Table) -> str:
    rows = [
        f"| `{key.name}` | {words.allowed(key.hint)} | {_default(key)} | {key.sentence} |"
        for key in table.keys
    ]
    return "\n".join(
        ["| key | allowed | default | meaning |", "| --- | --- | --- | --- |", *rows, ""]
    )


def _default(key: shape.Key) -> str:
    if key.is_required:
        return "needed"
    return "none" if key.default is None else f"`{words.toml_text(key.default)}`"
