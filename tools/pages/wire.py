"""docs/reference/wire.md: every message on the wire, from the comments in proto/."""

from tools.pages import proto

OPENING = """\
# The wire

Generated from `proto/edge/wire/v1/` by `tools/reference`; do not edit.

A text or byte field states its largest size; a message that breaks it is refused whole. Zero
means unspecified in every enum; a number that this version does not know is stored and shown.
"""


def page() -> str:
    """The whole page."""
    parts = [OPENING]
    for name in proto.file_names():
        parts.append(f"## {name}\n\n{proto.opening(name)}\n")
        parts += [_section(block) for block in proto.blocks(name)]
    return "\n".join(parts)


def _section(block: proto.Block) -> str:
    heading = f"### {block.kind} {block.name}\n"
    told = f"\n{block.comment}\n" if block.comment else ""
    if block.name == "Function":
        return f"{heading}{told}\nEach with its number: [functions.md](functions.md).\n"
    if not block.entries:
        return f"{heading}{told}\nNo fields.\n"
    if block.kind == "enum":
        rows = [f"| {entry.number} | `{entry.name}` | {entry.comment} |" for entry in block.entries]
        table = ["| number | word | meaning |", "| --- | --- | --- |", *rows]
    elif block.kind == "service":
        rows = [f"| `{entry.name}{entry.type}` | {entry.comment} |" for entry in block.entries]
        table = ["| call | meaning |", "| --- | --- |", *rows]
    else:
        rows = [_field_row(entry) for entry in block.entries]
        table = ["| number | field | type | meaning |", "| --- | --- | --- | --- |", *rows]
    return f"{heading}{told}\n" + "\n".join(table) + "\n"


def _field_row(entry: proto.Entry) -> str:
    most = f", at most {entry.max_bytes} bytes" if entry.max_bytes else ""
    return f"| {entry.number} | `{entry.name}` | {entry.type}{most} | {entry.comment} |"
