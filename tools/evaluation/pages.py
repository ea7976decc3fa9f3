"""Puts what an evaluation printed between its marks in a page, so that a page is never older."""

import re
from collections.abc import Mapping, Sequence

from edge.errors import Kind, VigieError

MARKS = r"(<!-- printed by tools/[a-z]+, {part}: begin -->\n)(.*?)(<!-- end -->)"


def put_tables(text: str, tables: Mapping[str, str], where: str) -> str:
    """The page with each part's tables in place of the old ones; where: what errors name.

    Raises: VigieError FAILED_PRECONDITION for a part that has no marks there.
    """
    for part, table in tables.items():
        found = re.search(MARKS.format(part=re.escape(part)), text, re.DOTALL)
        if found is None:
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                f"the page has no place for the tables of '{part}'",
                where=where,
                hint=f"Add two lines: <!-- printed by tools/evaluate, {part}: begin --> and "
                "<!-- end -->",
            )
        text = f"{text[: found.start(2)]}\n{table.strip()}\n\n{text[found.end(2) :]}"
    return text


def draw_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
