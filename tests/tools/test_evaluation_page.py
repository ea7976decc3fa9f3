"""The page of an evaluation: what counts as a miss, and that the page holds all it shows."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest

from edge.eye.detections import Detections
from edge.wire.names import CLASS_NUMBERS
from tools.evaluation.detection import Looked, score
from tools.evaluation.drawing import Curve, draw_curves
from tools.evaluation.layout import PictureSet, TruthBox
from tools.evaluation.matching import match
from tools.evaluation.negatives import FalseBoxes
from tools.evaluation.page import write_page
from tools.evaluation.seeing import EyeResult, GroupResult


def looked(scores: list[float]) -> Looked:
    """Two cars in 100 by 100 pixels, one of them ignored, and three boxes: right, there, wrong."""
    boxes = np.array([[0.1, 0.1, 0.3, 0.4], [0.6, 0.6, 0.7, 0.7], [0.1, 0.6, 0.3, 0.9]], np.float32)
    truth = (
        TruthBox("vehicle", 10, 10, 30, 40),
        TruthBox("vehicle", 40, 10, 60, 90),
        TruthBox("vehicle", 50, 50, 90, 90, is_ignored=True),
    )
    classes = np.full(3, CLASS_NUMBERS["car"], np.uint8)
    return Looked("drawn", 0, 100, 100, truth, Detections(boxes, np.array(scores), classes))


def test_a_box_is_right_wrong_or_where_nobody_judges() -> None:
    matched = match([looked([0.9, 0.8, 0.7])], "vehicle", 0.5)
    assert matched.heights_px.tolist() == [30, 80]
    assert matched.is_found.tolist() == [True, False]
    assert [mark.height_px for mark in matched.misses] == [80]
    assert [round(mark.score, 2) for mark in matched.false] == [0.7]


def test_what_is_below_the_score_of_service_was_not_seen() -> None:
    matched = match([looked([0.4, 0.4, 0.4])], "vehicle", 0.5)
    assert (matched.is_found.tolist(), matched.false) == ([False, False], ())


def test_a_curve_lies_between_its_axes() -> None:
    drawn = draw_curves(
        "persons & cars",
        "recall",
        "precision",
        [(0.0, "0"), (1.0, "1")],
        [Curve("eye <1>", ((0.0, 1.0), (1.0, 0.0)))],
    )
    lines = ET.fromstring(drawn).findall("polyline")
    assert [line.get("points") for line in lines] == ["44.0,26.0 350.0,212.0"]
    assert lines[0].findtext("title") == "eye <1>"


def test_the_page_fetches_nothing_and_shows_the_miss_and_the_false_box(tmp_path: Path) -> None:
    picture = np.full((100, 100, 3), 90, np.uint8)
    cv2.imwrite(str(tmp_path / "a.jpg"), picture)
    one = looked([0.9, 0.8, 0.7])
    pictures = PictureSet("drawn", ((tmp_path / "a.jpg", one.truth),), None, frozenset())
    scores = tuple(score([one], "vehicle"))
    result = EyeResult(
        "eye",
        "0" * 64,
        0.5,
        (GroupResult("drawn", scores),),
        (GroupResult("all", scores),),
        (FalseBoxes("yard", "person", 10, 0.5, 3, 1),),
        (one,),
    )
    write_page(tmp_path / "out.html", [result], [pictures])
    text = (tmp_path / "out.html").read_text()
    assert text.count("data:image/jpeg;base64,") == 2
    assert "<td>6 (1)</td>" in text
    assert re.findall(r'(?:src|href)="(?!data:)', text) == []


@pytest.mark.parametrize("score_min", [0.0, 0.95])
def test_nothing_found_is_no_error(score_min: float) -> None:
    none = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.uint8))
    empty = Looked("drawn", 0, 100, 100, looked([0.9] * 3).truth, none)
    assert match([empty], "vehicle", score_min).is_found.tolist() == [False, False]
    assert score([empty], "vehicle")[0].ap50 == 0
