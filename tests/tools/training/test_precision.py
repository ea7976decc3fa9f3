"""The run's own yardstick on scenes whose precision is known."""

import numpy as np
import pytest

from tools.training.precision import Found, draw_curve

BOX = [0.0, 0.0, 10.0, 10.0]
ELSEWHERE = [50.0, 50.0, 60.0, 60.0]


def found(boxes: list[list[float]], scores: list[float], *, ignored: bool = False) -> Found:
    """Against one true box."""
    return Found(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
        np.array([BOX], np.float32),
        np.array([ignored]),
    )


def test_a_hit_before_a_miss_is_whole_precision_and_after_it_half() -> None:
    assert draw_curve([found([BOX, ELSEWHERE], [0.9, 0.5])]).average_precision() == 1.0
    assert draw_curve([found([BOX, ELSEWHERE], [0.5, 0.9])]).average_precision() == 0.5


def test_a_second_box_on_one_thing_is_wrong() -> None:
    curve = draw_curve([found([BOX, BOX], [0.9, 0.8])])
    assert curve.is_right.tolist() == [True, False]


def test_what_is_missed_costs_recall() -> None:
    curve = draw_curve([found([BOX], [0.9]), found([], [])])
    assert curve.average_precision() == pytest.approx(0.5)
    assert curve.at(0.5) == (1.0, 0.5)


def test_an_ignored_thing_is_neither_right_nor_wrong() -> None:
    curve = draw_curve([found([BOX], [0.9], ignored=True)])
    assert (len(curve.scores), curve.count) == (0, 0)
