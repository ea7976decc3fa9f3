"""Precision with an interval that is honest for few reviews."""

import pytest

from collector.precision import precision, wilson


def test_nothing_decided_has_no_precision() -> None:
    assert precision(0, 0) is None


def test_eight_of_ten_as_the_books_have_it() -> None:
    # Newcombe 1998, Statistics in Medicine 17, method 3: 81 of 263 gives 0.2553 to 0.3662.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_all_right_is_not_certainly_all_right() -> None:
    share = precision(10, 0)
    assert share is not None
    assert share == pytest.approx((1.0, 0.7225, 1.0), abs=5e-5)


def test_more_successes_than_trials_is_refused() -> None:
    with pytest.raises(ValueError, match="3 of 2 is no share"):
        wilson(3, 2)
