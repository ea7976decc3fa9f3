"""The street: the same every time, with a truth that is where the paint is."""

import numpy as np

from edge.eye.sim.street import Street


def test_a_picture_and_its_truth_depend_on_nothing_but_the_number() -> None:
    one, other = Street(), Street()
    one.draw(3)
    assert (one.draw(430) == other.draw(430)).all()
    assert one.list_truth(430) == other.list_truth(430)
    assert (one.draw(430) != one.draw(431)).any()


def test_boxes_lie_where_the_picture_differs_from_the_empty_street() -> None:
    street = Street()
    difference = np.abs(street.draw(430).astype(int) - street.draw(0).astype(int)).max(axis=2)
    truths = street.list_truth(430)
    assert not street.list_truth(0)
    assert truths
    for truth in truths:
        left, top, right, bottom = (round(side) for side in truth.box_px)
        assert (difference[top:bottom, left:right] > 25).mean() > 0.3
        assert (difference[top - 12 : top - 4, left:right] > 25).mean() < 0.3


def test_the_story_is_told() -> None:
    """One loiters for most of a minute, one walks into the road, one car drives backwards."""
    street = Street()
    tracks: dict[int, list[float]] = {}
    for number in range(0, street.picture_count, 16):
        for truth in street.list_truth(number):
            left, _, right, bottom = truth.box_px
            tracks.setdefault(truth.track, []).append(
                bottom if truth.track == 102 else (left + right) / 2
            )
    lingering = [x for x in tracks[101] if 0.5 * 960 < x < 0.75 * 960]
    assert len(lingering) * 16 / 12.5 > 50
    assert tracks[102][0] > 0.75 * 540
    assert tracks[102][-1] < 0.5 * 540
    assert tracks[201][0] < tracks[201][-1]
    assert tracks[301][0] > tracks[301][-1]
