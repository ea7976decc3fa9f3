"""Pictures of nothing hold nothing, and come from where they are said to."""

import cv2
import numpy as np
import pytest

from tests.tools.training.samples import truths
from tools.training.classes import CAR, PERSON
from tools.training.empties import MARGIN_PX, draw_empty, list_empty, widest_empty
from tools.training.placing import Window
from tools.training.shelf import Item
from tools.training.truths import Truths, no_truths


def picture(inside: Truths, *, is_held_out: bool = False) -> Item:
    _, coded = cv2.imencode(".jpg", np.zeros((200, 400, 3), np.uint8))
    return Item("set/a.jpg", np.asarray(coded).ravel(), 1.0, is_held_out, inside)


def test_the_widest_strip_beside_all_boxes_is_taken() -> None:
    boxes = truths((PERSON, 20, 60, 60, 180), (CAR, 50, 80, 150, 190)).boxes
    assert widest_empty(boxes, 400, 200) == Window(150 + MARGIN_PX, 0, 400, 200)


def test_boxes_that_leave_no_room_leave_nothing() -> None:
    assert widest_empty(truths((CAR, 80, 80, 350, 150)).boxes, 400, 200) is None


def test_what_is_only_open_to_doubt_is_no_nothing() -> None:
    doubtful = truths((PERSON, 150, 10, 200, 190))
    doubtful.ignored[:] = True
    (part,) = list_empty([picture(doubtful)])
    assert part.read().shape[:2] == (200, 200 - MARGIN_PX)
    assert len(part.truths.boxes) == 0


@pytest.mark.parametrize("is_held_out", [True, False])
def test_nothing_is_held_out_where_its_picture_is(is_held_out: bool) -> None:
    (part,) = list_empty([picture(no_truths(), is_held_out=is_held_out)], 0.25)
    assert (part.is_held_out, part.share, part.name) == (is_held_out, 0.25, "empty/set/a.jpg")


def test_drawn_streets_at_rest_hold_nobody() -> None:
    drawn = draw_empty()
    assert len({one.name for one in drawn}) == len(drawn)
    assert all(len(one.truths.boxes) == 0 for one in drawn)
