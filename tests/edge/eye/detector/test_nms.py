"""Of overlapping boxes of one class the best stays: known scenes, and properties over any."""

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from edge.eye.detector.nms import keep_best

CORNER = st.floats(0, 1, width=32)
SCENE = st.lists(
    st.tuples(CORNER, CORNER, CORNER, CORNER, st.floats(0, 1, width=32), st.integers(1, 3)),
    max_size=25,
)
Row = tuple[float, float, float, float, float, int]
Floats = npt.NDArray[np.float32]
# Float32 places may move an overlap by this much over the limit or under it.
ROUNDING, LEAST_SIDE = 1e-5, 1e-3


def _arrays(rows: list[Row]) -> tuple[Floats, Floats, npt.NDArray[np.uint8]]:
    table = np.array(rows, np.float64).reshape(-1, 6)
    lows = np.minimum(table[:, :2], table[:, 2:4])
    highs = np.maximum(table[:, :2], table[:, 2:4]) + LEAST_SIDE
    boxes = np.concatenate([lows, highs], axis=1).astype(np.float32)
    return boxes, table[:, 4].astype(np.float32), table[:, 5].astype(np.uint8)


def _overlaps(boxes: Floats) -> npt.NDArray[np.float64]:
    """Shared area over joint area of every pair, by the book."""
    left, top, right, bottom = boxes.astype(np.float64).T
    wide = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    tall = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    shared = np.maximum(wide, 0) * np.maximum(tall, 0)
    areas = (right - left) * (bottom - top)
    union = areas[:, None] + areas - shared
    return np.asarray(shared / union)


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
    is_alike = classes[:, None] == classes[None, :]
    np.fill_diagonal(is_alike, val=False)
    overlaps = _overlaps(boxes)
    assert not (is_alike & (overlaps > overlap_max + ROUNDING))[np.ix_(kept, kept)].any()
    rivals = is_alike & (overlaps > overlap_max - ROUNDING)
    if len(kept) < count_max:
        for gone in set(range(len(rows))) - set(kept.tolist()):
            assert any(rivals[gone, one] and scores[one] >= scores[gone] for one in kept)


@given(SCENE, st.floats(0, 1))
def test_asking_a_second_time_removes_nothing(rows: list[Row], overlap_max: float) -> None:
    boxes, scores, classes = _arrays(rows)
    kept = keep_best(boxes, scores, classes, overlap_max, 100)
    again = keep_best(boxes[kept], scores[kept], classes[kept], overlap_max, 100)
    assert again.tolist() == list(range(len(kept)))
