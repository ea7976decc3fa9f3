"""Of overlapping boxes of one class the best stays: known scenes, and properties over any."""

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from edge.eye.detector.nms import keep_best, overlaps

CORNER = st.floats(0, 1, width=32)
SCENE = st.lists(
    st.tuples(CORNER, CORNER, CORNER, CORNER, st.floats(0, 1, width=32), st.integers(1, 3)),
    max_size=25,
)
Row = tuple[float, float, float, float, float, int]
Floats = npt.NDArray[np.float32]


def _arrays(rows: list[Row]) -> tuple[Floats, Floats, npt.NDArray[np.uint8]]:
    table = np.array(rows, np.float64).reshape(-1, 6)
    lows = np.minimum(table[:, :2], table[:, 2:4])
    highs = np.maximum(table[:, :2], table[:, 2:4])
    boxes = np.concatenate([lows, highs], axis=1).astype(np.float32)
    return boxes, table[:, 4].astype(np.float32), table[:, 5].astype(np.uint8)


def test_overlap_is_shared_area_over_joint_area() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6], [4, 4, 4, 4]], np.float32)
    third = 1 / 3
    expected = np.array([[1, third, 0, 0], [third, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(overlaps(boxes), expected, rtol=1e-6)


def test_a_second_box_on_the_same_thing_goes() -> None:
    boxes, scores, classes = _arrays([(0, 0, 1, 1, 0.6, 1), (0, 0, 1, 0.9, 0.8, 1)])
    assert keep_best(boxes, scores, classes, 0.5, 10).tolist() == [1]


def test_a_rider_does_not_hide_the_bicycle() -> None:
    boxes, scores, classes = _arrays([(0, 0, 1, 1, 0.6, 1), (0, 0, 1, 1, 0.8, 2)])
    assert keep_best(boxes, scores, classes, 0.5, 10).tolist() == [1, 0]


def test_a_box_that_was_itself_removed_removes_nothing() -> None:
    chain: list[Row] = [(0, 0, 1, 1, 0.9, 1), (0, 0.3, 1, 1.3, 0.8, 1), (0, 0.6, 1, 1.6, 0.7, 1)]
    boxes, scores, classes = _arrays(chain)
    assert keep_best(boxes, scores, classes, 0.5, 10).tolist() == [0, 2]


def test_equal_scores_keep_their_order() -> None:
    boxes, scores, classes = _arrays([(0, 0, 1, 1, 0.5, 1), (0, 0, 1, 1, 0.5, 1)])
    assert keep_best(boxes, scores, classes, 0.5, 10).tolist() == [0]


@given(SCENE, st.floats(0, 1), st.integers(1, 30))
def test_what_stays_is_sorted_apart_and_explains_what_went(
    rows: list[Row], overlap_max: float, count_max: int
) -> None:
    boxes, scores, classes = _arrays(rows)
    kept = keep_best(boxes, scores, classes, overlap_max, count_max)
    assert len(kept) <= count_max
    assert list(scores[kept]) == sorted(scores[kept], reverse=True)
    rivals = (overlaps(boxes) > overlap_max) & (classes[:, None] == classes[None, :])
    np.fill_diagonal(rivals, val=False)
    assert not rivals[np.ix_(kept, kept)].any()
    if len(kept) < count_max:
        for gone in set(range(len(rows))) - set(kept.tolist()):
            assert any(rivals[gone, one] and scores[one] >= scores[gone] for one in kept)


@given(SCENE, st.floats(0, 1))
def test_asking_a_second_time_removes_nothing(rows: list[Row], overlap_max: float) -> None:
    boxes, scores, classes = _arrays(rows)
    kept = keep_best(boxes, scores, classes, overlap_max, 100)
    again = keep_best(boxes[kept], scores[kept], classes[kept], overlap_max, 100)
    assert again.tolist() == list(range(len(kept)))
