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
    left, top, right, bottom = boxes.T
    wide = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    tall = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    shared = np.maximum(wide, 0) * np.maximum(tall, 0)
    areas = np.maximum(right - left, 0) * np.maximum(bottom - top, 0)
    union = areas[:, None] + areas - shared
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
    sorted_classes = classes[order]
    apart = (overlaps(boxes[order]) <= overlap_max) | (sorted_classes[:, None] != sorted_classes)
    np.fill_diagonal(apart, val=True)
    standing = np.ones(len(order), np.bool_)
    # A box that still stands has no better rival left, so only worse ones can fall; boxes
    # without a rival need no turn.
    for place in np.flatnonzero(~apart.all(axis=1)):
        if standing[place]:
            standing &= apart[place]
    return order[standing][:count_max]
