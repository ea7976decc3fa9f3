"""The yardstick of signals and tracks: annotated walks of known answer, drawn walkers, nothing."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edge.eye.detections import Detections, no_detections
from edge.site.model import Camera, Line, Site, SiteFile, Zone
from edge.site.rules import Count, Intrusion, LineCrossing, Loitering
from tests.edge.eye.drawn import BrightThings, draw_walkers
from tools.evaluation.negatives import Negative
from tools.evaluation.report import signal_tables, tracking_table
from tools.evaluation.signals import (
    Annotated,
    count_false_signals,
    judge_annotated,
    replay_clip,
    score_events,
)
from tools.evaluation.tracking import Case, Footage, TrackingScore, published, run_tracker
from tools.evaluation.truth import expected, expected_counts, read_paths

Rows = npt.NDArray[np.float64]
SITE = SiteFile(
    version=1,
    site=Site("test"),
    cameras=(Camera("one", "file:drawn.mp4"),),
    zones=(Zone("right", "one", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))),),
    lines=(Line("middle", "one", (0.5, 0.0), (0.5, 1.0)),),
    rules=(
        LineCrossing(name="cross", function="line_crossing", line="middle"),
        Count(name="count", function="count", line="middle", period_seconds=10.0),
        Intrusion(name="enter", function="intrusion", zone="right"),
        Loitering(name="stay", function="loitering", zone="right", min_seconds=4.0),
    ),
)


def walk(number: int, begin: int, x_px: tuple[int, int], frames: int, y: float) -> Rows:
    """MOT rows of one who walks in a frame of 1000 by 1000 at 10 a second; y: of the feet."""
    x = np.linspace(*x_px, frames)
    ones = np.ones(frames)
    columns = (np.arange(frames) + begin, number * ones, x - 20, (y - 150) * ones, 40 * ones,
               150 * ones, ones)  # fmt: skip
    return np.stack(columns, axis=1)


def annotated(*walks: Rows) -> Annotated:
    return Annotated(10.0, 1000, 1000, np.concatenate(walks))


THERE = walk(1, 1, (300, 800), 100, 400)
BACK = walk(2, 30, (900, 200), 100, 800)
STANDING = walk(3, 1, (700, 702), 130, 600)


def test_annotated_walks_are_signalled_as_they_happened() -> None:
    truth = annotated(THERE, BACK, STANDING)
    scores = score_events(SITE, truth, "drawn", judge_annotated(SITE, truth))
    assert [(one.rule, one.happened, one.signalled, one.matched) for one in scores] == [
        ("line crossing", 2, 2, 2),
        ("zone entry", 3, 2, 2),
        ("dwell", 3, 2, 2),
        ("count", 2, 2, 2),
    ]
    # One who stood there before anybody looked, and never moves, is taken for a statue.
    table = signal_tables(scores, [])
    assert "| drawn | zone entry | 3 | 2 | 2 | 1.00 [0.34, 1.00] | 0.67 [0.21, 0.94] |" in table


def test_signals_of_other_walks_are_wrong_and_these_are_missed() -> None:
    truth = annotated(THERE)
    scores = score_events(SITE, truth, "drawn", judge_annotated(SITE, annotated(BACK)))
    assert all(one.matched == 0 for one in scores if one.rule != "count")
    assert {one.rule: one.signalled for one in scores}["line crossing"] == 1


def test_crossings_are_counted_in_the_period_in_which_they_fall() -> None:
    later = walk(4, 120, (300, 800), 50, 400)
    paths = read_paths(np.concatenate([THERE, BACK, later]), 10.0, 1000, 1000)
    assert expected_counts(SITE, paths) == {("count", 0): 2, ("count", 1): 1}


def test_whose_feet_the_frame_cuts_off_stands_on_its_edge() -> None:
    cut = walk(1, 1, (600, 700), 30, 1010)
    (entry,) = expected(SITE, read_paths(cut, 10.0, 1000, 1000))
    assert entry.rule == "enter"


def test_who_was_gone_for_the_whole_of_the_time_begins_anew() -> None:
    """Gone for exactly as long as the rule asks (2 s for an entry), then for a look less."""
    for away, entries in ((20, 2), (18, 1)):
        first, again = walk(1, 1, (700, 800), 20, 400), walk(1, 21 + away, (700, 800), 20, 400)
        outside = walk(1, 21, (300, 310), away, 400)
        rows = np.concatenate([first, outside, again])
        found = [one.rule for one in expected(SITE, read_paths(rows, 10.0, 1000, 1000))]
        assert found.count("enter") == entries


class Blind(BrightThings):
    """Sees nothing."""

    def find(self, rgb: npt.NDArray[np.uint8]) -> Detections:
        return no_detections()


@pytest.fixture(scope="module")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("drawn") / "walkers.mp4"
    draw_walkers(path)
    return path


def test_the_whole_eye_is_asked_for_a_detector_s_signals(walkers: Path) -> None:
    looks: list[object] = []
    rules = [one.rule for one in replay_clip(SITE, walkers, BrightThings(), looks.append)]
    assert rules.count("cross") == 2
    assert len(looks) == 60
    assert not replay_clip(SITE, walkers, Blind(), looks.append)


def test_every_signal_of_what_is_not_there_is_counted(walkers: Path) -> None:
    clip = Negative(walkers, ("person", "vehicle", "bag"), 10.0, 60)
    seen = count_false_signals(clip, "bright", BrightThings(), lambda _: None)
    assert (seen.signals, seen.absent) == (2, "person, vehicle")
    assert count_false_signals(clip, "blind", Blind(), lambda _: None).signals == 0
    assert "| walkers (person, vehicle) | bright | 6 | 2 |" in signal_tables([], [seen])


def test_margins_without_a_bound_become_scores_and_a_track_keeps_its_number(
    tmp_path: Path,
) -> None:
    truth, found = tmp_path / "gt.txt", tmp_path / "det.txt"
    rows = walk(1, 1, (300, 800), 100, 400)
    np.savetxt(truth, rows, delimiter=",")
    rows[:, 1], rows[:, 6] = -1, np.linspace(90, 20, 100)
    np.savetxt(found, rows, delimiter=",")
    case = published(Footage("drawn", 10.0, 1000, 1000, truth, found, None))
    assert case.detections[:, 6].min() == pytest.approx(0.3)
    assert case.detections[:, 6].max() == pytest.approx(1.0)
    tracked = run_tracker(case)
    assert set(tracked[:, 1]) == {1.0}
    assert (len(tracked), tracked[0, 0]) == (99, 2.0)
    assert np.allclose(tracked[50:, 2:6], case.truth[51:, 2:6], atol=3)
    nothing = Case("empty", "none", 10.0, 1000, 1000, case.truth, case.detections[:0])
    assert run_tracker(nothing).shape == (0, 7)


def test_the_best_of_a_row_is_bold_each_measure_for_itself() -> None:
    def scored(tracker: str, hota: float, idf1: float) -> TrackingScore:
        return TrackingScore("drawn", "own", tracker, hota, idf1, 0.5, 3, 100, 2)

    table = tracking_table([scored("vigie", 0.5, 0.6), scored("peer", 0.4, 0.7)])
    assert "| drawn | own | **0.500** / 0.600 | 0.400 / **0.700** |" in table
    assert "| drawn | own | 100 | 2 | 0.500 | 3 |" in table
