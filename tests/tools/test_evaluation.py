"""The yardstick itself: known paths have known crossings, visits and scores."""

import numpy as np
import pytest

from edge.site.model import Camera, Line, LineCrossing, Loitering, Site, SiteFile, Zone
from tools.evaluation.events import score_signals
from tools.evaluation.truth import Happening, Path, expected, read_paths

SITE = SiteFile(
    version=1,
    site=Site("test"),
    cameras=(Camera("one", "sim:street"),),
    zones=(Zone("right-half", "one", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))),),
    lines=(Line("middle", "one", (0.5, 0.0), (0.5, 1.0)),),
    rules=(
        LineCrossing(name="cross", function="line_crossing", line="middle"),
        Loitering(name="stay", function="loitering", zone="right-half", min_seconds=2.0),
    ),
)


def walk(*x_fractions: float) -> Path:
    """A path at one point a second, half-way down the picture."""
    count = len(x_fractions)
    feet = np.array([[x, 0.5] for x in x_fractions])
    return Path(np.arange(count, dtype=float), feet)


def test_a_walk_through_is_one_crossing_and_one_stay() -> None:
    found = expected(SITE, [walk(0.3, 0.45, 0.55, 0.7, 0.8)])
    assert [(one.rule, one.at_seconds) for one in found] == [("cross", 2.0), ("stay", 4.0)]


def test_jitter_on_the_line_is_no_crossing() -> None:
    assert expected(SITE, [walk(0.45, 0.499, 0.505, 0.495, 0.45)]) == []


def test_walking_down_the_picture_the_left_hand_is_to_the_east() -> None:
    leftwards = SiteFile(
        version=1,
        site=SITE.site,
        cameras=SITE.cameras,
        lines=SITE.lines,
        rules=(
            LineCrossing(
                name="west", function="line_crossing", line="middle", direction="left_to_right"
            ),
        ),
    )
    assert len(expected(leftwards, [walk(0.7, 0.3)])) == 1
    assert expected(leftwards, [walk(0.3, 0.7)]) == []


def test_mot_rows_become_foot_points() -> None:
    rows = np.array([[1, 7, 10, 20, 30, 40], [3, 7, 20, 20, 30, 40]], float)
    (path,) = read_paths(rows, 10.0, 100, 100)
    assert path.seconds.tolist() == [0.0, pytest.approx(0.2)]
    assert path.feet_frac.tolist() == [[0.25, 0.6], [0.35, 0.6]]


def test_a_signal_matches_one_happening_near_in_time_and_place() -> None:
    happened = [Happening("cross", 5.0, 0.5, 0.5), Happening("cross", 9.0, 0.5, 0.5)]
    told = [
        Happening("cross", 5.5, 0.52, 0.5),
        Happening("cross", 5.6, 0.51, 0.5),
        Happening("cross", 9.1, 0.9, 0.5),
    ]
    (score,) = score_signals("clip", told, happened)
    assert (score.matched, score.signalled, score.happened) == (1, 3, 2)
    share, low, high = score.recall
    assert low < share == 0.5 < high
