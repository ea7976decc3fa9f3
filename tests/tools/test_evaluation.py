"""The yardstick itself: known paths have known crossings, visits and scores."""

import contextlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edge.errors import VigieError
from edge.eye.detections import Detections
from edge.site.model import Camera, Line, Site, SiteFile, Zone
from edge.site.rules import LineCrossing, Loitering
from edge.wire.names import CLASS_NUMBERS
from tools.evaluation.detection import Looked, boxes_of, score
from tools.evaluation.events import score_signals
from tools.evaluation.eyes import Eye
from tools.evaluation.kept import Kept
from tools.evaluation.layout import TruthBox, picture_sets
from tools.evaluation.negatives import Negative, count_false
from tools.evaluation.pages import put_tables
from tools.evaluation.seeing import boxed_groups
from tools.evaluation.tiles import find_in_tiles, tiles
from tools.evaluation.truth import Happening, expected, read_paths
from tools.evaluation.truth import Path as Walk

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


def walk(*x_fractions: float) -> Walk:
    """A path at one point a second, half-way down the picture."""
    count = len(x_fractions)
    feet = np.array([[x, 0.5] for x in x_fractions])
    return Walk(np.arange(count, dtype=float), feet)


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


def looked(truth: list[TruthBox], found: list[tuple[float, float, float, float, float]]) -> Looked:
    """A picture of 100 by 100 pixels; what was found: four edges in pixels, a score; cars."""
    boxes = np.array([one[:4] for one in found], np.float32).reshape(-1, 4) / np.float32(100)
    scores = np.array([one[4] for one in found], np.float32)
    classes = np.full(len(found), CLASS_NUMBERS["car"], np.uint8)
    return Looked("drawn", 0, 100, 100, tuple(truth), Detections(boxes, scores, classes))


def test_ap_is_whole_when_all_is_found_and_falls_with_what_is_false() -> None:
    truth = [TruthBox("vehicle", 10, 10, 30, 30), TruthBox("vehicle", 50, 50, 90, 90)]
    right = [(10.0, 10.0, 30.0, 30.0, 0.9), (50.0, 50.0, 90.0, 90.0, 0.8)]
    whole, small, large = score([looked(truth, right)], "vehicle")
    assert (whole.boxes, whole.side) == (2, "all")
    assert whole.ap50 == pytest.approx(1.0)
    assert [(one.side, one.boxes) for one in (small, large)] == [("16 to 32", 1), ("32 to 64", 1)]
    wrong = [(10.0, 60.0, 30.0, 80.0, 0.95), *right]
    assert score([looked(truth, wrong)], "vehicle")[0].ap50 == pytest.approx(2 / 3, abs=0.01)


def test_what_a_publisher_boxed_in_part_is_neither_right_nor_wrong() -> None:
    truth = [TruthBox("vehicle", 10, 10, 30, 30), TruthBox("vehicle", 50, 50, 90, 90, True)]
    found = [(50.0, 50.0, 90.0, 90.0, 0.95), (10.0, 10.0, 30.0, 30.0, 0.5)]
    whole = score([looked(truth, found)], "vehicle")[0]
    assert whole.boxes == 1
    assert whole.ap50 == pytest.approx(1.0)


def test_a_van_that_is_a_car_and_a_truck_is_one_thing() -> None:
    one = looked([], [(10.0, 10.0, 30.0, 30.0, 0.9), (11.0, 10.0, 30.0, 30.0, 0.8)])
    one.found.classes[1] = CLASS_NUMBERS["truck"]
    boxes, scores = boxes_of(one, "vehicle")
    assert (len(boxes), scores.tolist()) == (1, [pytest.approx(0.9)])


def test_the_sets_keep_their_publishers_rules(tmp_path: Path) -> None:
    heading = "file,label,x1,y1,x2,y2\n"
    for name, rows in (
        ("konya_cctv", "a.jpg,car,1,1,9,9\na.jpg,tram,1,1,9,9\n"),
        ("fortaleza_cctv", "a.jpg,motorcycle,1,1,9,9\na.jpg,backpack,1,1,5,5\n"),
    ):
        place = tmp_path / "eval" / "pictures" / name
        place.mkdir(parents=True)
        (place / "boxes.csv").write_text(heading + rows)
    riders, trams = picture_sets(tmp_path)
    drawn = [(box.group, box.is_ignored) for box in trams.pictures[0][1]]
    assert drawn == [("vehicle", False), ("vehicle", True)]
    drawn = [(box.group, box.is_ignored) for box in riders.pictures[0][1]]
    assert drawn == [("two_wheeler", False), ("bag", False), ("person", True)]
    assert boxed_groups(riders) == ["two_wheeler", "bag"]


def test_tiles_cover_the_picture_and_overlap() -> None:
    covered = np.zeros((90, 160), int)
    for left, top, right, bottom in tiles(160, 90, 3):
        covered[top:bottom, left:right] += 1
    assert (covered.min(), covered.max()) == (1, 4)


def test_a_box_that_a_seam_cuts_is_left_to_the_neighbour() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    person = np.array([CLASS_NUMBERS["person"]], np.uint8)

    def find(rgb: npt.NDArray[np.uint8]) -> Detections:
        """The whole of each tile and of the picture."""
        return Detections(np.array([[0, 0, 1, 1]], np.float32), np.ones(1, np.float32), person)

    assert len(find_in_tiles(find, 2, 0.5, 300)(picture)) == 1


def test_what_was_found_is_looked_for_once(tmp_path: Path) -> None:
    asked: list[int] = []

    def find(rgb: npt.NDArray[np.uint8]) -> Detections:
        asked.append(len(rgb))
        count = len(asked) - 1
        boxes = np.zeros((count, 4), np.float32)
        return Detections(boxes, np.ones(count, np.float32), np.ones(count, np.uint8))

    eye = Eye("eye", "0" * 64, "k" * 64, 0.3, lambda: contextlib.nullcontext(find))
    pictures = [np.zeros((height, 20, 3), np.uint8) for height in (10, 30)]
    first = Kept(tmp_path).look(eye, "f" * 64, lambda: pictures, lambda _done, _total: None)
    again = Kept(tmp_path).look(eye, "f" * 64, lambda: pictures, lambda _done, _total: None)
    assert asked == [10, 30]
    assert [(one.width_px, one.height_px, len(one.found)) for one in again] == [
        (20, 10, 0),
        (20, 30, 1),
    ]
    assert [len(one.found) for one in first] == [0, 1]


def test_false_boxes_are_counted_by_look_and_by_place() -> None:
    clip = Negative(Path("yard.mp4"), ("person", "vehicle"), 25.0, 100)
    here = np.array([[0.1, 0.1, 0.3, 0.3]], np.float32)
    there = here + np.float32(0.5)
    person = np.array([CLASS_NUMBERS["person"]], np.uint8)
    found = [
        Detections(box, np.array([sureness], np.float32), person)
        for box, sureness in ((here, 0.9), (here, 0.9), (there, 0.9), (there, 0.1))
    ]
    people, vehicles = count_false(clip, found, 0.5)
    assert (people.boxes, people.places, people.looks) == (3, 2, 4)
    assert (vehicles.boxes, vehicles.places) == (0, 0)
    assert people.hours == pytest.approx(4 / 3600)


def test_tables_go_between_their_marks_and_nowhere_else() -> None:
    begin, end = "<!-- printed by tools/evaluate, {}: begin -->", "<!-- end -->"
    page = f"a\n{begin.format('one')}\nold\n{end}\nb\n{begin.format('two')}\n{end}\n"
    once = put_tables(page, {"one": "| \\1 |\n"}, "page.md")
    assert once == page.replace("old\n", "\n| \\1 |\n\n")
    assert put_tables(once, {"one": "| \\1 |\n"}, "page.md") == once
    with pytest.raises(VigieError) as refused:
        put_tables(page, {"three": ""}, "page.md")
    assert "page.md: the page has no place for the tables of 'three'" in str(refused.value)
