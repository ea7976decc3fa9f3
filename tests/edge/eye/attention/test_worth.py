"""What a plan is worth: what is whole in a crop, by urgency and by how clearly it is shown."""

import numpy as np
import pytest

from edge.eye.attention.crop import Canvas, Crop
from edge.eye.attention.wants import Wants
from edge.eye.attention.worth import clearness, worth

CANVAS = Canvas(400, 400, keeps_aspect=True, tall_px=100)
# The left half of a frame of 800 by 400 pixels at its own size, and all of it at half.
LEFT = Crop(0, 0, 400, 400, 0, 0, 400, 400)
WHOLE = Crop(0, 0, 800, 400, 0, 0, 400, 200)


def wants(*rows: tuple[float, float, float]) -> Wants:
    """Left edge, height and urgency of things half as wide as they are tall."""
    boxes = [(left, 50.0, left + height / 2, 50.0 + height) for left, height, _ in rows]
    return Wants(
        np.array(boxes, np.float32),
        np.array([height for _, height, _ in rows], np.float32),
        np.array([urgency for _, _, urgency in rows], np.float32),
    )


def test_clearness_rises_from_nothing_to_all_and_never_falls() -> None:
    shown = np.arange(0, 200, 5, dtype=np.float32)
    found = clearness(shown, CANVAS)
    assert found[0] == 0
    assert found[shown == 90] == pytest.approx(1)
    assert found[shown == 100] == 1
    assert (np.diff(found) >= 0).all()
    assert ((found > 0) & (found < 1)).any()


def test_only_what_is_whole_in_a_crop_counts() -> None:
    within, cut, beyond = (50.0, 100.0, 2.0), (380.0, 100.0, 2.0), (600.0, 100.0, 2.0)
    assert worth([(LEFT,)], wants(within, cut, beyond), CANVAS) == pytest.approx(2.0)


def test_each_thing_counts_once_where_it_is_clearest() -> None:
    near = wants((50.0, 100.0, 3.0))
    half = worth([(WHOLE,)], near, CANVAS)
    assert 0 < half < 3.0
    assert worth([(WHOLE,), (LEFT,)], near, CANVAS) == pytest.approx(3.0)


def test_a_little_of_everybody_can_be_more_than_all_of_a_few() -> None:
    few, many = [(50.0, 80.0, 1.0)], [(50.0 + 60 * number, 160.0, 1.0) for number in range(12)]
    assert worth([(LEFT,)], wants(*few), CANVAS) > worth([(WHOLE,)], wants(*few), CANVAS)
    assert worth([(WHOLE,)], wants(*many), CANVAS) > worth([(LEFT,)], wants(*many), CANVAS)


def test_nothing_shown_or_nothing_wanted_is_worth_nothing() -> None:
    assert worth([], wants((50.0, 100.0, 2.0)), CANVAS) == 0
    assert worth([(WHOLE,)], wants((50.0, 100.0, 2.0)).only(np.zeros(1, np.bool_)), CANVAS) == 0
