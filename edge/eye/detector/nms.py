"""One thing, one box: of overlapping boxes of one class the most confident stays."""

import cv2
import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]
Classes = npt.NDArray[np.uint8]
_ANY_SCORE = -1.0


def keep_best(
    boxes: Boxes, scores: Scores, classes: Classes, overlap_max: float, count_max: int
) -> npt.NDArray[np.intp]:
    """Indices of the boxes that stay, most confident first; ties keep their order.

    boxes: shape (n, 4): left, top, right, bottom. overlap_max: boxes of one class that overlap by
    more (intersection over union) are one thing. Boxes without area are one thing too.
    """
    if len(scores) < 2:
        return np.arange(min(len(scores), count_max))
    places = boxes.copy()
    places[:, 2:] -= boxes[:, :2]
    kept = cv2.dnn.NMSBoxesBatched(
        places.tolist(), scores.tolist(), classes.tolist(), _ANY_SCORE, overlap_max
    )
    return np.asarray(kept, np.intp)[:count_max]
