"""One thing, one box: of overlapping boxes of one class the most confident stays."""

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]
Classes = npt.NDArray[np.uint8]


def overlaps(boxes: Boxes) -> npt.NDArray[np.float32]:
    """Intersection over union of every pair, float32, shape (n, n); 0 where both are empty.

    boxes: shape (n, 4): left, top, right, bottom.
    """
    left_top = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    right_bottom = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    sides = np.maximum(right_bottom - left_top, 0)
    shared = sides[..., 0] * sides[..., 1]
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    union = areas[:, None] + areas[None, :] - shared
    ratio = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return np.asarray(ratio, np.float32)


def keep_best(
    boxes: Boxes, scores: Scores, classes: Classes, overlap_max: float, count_max: int
) -> npt.NDArray[np.intp]:
    """Indices of the boxes that stay, most confident first; ties keep their order.

    overlap_max: boxes of one class that overlap by more (intersection over union) are one thing.
    """
    order = np.argsort(-scores, kind="stable")
    if len(order) < 2:
        return order[:count_max]
    rivals = (overlaps(boxes[order]) > overlap_max) & (
        classes[order][:, None] == classes[order][None, :]
    )
    standing = np.ones(len(order), np.bool_)
    for place in range(len(order)):
        if standing[place]:
            standing[place + 1 :] &= ~rivals[place, place + 1 :]
    return order[standing][:count_max]
