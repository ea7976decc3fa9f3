"""The raw SSD head, with answers worked out by hand."""

import math

import numpy as np

from edge.eye.detector.decoders.head import CANDIDATES_MAX
from edge.eye.detector.decoders.ssd import boxes_from_codes, default_boxes, make_ssd
from tests.edge.eye.detector.heads import ANIMAL, BAG, CAR, PERSON, answers, blank, shipped

CARD = shipped("ssd-coco15")
SILENT = -128


def test_there_are_1917_default_boxes_largest_map_first() -> None:
    assert CARD.anchors is not None
    boxes = default_boxes(CARD.anchors)
    assert boxes.shape == (1917, 4)
    assert boxes.dtype == np.float32
    half_cell, root2 = 0.5 / 19, math.sqrt(2)
    np.testing.assert_allclose(boxes[0], [half_cell, half_cell, 0.1, 0.1], rtol=1e-6)
    np.testing.assert_allclose(boxes[1], [half_cell, half_cell, 0.2 / root2, 0.2 * root2], 1e-6)
    np.testing.assert_allclose(boxes[2], [half_cell, half_cell, 0.2 * root2, 0.2 / root2], 1e-6)


def test_default_boxes_run_along_a_row_first() -> None:
    assert CARD.anchors is not None
    boxes = default_boxes(CARD.anchors)
    np.testing.assert_allclose(boxes[3, :2], [0.5 / 19, 1.5 / 19], rtol=1e-6)
    np.testing.assert_allclose(boxes[3 * 19, :2], [1.5 / 19, 0.5 / 19], rtol=1e-6)


def test_a_map_after_the_first_has_six_shapes_a_cell() -> None:
    assert CARD.anchors is not None
    cell = default_boxes(CARD.anchors)[3 * 19 * 19 :][:6]
    between = math.sqrt(0.35 * 0.5)
    np.testing.assert_allclose(cell[0, 2:], [0.35, 0.35], rtol=1e-6)
    np.testing.assert_allclose(cell[3, 2:], [0.35 / math.sqrt(3), 0.35 * math.sqrt(3)], rtol=1e-6)
    np.testing.assert_allclose(cell[5, 2:], [between, between], rtol=1e-6)


def test_the_last_map_is_one_cell_over_the_whole_frame() -> None:
    assert CARD.anchors is not None
    cell = default_boxes(CARD.anchors)[-6:]
    np.testing.assert_allclose(cell[0], [0.5, 0.5, 0.95, 0.95], rtol=1e-6)
    np.testing.assert_allclose(cell[5, 2:], [math.sqrt(0.95)] * 2, rtol=1e-6)


def test_a_code_moves_and_stretches_its_default_box() -> None:
    anchors = np.array([[0.5, 0.4, 0.2, 0.1]], np.float32)
    codes = np.array([[0.5, -1, math.log(2), 0]], np.float32)
    # centre y 0.5 + 0.5 * 0.2, centre x 0.4 - 0.1, height 0.4, width 0.1
    np.testing.assert_allclose(
        boxes_from_codes(codes, anchors), [[0.25, 0.4, 0.35, 0.8]], rtol=1e-6
    )


def test_one_quantised_logit_becomes_one_box_with_its_probability() -> None:
    values = blank(CARD)
    values["scores"][...] = SILENT
    values["scores"][0, 1911, 2] = 10
    found = make_ssd(CARD)(answers(values, scale=0.2))
    assert found.classes.tolist() == [CAR]
    np.testing.assert_allclose(found.scores, [1 / (1 + math.exp(-2))], rtol=1e-6)
    np.testing.assert_allclose(found.boxes, [[0.025, 0.025, 0.975, 0.975]], rtol=1e-5)


def test_the_zero_of_a_quantised_answer_is_taken_off_before_its_scale() -> None:
    values = blank(CARD, fill=52)
    values["scores"][...] = SILENT
    values["scores"][0, 0, 0] = 62
    found = make_ssd(CARD)(answers(values, scale=0.2, zero=52))
    np.testing.assert_allclose(found.scores, [1 / (1 + math.exp(-2))], rtol=1e-6)
    left, top, right, bottom = found.boxes[0]
    np.testing.assert_allclose([right - left, bottom - top], [0.1, 0.1], rtol=1e-5)


def test_a_score_on_the_threshold_counts_and_one_step_below_does_not() -> None:
    logit = math.log(CARD.score_min / (1 - CARD.score_min))
    values = blank(CARD)
    values["scores"][...] = SILENT
    values["scores"][0, 0, 0] = -14
    values["scores"][0, 1, 0] = -15
    found = make_ssd(CARD)(answers(values, scale=logit / -14))
    np.testing.assert_allclose(found.scores, [CARD.score_min], rtol=1e-5)


def test_classes_of_coco_become_those_of_the_wire() -> None:
    values = blank(CARD)
    values["scores"][...] = SILENT
    for place, column in enumerate((0, 6, 11, 12, 14)):
        values["scores"][0, place, column] = 50
    found = make_ssd(CARD)(answers(values, scale=0.2))
    assert found.classes.tolist() == [PERSON, ANIMAL, ANIMAL, BAG, BAG]


def test_a_model_that_sees_everything_everywhere_is_cut_to_the_best() -> None:
    values = blank(CARD, fill=20)
    values["scores"][0, :50, 0] = 100
    found = make_ssd(CARD)(answers(values, scale=0.1))
    assert len(found.scores) == CANDIDATES_MAX
    assert (found.scores > 0.99).sum() == 50


def test_silence_is_an_empty_answer() -> None:
    values = blank(CARD, fill=SILENT)
    found = make_ssd(CARD)(answers(values, scale=0.2))
    assert found.boxes.shape == (0, 4)
    assert found.scores.shape == found.classes.shape == (0,)
