"""People's boxes come first; what teachers add, and what is left open."""

from pathlib import Path

import numpy as np
import pytest

from tests.tools.training.samples import source, truths
from tools.training.agreement import Agreed
from tools.training.classes import BAG, BUS, CAR, MOTORCYCLE, PERSON
from tools.training.manifest import Agreement
from tools.training.sets import Picture
from tools.training.settling import mount_riders, settle

RULE = Agreement(overlap_min=0.5, label_min=0.5, ignore_min=0.2)
CAR_BOX = (CAR, 10.0, 10.0, 60.0, 40.0)


def picture(boxed: tuple[str, ...], *, is_exhaustive: bool = False) -> Picture:
    drawn = truths(CAR_BOX)
    whole = source(boxed, is_exhaustive=is_exhaustive)
    return Picture(whole, Path("a.jpg"), drawn.boxes, drawn.classes, is_held_out=False)


def agreed(kind: int, confidence: float, *box: float) -> Agreed:
    return Agreed(np.array([box], np.float32), np.array([kind]), np.array([confidence], np.float32))


def test_a_teacher_says_nothing_new_of_what_people_boxed() -> None:
    settled = settle(picture(("car",)), agreed(BUS, 0.9, 12, 10, 60, 42), RULE)
    assert settled.classes.tolist() == [CAR]


def test_a_sure_teacher_fills_in_what_people_did_not_box() -> None:
    settled = settle(picture(("car",)), agreed(PERSON, 0.8, 70, 10, 80, 40), RULE)
    assert settled.classes.tolist() == [CAR, PERSON]
    assert settled.weights.tolist() == [1.0, pytest.approx(0.8)]
    assert settled.ignored.tolist() == [False, False]


def test_an_unsure_teacher_leaves_a_place_open() -> None:
    settled = settle(picture(("car",)), agreed(PERSON, 0.3, 70, 10, 80, 40), RULE)
    assert settled.ignored.tolist() == [False, True]


def test_a_hardly_heard_teacher_is_not_heard() -> None:
    settled = settle(picture(("car",)), agreed(PERSON, 0.1, 70, 10, 80, 40), RULE)
    assert len(settled.boxes) == 1


def test_where_people_boxed_all_of_a_class_teachers_add_none_of_it() -> None:
    whole = picture(("car",), is_exhaustive=True)
    assert len(settle(whole, agreed(CAR, 0.9, 70, 10, 95, 40), RULE).boxes) == 1
    assert len(settle(whole, agreed(BAG, 0.9, 70, 10, 95, 40), RULE).boxes) == 2


def test_a_rider_and_the_machine_are_one_box_and_the_rider_is_left_open() -> None:
    ridden = mount_riders(truths((PERSON, 20, 10, 34, 50), (MOTORCYCLE, 15, 30, 45, 60)))
    assert ridden.boxes[1].tolist() == [15, 10, 45, 60]
    assert ridden.ignored.tolist() == [True, False]


def test_who_stands_beside_a_machine_or_before_it_rides_none() -> None:
    beside = mount_riders(truths((PERSON, 46, 10, 60, 60), (MOTORCYCLE, 15, 30, 45, 60)))
    before = mount_riders(truths((PERSON, 20, 20, 34, 80), (MOTORCYCLE, 15, 30, 45, 60)))
    for nobody in (beside, before):
        assert nobody.ignored.tolist() == [False, False]
        assert nobody.boxes[1].tolist() == [15, 30, 45, 60]
