import contextlib
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from edge.errors import Kind
from edge.site.check import load_site, read_site
from edge.site.model import DEFAULT_DETECTOR
from edge.site.problem import SiteError
from edge.site.rules import Intrusion, WrongWay

MINIMAL = """\
version = 1
[site]
name = "gate"
[[camera]]
name = "north"
source = "sim:street"
"""


def problems_of(text: str) -> SiteError:
    with pytest.raises(SiteError) as caught:
        load_site(text, file="site.toml")
    return caught.value


def test_the_complete_example_is_good(repository: Path) -> None:
    site = read_site(repository / "tests/corpus/site/complete.toml")
    assert [camera.name for camera in site.cameras] == ["north", "south"]
    assert site.cameras[0].masks[0].name == "window"
    assert site.cameras[0].person_heights[1].height_frac == 0.30
    assert site.schedules[1].first_date == "2026-03-01"
    assert site.schedules[1].weekdays == ("tue", "fri")
    entry = site.rules[0]
    assert isinstance(entry, Intrusion)
    assert (entry.when, entry.min_seconds, entry.schedule) == ("entry", 2.0, "night")


def test_a_minimal_file_gets_every_default() -> None:
    site = load_site(MINIMAL, file="site.toml")
    assert site.cameras[0].analysis_fps == 10.0
    assert site.health.lost_seconds == 10.0
    assert site.detection.model == DEFAULT_DETECTOR
    assert site.rules == ()


@pytest.mark.parametrize(
    "table", ["[detection]", '[[camera]]\nname = "south"\nsource = "sim:street"']
)
def test_a_budget_of_nothing_is_refused_with_what_is_allowed(table: str) -> None:
    text = f"{MINIMAL}{table}\nbudget_ms_per_second = 0\n"
    (problem,) = problems_of(text).problems
    assert "budget_ms_per_second is 0; allowed: a number above 0" in problem.what


def test_a_camera_cannot_have_more_time_than_all_cameras_together() -> None:
    text = f"{MINIMAL}budget_ms_per_second = 300\n[detection]\nbudget_ms_per_second = 200\n"
    (problem,) = problems_of(text).problems
    assert "budget_ms_per_second is 300, above the 200" in problem.what
    assert problem.line == 7
    site = load_site(text.replace("= 300", "= 150"), file="site.toml")
    assert site.cameras[0].budget_ms_per_second == 150


def test_a_rule_keeps_the_defaults_of_its_own_function() -> None:
    site = load_site(
        f"""{MINIMAL}
[[zone]]
name = "road"
camera = "north"
polygon_frac = [[0, 0], [1, 0], [1, 1]]
[[rule]]
name = "against"
function = "wrong_way"
zone = "road"
allowed_deg = 90
""",
        file="site.toml",
    )
    (rule,) = site.rules
    assert isinstance(rule, WrongWay)
    assert rule.classes == ("car", "bus", "truck", "motorcycle")


def test_whole_numbers_are_taken_where_numbers_are_asked_and_become_floats() -> None:
    site = load_site(
        MINIMAL.replace("[site]", "[site]\nlatitude_deg = 48\nlongitude_deg = 2"), file="x"
    )
    assert isinstance(site.site.latitude_deg, float)


def test_all_problems_come_at_once_in_the_order_of_the_text() -> None:
    error = problems_of(
        """\
version = 1
[site]
nme = "gate"
[[camera]]
name = "Nord"
source = "sim:street"
analysis_fps = 0
[[zone]]
name = "lawn"
camera = "north"
polygon_frac = [[0, 0], [1, 1], [1, 0], [0, 1]]
"""
    )
    assert error.kind is Kind.INVALID_ARGUMENT
    assert [(problem.line, problem.column) for problem in error.problems] == [
        (2, 2),
        (3, 1),
        (5, 8),
        (7, 16),
        (10, 10),
        (11, 16),
    ]
    assert str(error).startswith("site.toml: 6 problems in the site file\n\nsite.toml:2:2: ")


def test_the_caret_stands_under_the_value_behind_tabs_and_wide_letters() -> None:
    error = problems_of(MINIMAL.replace('"sim:street"', '"sim:é"\n\tanalysis_fps = 99 # é'))
    assert str(error) == (
        "site.toml:7:17: analysis_fps is 99; allowed: a number above 0, at most 60\n"
        "    7 | \tanalysis_fps = 99 # é\n"
        "      | \t               ^^"
    )


def test_a_password_in_a_source_is_never_shown() -> None:
    error = problems_of(MINIMAL.replace("sim:street", "rstp://admin:hunter2@192.0.2.7/live"))
    assert "hunter2" not in str(error)
    assert "rstp://admin:***@192.0.2.7/live" in str(error)


def test_a_byte_order_mark_and_windows_line_ends_are_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert read_site(path).site.name == "gate"


def test_a_column_behind_windows_line_ends_is_right() -> None:
    error = problems_of(MINIMAL.replace('"sim:street"', "7").replace("\n", "\r\n"))
    assert (error.problems[0].line, error.problems[0].column) == (6, 10)
    assert error.problems[0].excerpt == "source = 7"


def test_a_good_file_never_loads_the_parser_that_finds_places(repository: Path) -> None:
    program = (
        "import pathlib, sys\n"
        "from edge.site.check import read_site\n"
        "read_site(pathlib.Path('tests/corpus/site/complete.toml'))\n"
        "print('tree_sitter' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


STRANGE = (
    "-1",
    "1e400",
    "nan",
    "true",
    '""',
    "[]",
    "[[]]",
    "{a = 1}",
    "22:00:01",
    "2026-01-01T00:00:00Z",
    "99999999999999999999",
    "[[nan, 0], [1, 0], [1, 1]]",
    "[[0, 0], [0, 0], [0, 0]]",
)


def test_no_value_in_any_place_ends_in_another_error(repository: Path) -> None:
    text = (repository / "tests/corpus/site/complete.toml").read_text(encoding="utf-8")
    lines = text.splitlines()
    strange = itertools.cycle(STRANGE)
    for number, line in enumerate(lines):
        key, equals, _ = line.partition(" = ")
        for value in itertools.islice(strange, 4 if equals else 0):
            spoilt = [*lines[:number], f"{key} = {value}", *lines[number + 1 :]]
            with contextlib.suppress(SiteError):
                load_site("\n".join(spoilt), file="site.toml")
