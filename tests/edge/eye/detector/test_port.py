"""The port around a runtime: boxes in the frame, order, and answers that are no numbers."""

import numpy as np
import pytest

from edge.errors import Kind, VigieError
from edge.eye.detector.port import Detector
from tests.edge.eye.detector.heads import CAR, PERSON, blank, shipped
from tests.fakes.runtime import FakeRuntime

CARD = shipped("ssd-v1-uint8")
YOLOX = shipped("yolox-nano")
PICTURE = np.zeros((120, 160, 3), np.uint8)


def test_boxes_come_best_first_and_inside_the_frame() -> None:
    values = blank(CARD)
    values["count"][0] = 2
    values["boxes"][0, :2] = [[0.5, 0.5, 0.6, 0.6], [-0.2, 0.1, 0.3, 1.4]]
    values["scores"][0, :2], values["classes"][0, :2] = [0.5, 0.9], [0, 2]
    found = Detector(CARD, FakeRuntime(CARD, values)).find(PICTURE)
    assert found.classes.tolist() == [CAR, PERSON]
    np.testing.assert_allclose(found.boxes_frac, [[0.1, 0, 1, 0.3], [0.5, 0.5, 0.6, 0.6]])
    assert {found.boxes_frac.dtype, found.scores.dtype} == {np.dtype("float32")}


def test_a_letterboxed_box_is_given_in_fractions_of_the_frame() -> None:
    values = blank(YOLOX)
    # Stride 32, cell (6, 3): centre at half the input's width, a quarter of its height.
    row = 52 * 52 + 26 * 26 + 3 * 13 + 6
    values["grid"][0, row, :6] = [0.5, 0.25, 0, 0, 1, 1]
    found = Detector(YOLOX, FakeRuntime(YOLOX, values)).find(np.zeros((208, 416, 3), np.uint8))
    np.testing.assert_allclose(
        found.boxes_frac, [[192 / 416, 88 / 208, 224 / 416, 120 / 208]], rtol=1e-5
    )


def test_the_eye_learns_the_inputs_size() -> None:
    detector = Detector(CARD, FakeRuntime(CARD, blank(CARD)))
    assert (detector.input_width_px, detector.input_height_px) == (300, 300)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_answer_that_is_no_number_is_an_error_not_an_empty_street(value: float) -> None:
    values = blank(CARD)
    values["scores"][0, 3] = value
    with pytest.raises(VigieError) as refused:
        Detector(CARD, FakeRuntime(CARD, values)).find(PICTURE)
    assert refused.value.kind is Kind.INTERNAL


def test_detections_outlive_the_next_call() -> None:
    values = blank(CARD)
    values["count"][0], values["scores"][0, 0] = 1, 0.9
    values["boxes"][0, 0] = [0.1, 0.1, 0.2, 0.2]
    runtime = FakeRuntime(CARD, values)
    detector = Detector(CARD, runtime)
    first = detector.find(PICTURE)
    kept = first.boxes_frac.copy()
    detector.find(PICTURE)
    np.testing.assert_array_equal(first.boxes_frac, kept)
    assert runtime.asked_count == 2
