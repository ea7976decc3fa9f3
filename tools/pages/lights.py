"""The page of what a pole's light and its report say, from the board's own tables."""

import inspect
import re

from edge.board import trouble
from edge.board.leds import table
from edge.board.trouble import Trouble

_MEANING = re.compile(
    r'^    [A-Z_]+ = "(?P<word>[a-z_]+)"\n    """(?P<meaning>[^"]+)"""', re.MULTILINE
)


def page(*_: object) -> str:
    """The whole page."""
    meanings = {
        each["word"]: each["meaning"] for each in _MEANING.finditer(inspect.getsource(trouble))
    }
    reasons = "".join(f"| `{each.value}` | {meanings[each.value]} |\n" for each in Trouble)
    return (
        "# The pole's light and its report\n\n"
        "Generated from `edge/board/` by `tools/reference`; do not edit.\n\n"
        "A pole that is not at work says why three ways: by the board's light, by one line in its "
        "journal\n(`pole_waits reason=...`), and in `vigie/report.txt` on the card's first "
        "partition, which any\ncomputer reads.\n\n"
        f"{table()}\n| reason | meaning |\n|---|---|\n{reasons}"
    )
