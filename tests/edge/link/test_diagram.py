"""The drawing in the page is the one that the table gives."""

from pathlib import Path

from edge.link.diagram import draw_diagram, put_into
from edge.link.transitions import TRANSITIONS


def test_the_page_shows_the_table_as_it_is(repository: Path) -> None:
    page = (repository / "docs" / "design" / "session.md").read_text()
    assert put_into(page) == page, "run tools/session_diagram"


def test_every_way_between_two_states_is_drawn() -> None:
    drawn = draw_diagram()
    for (state, kind), row in TRANSITIONS.items():
        for goes_to in row:
            if goes_to is not state:
                (line,) = [
                    line
                    for line in drawn.splitlines()
                    if line.strip().startswith(f"{state.value} --> {goes_to.value}:")
                ]
                assert kind.__name__ in line
