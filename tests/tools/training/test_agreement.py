"""What several teachers say in several views becomes one box, and how sure it is."""

import numpy as np
import pytest

from tests.tools.training.samples import GUESSER, SEER, said
from tools.training.agreement import agree
from tools.training.classes import BUS, CAR, PERSON

BOX = (10.0, 10.0, 30.0, 60.0)
NEAR = (12.0, 10.0, 32.0, 60.0)


def test_two_views_of_one_thing_are_one_box_between_them() -> None:
    found = agree([said(SEER, (0, PERSON, 0.6, *BOX), (1, PERSON, 0.6, *NEAR))], 0.5)
    assert found.boxes.tolist() == [[11.0, 10.0, 31.0, 60.0]]
    assert found.confidences.tolist() == [pytest.approx(0.6)]


def test_what_only_one_of_two_views_shows_is_half_as_sure() -> None:
    found = agree([said(SEER, (0, PERSON, 0.6, *BOX))], 0.5)
    assert found.confidences.tolist() == [pytest.approx(0.3)]


def test_two_teachers_who_agree_are_surer_than_either() -> None:
    both = [said(SEER, (0, CAR, 0.6, *BOX), (1, CAR, 0.6, *BOX)),
            said(GUESSER, (0, CAR, 0.8, *BOX), (1, CAR, 0.8, *BOX))]  # fmt: skip
    found = agree(both, 0.5)
    assert found.confidences.tolist() == [pytest.approx(1 - 0.4 * 0.6)]


def test_a_teacher_of_families_does_not_outvote_one_of_classes() -> None:
    both = [said(SEER, (0, BUS, 0.2, *BOX)), said(GUESSER, (0, CAR, 0.9, *BOX))]
    assert agree(both, 0.5).classes.tolist() == [BUS]


def test_a_teacher_is_not_heard_where_it_has_no_trust() -> None:
    silent = said(GUESSER, (0, 7, 0.9, *BOX), (1, 7, 0.9, *BOX))
    assert len(agree([silent], 0.5).boxes) == 0


def test_person_and_car_at_one_place_stay_two() -> None:
    found = agree([said(SEER, (0, PERSON, 0.6, *BOX), (0, CAR, 0.6, *BOX))], 0.5)
    assert sorted(found.classes.tolist()) == [PERSON, CAR]


def test_a_tile_that_sees_a_thing_whole_is_as_good_as_the_picture() -> None:
    views = np.array([[0, 0, 100, 100, 0], [0, 0, 60, 70, 0], [40, 0, 100, 70, 0]], np.float32)
    from tools.training.labels import Said  # noqa: PLC0415

    seen = Said(SEER, np.array([[1, PERSON, 0.7, *BOX]], np.float32), views)
    assert agree([seen], 0.5).confidences.tolist() == [pytest.approx(0.7)]
