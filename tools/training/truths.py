"""What is to be found in one picture."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tools.training.boxes import Boxes


@dataclass(frozen=True, slots=True)
class Truths:
    """Boxes to be found in one picture.

    boxes: float32 (n, 4) pixels; classes: int64 (n,); weights: float32 (n,), 1 where a person drew
    it; ignored: bool (n,), true where finding it is neither right nor wrong.
    """

    boxes: Boxes
    classes: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]
    ignored: npt.NDArray[np.bool_]

    def keep(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Truths":
        """Some of them."""
        return Truths(self.boxes[rows], self.classes[rows], self.weights[rows], self.ignored[rows])

    def at(self, boxes: Boxes) -> "Truths":
        """The same ones at other places."""
        return Truths(boxes, self.classes, self.weights, self.ignored)


def no_truths() -> Truths:
    """An empty picture."""
    return Truths(
        np.zeros((0, 4), np.float32),
        np.zeros(0, np.int64),
        np.zeros(0, np.float32),
        np.zeros(0, bool),
    )


def join(parts: list[Truths]) -> Truths:
    """All of several."""
    parts = [no_truths(), *parts]
    return Truths(
        np.concatenate([one.boxes for one in parts]),
        np.concatenate([one.classes for one in parts]),
        np.concatenate([one.weights for one in parts]),
        np.concatenate([one.ignored for one in parts]),
    )
