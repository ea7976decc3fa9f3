"""docs/reference/functions.md: the closed list of functions, and which of them run today."""

import re

from edge.site import model, shape, words
from tools.pages import proto

OPENING = """\
# Functions

Generated from `proto/edge/wire/v1/event.proto` and the site file's model by `tools/reference`;
do not edit.

What a rule may look for. The list is closed: a mandate can only name what stands here. A
function without a rule below is a word on the wire that no part of this version computes."""

NOT_YET = "not yet computed"
_PREFIX = "FUNCTION_"
_OUTSIDE_THE_EYE = {
    "spool_gap": "Events that the spool had to drop or could not read again, named by their seqs."
}


def page() -> str:
    """The whole page."""
    block = next(found for found in proto.blocks("event.proto") if found.name == "Function")
    known = _rules() | _health() | _OUTSIDE_THE_EYE
    parts = [OPENING]
    group = ""
    for entry in block.entries[1:]:
        if entry.group != group:
            group = entry.group
            parts.append(f"\n## {group.rstrip('.')}\n\n| number | function | what it says |")
            parts.append("| --- | --- | --- |")
        word = entry.name.removeprefix(_PREFIX).lower()
        own = entry.comment if entry.comment != entry.group else ""
        parts.append(f"| {entry.number} | `{word}` | {known.get(word) or own or NOT_YET} |")
    return "\n".join(parts) + "\n"


def _rules() -> dict[str, str]:
    """First sentences of the rules that a site file can hold."""
    child = next(child for child in shape.document().children if child.name == "rule")
    told = {}
    for table in child.shapes:
        key = next(key for key in table.keys if key.name == shape.DISCRIMINATOR)
        meaning = " ".join(table.meaning.split())
        told[str(words.literal_arms(key.hint)[0])] = meaning
    return told


def _health() -> dict[str, str]:
    """Limits of the health events, by the word that their docstring ends with."""
    told = {}
    for key in shape.table_of(model.Health).keys:
        if named := re.search(r"(.*) is `(\w+)`\.$", key.sentence):
            told[named[2]] = f"{named[1]} (`[health]` `{key.name}`)."
    return told
