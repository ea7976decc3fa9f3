"""Ways of looking on a drawn frame, and the figure of what they cost."""

import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.eye.attention import Canvas
from edge.eye.detections import Detections
from tests.edge.eye.drawn import found
from tools.evaluation.layout import PictureSet, TruthBox
from tools.evaluation.looking import Footage, Regions, make_frame, way_of
from tools.evaluation.plot import Point, draw

CANVAS = Canvas(160, 160, keeps_aspect=True)
SIDE_PX = 16
Picture = npt.NDArray[np.uint8]


def find(rgb: Picture) -> Detections:
    """Bright patches of 16 pixels and more: what is smaller is not found, as by a real detector."""
    height, width = rgb.shape[:2]
    bright = cv2.inRange(rgb, (190, 190, 190), (255, 255, 255))
    stats = np.asarray(cv2.connectedComponentsWithStats(bright)[2])[1:]
    boxes = [
        (left / width, top / height, (left + wide) / width, (top + high) / height)
        for left, top, wide, high, _ in stats.tolist()
        if high >= SIDE_PX
    ]
    return found(*boxes)


def picture(tick: int) -> Picture:
    drawn = np.full((720, 1280, 3), 90, np.uint8)
    drawn[300:332, 400 + 8 * tick : 416 + 8 * tick] = 235
    return drawn


def test_regions_find_what_whole_frames_show_too_small() -> None:
    ways = {name: way_of(name, CANVAS, find) for name in ("whole", "tiles 3", "regions 2")}
    seen = dict.fromkeys(ways, 0)
    for tick in range(20):
        frame = make_frame(picture(tick), tick, 10.0)
        for name, way in ways.items():
            boxes = way.look(frame).boxes_frac * np.array([1280, 720] * 2)
            is_there = len(boxes) and np.abs(boxes[:, 0] - 400 - 8 * tick).min() < 8
            seen[name] += bool(is_there)
    assert seen["whole"] == 0
    assert seen["regions 2"] >= 17
    regions = ways["regions 2"]
    assert isinstance(regions, Regions)
    assert regions.looks <= 40 < ways["tiles 3"].looks


def test_whole_frames_at_half_the_pace_are_half_the_looks_and_a_memory() -> None:
    bright = np.full((720, 1280, 3), 90, np.uint8)
    bright[200:440, 400:520] = 235
    way = way_of("whole 0.5", CANVAS, find)
    known = [len(way.look(make_frame(bright, tick, 10.0))) for tick in range(20)]
    assert way.looks == 10
    assert known[2:] == [1] * 18


def test_eight_pictures_go_to_and_fro_and_count_in_the_second_half(tmp_path: Path) -> None:
    files = []
    for number in range(3):
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), np.full((40, 60, 3), 10 * number, np.uint8))
        files.append((path, (TruthBox("person", 1.0, 2.0, 3.0, 4.0),)))
    footage = Footage("three", PictureSet("three", tuple(files), None, frozenset()), 10.0, 2)
    shown = list(footage.frames())
    assert [frame.number for frame, _ in shown] == list(range(32))
    assert [truth is None for _, truth in shown] == [True] * 16 + [False] * 16
    assert shown[-1][0].luma.shape == (80, 120)
    assert shown[-1][1] == (TruthBox("person", 2.0, 4.0, 6.0, 8.0),)
    levels = [int(frame.luma[0, 0]) for frame, _ in shown[:5]]
    assert levels[:3] == sorted(levels[:3])
    assert levels[3] == levels[1]


def test_what_a_publisher_did_not_box_is_neither_right_nor_wrong() -> None:
    pictures = PictureSet("none", (), None, frozenset())
    (box,) = Footage("far", pictures, 10.0, 2, 0, unboxed_above_px=150).neither(768)
    assert (box.bottom, box.is_ignored) == (300.0, True)
    assert Footage("all", pictures, 10.0).neither(768) == ()


@pytest.mark.parametrize("across", [1, 3])
def test_the_figure_is_whole_and_shows_every_point(across: int) -> None:
    points = [Point("whole", 8.0, 0.3), Point("regions 1", 9.0, 0.5), Point("regions 2", 17.0, 0.6)]
    drawn = draw({"street & square": points, "yard": points}, across)
    circles = ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}circle")
    assert len([each for each in circles if each.get("r") == "4.5"]) == 2 * len(points)
    assert draw({"street & square": points, "yard": points}, across) == drawn
