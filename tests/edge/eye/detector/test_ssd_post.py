"""The SSD head that has done its post-processing itself."""

import numpy as np

from edge.eye.detector.decoders.ssd_post import make_ssd_post
from tests.edge.eye.detector.heads import BUS, PERSON, answers, blank, shipped

CARD = shipped("ssd-v1-uint8")


def test_boxes_turn_from_top_left_bottom_right_to_left_top_right_bottom() -> None:
    values = blank(CARD)
    values["boxes"][0, 0] = [0.1, 0.2, 0.3, 0.4]
    values["scores"][0, 0], values["classes"][0, 0], values["count"][0] = 0.9, 5, 1
    found = make_ssd_post(CARD)(answers(values))
    np.testing.assert_allclose(found.boxes, [[0.2, 0.1, 0.4, 0.3]])
    assert found.classes.tolist() == [BUS]


def test_rows_beyond_the_count_are_not_read() -> None:
    values = blank(CARD)
    values["scores"][...], values["count"][0] = 0.9, 2
    assert len(make_ssd_post(CARD)(answers(values)).scores) == 2


def test_weak_rows_and_classes_that_are_not_used_are_left_out() -> None:
    values = blank(CARD)
    values["count"][0] = 4
    values["scores"][0, :4] = [0.9, 0.9, 0.29, 0.3]
    values["classes"][0, :4] = [0, 43, 0, 0]
    found = make_ssd_post(CARD)(answers(values))
    assert found.classes.tolist() == [PERSON, PERSON]
    np.testing.assert_allclose(found.scores, [0.9, 0.3])


def test_a_class_beyond_the_card_is_left_out() -> None:
    values = blank(CARD)
    values["count"][0] = 2
    values["scores"][0, :2], values["classes"][0, :2] = 0.9, [400, -1]
    assert not len(make_ssd_post(CARD)(answers(values)).scores)
