"""The generated pages and drawings say what the code says."""

from enum import Enum
from pathlib import Path

import pytest

from tools.pages.diagrams import Arrow, draw, put_into
from tools.pages.main import PAGES, REMEDY


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_a_generated_page_is_current(path: Path, repository: Path) -> None:
    written = repository / path
    assert written.is_file(), f"{written} is missing. {REMEDY}"
    is_current = written.read_text(encoding="utf-8") == PAGES[path]()
    assert is_current, f"{path} is stale. {REMEDY}"


class Light(Enum):
    RED = "red"
    GREEN = "green"


def test_ways_between_two_states_are_one_arrow_and_a_state_that_stays_is_none() -> None:
    arrows = [
        Arrow(Light.RED, Light.GREEN, "time"),
        Arrow(Light.RED, Light.GREEN, "hand"),
        Arrow(Light.GREEN, Light.GREEN, "tick"),
    ]
    assert draw(arrows, Light.RED, Light.GREEN).splitlines() == [
        "stateDiagram-v2",
        "  [*] --> red",
        "  red --> green: time<br/>hand",
        "  green --> [*]",
    ]


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the page has no <!-- drawn from a\.py"):
        put_into("# Page\n", "a.py", "stateDiagram-v2")
