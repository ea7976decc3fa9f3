"""State diagrams in the design pages, each drawn between two marks from the code's own table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from edge.link.transitions import TRANSITIONS as SESSION
from edge.link.transitions import State
from edge.update.boot import TRANSITIONS as BOOT
from edge.update.boot import Stage

_END = "<!-- end -->"


@dataclass(frozen=True, slots=True)
class Arrow:
    """One way from a state to another, and what leads along it."""

    begins: Enum
    ends: Enum
    cause: str


def draw(arrows: Iterable[Arrow], first: Enum, last: Enum | None = None) -> str:
    """Mermaid text: one arrow a pair of states, with all that leads along it.

    What leaves a state where it is is not drawn; the table in the code has it.
    """
    causes: dict[tuple[Enum, Enum], list[str]] = {}
    for arrow in arrows:
        if arrow.ends is not arrow.begins:
            causes.setdefault((arrow.begins, arrow.ends), []).append(arrow.cause)
    lines = ["stateDiagram-v2", f"  [*] --> {first.value}"]
    for (begins, ends), words in causes.items():
        lines.append(f"  {begins.value} --> {ends.value}: {'<br/>'.join(words)}")
    if last is not None:
        lines.append(f"  {last.value} --> [*]")
    return "\n".join(lines)


def put_into(page: str, source: str, diagram: str) -> str:
    """The page with this diagram between the marks that name its source.

    Raises:
        ValueError: the page has no such marks.

    """
    begin = f"<!-- drawn from {source} by tools/reference: begin -->"
    before, _, rest = page.partition(begin)
    _, mark, after = rest.partition(_END)
    if not mark:
        raise ValueError(f"the page has no {begin} … {_END}")
    return f"{before}{begin}\n\n```mermaid\n{diagram}\n```\n\n{_END}{after}"


def session() -> str:
    """The link's session, from `edge/link/transitions.py`."""
    arrows = [
        Arrow(state, goes_to, f"{kind.__name__}: {condition}" if condition else kind.__name__)
        for (state, kind), row in SESSION.items()
        for goes_to, condition in row.items()
    ]
    return draw(arrows, State.WAITING, State.STOPPED)


def boot() -> str:
    """The boot selection, from `edge/update/boot.py`."""
    arrows = [
        Arrow(stage, row.goes_to, f"{event.value}: {row.words}" if row.words else event.value)
        for (stage, event), row in BOOT.items()
    ]
    return draw(arrows, Stage.STEADY)


DIAGRAMS: dict[str, tuple[str, Callable[[], str]]] = {
    "session.md": ("edge/link/transitions.py", session),
    "update.md": ("edge/update/boot.py", boot),
}
"""Pages of docs/design, each with the file whose table is drawn into it."""
