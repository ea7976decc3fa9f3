"""Draws the session's transition table as a diagram into a page between two marks.

Usage: python -m edge.link.diagram PAGE [--check]
"""

import argparse
import sys
from pathlib import Path

from edge.link.transitions import TRANSITIONS, State

BEGIN = "<!-- drawn from edge/link/transitions.py by tools/session_diagram: begin -->"
END = "<!-- end -->"


def draw_diagram() -> str:
    """Mermaid text: one arrow a pair of states, with the inputs that lead along it.

    Inputs that leave a state where it is are not drawn; the table beside it in the code has them.
    """
    arrows: dict[tuple[State, State], list[str]] = {}
    for (state, kind), row in TRANSITIONS.items():
        for goes_to, condition in row.items():
            if goes_to is not state:
                words = f"{kind.__name__}: {condition}" if condition else kind.__name__
                arrows.setdefault((state, goes_to), []).append(words)
    lines = ["stateDiagram-v2", "  [*] --> waiting"]
    for (state, goes_to), causes in arrows.items():
        lines.append(f"  {state.value} --> {goes_to.value}: {'<br/>'.join(causes)}")
    lines.append("  stopped --> [*]")
    return "\n".join(lines)


def put_into(page: str) -> str:
    """The page with the present diagram between its marks.

    Raises:
        ValueError: the page has no marks.

    """
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"the page has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n```mermaid\n{draw_diagram()}\n```\n\n{END}{after}"


def main() -> None:
    """Redraw the page, or say that it is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when stale")
    arguments = parser.parse_args()
    page = arguments.page.read_text()
    drawn = put_into(page)
    if arguments.check and drawn != page:
        sys.exit(f"{arguments.page} is out of date; run tools/session_diagram")
    if not arguments.check:
        arguments.page.write_text(drawn)


if __name__ == "__main__":
    main()
