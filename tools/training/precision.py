"""Average precision at half overlap, to steer by; `tools/evaluate` is what figures come from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tools.training.boxes import Boxes, covered, overlaps

SAME_MIN = 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector says of one picture, of one class or family, with what is there.

    boxes (n, 4) with scores (n,); true boxes (m, 4), ignored (m,): those neither right nor wrong.
    """

    boxes: Boxes
    scores: npt.NDArray[np.float32]
    true_boxes: Boxes
    ignored: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Curve:
    """Scores from high to low and whether each was right; count: true boxes in all."""

    scores: npt.NDArray[np.float32]
    is_right: npt.NDArray[np.bool_]
    count: int

    def average_precision(self) -> float:
        """Area below the precision that is at least had at each recall; 0 without true boxes."""
        if not self.count or not len(self.scores):
            return 0.0
        right = np.cumsum(self.is_right)
        precision = right / np.arange(1, len(right) + 1)
        best = np.maximum.accumulate(precision[::-1])[::-1]
        return float(best[self.is_right].sum() / self.count)

    def at(self, score_min: float) -> tuple[float, float]:
        """Precision and recall of what scores at least so much."""
        taken = self.scores >= score_min
        right = int(self.is_right[taken].sum())
        return right / max(1, int(taken.sum())), right / max(1, self.count)


def draw_curve(pictures: list[Found]) -> Curve:
    """Match each picture's boxes, best first, each true box once."""
    scores, right, count = [np.zeros(0, np.float32)], [np.zeros(0, bool)], 0
    for one in pictures:
        count += int((~one.ignored).sum())
        judged, is_right = _match(one)
        scores.append(one.scores[judged])
        right.append(is_right)
    all_scores, all_right = np.concatenate(scores), np.concatenate(right)
    order = np.argsort(-all_scores, kind="stable")
    return Curve(all_scores[order], all_right[order], count)


def _match(one: Found) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Rows that count, best first, and whether each is right."""
    shared = overlaps(one.boxes, one.true_boxes)
    within = covered(one.boxes, one.true_boxes)
    taken = np.zeros(len(one.true_boxes), bool)
    judged: list[int] = []
    is_right: list[bool] = []
    for row in np.argsort(-one.scores, kind="stable"):
        free = np.where(taken | one.ignored, 0.0, shared[row])
        if len(free) and free.max() >= SAME_MIN:
            taken[int(free.argmax())] = True
            judged.append(int(row))
            is_right.append(True)
        elif not (within[row][one.ignored] >= SAME_MIN).any():
            judged.append(int(row))
            is_right.append(False)
    return np.array(judged, np.intp), np.array(is_right, bool)
