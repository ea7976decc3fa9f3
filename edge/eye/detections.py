"""What a detector finds in one picture."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Detections:
    """Boxes of one picture, the most confident first.

    boxes_frac: float32, shape (n, 4): left, top, right, bottom in fractions of the frame, 0 to 1;
        each has an area.
    scores: float32, shape (n,), 0 to 1.
    classes: uint8, shape (n,), numbers of edge.wire ObjectClass.
    """

    boxes_frac: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    classes: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.scores)

    def only(self, is_wanted: npt.NDArray[np.bool_]) -> "Detections":
        """Those of wanted classes; the same object where that is all of them.

        is_wanted: shape (256,), by class number.
        """
        is_kept = is_wanted[self.classes]
        if is_kept.all():
            return self
        return Detections(self.boxes_frac[is_kept], self.scores[is_kept], self.classes[is_kept])

    def moved(self, shift_frac: npt.NDArray[np.float32]) -> "Detections":
        """All boxes so far across and down, float32 (2,), also past the frame."""
        return replace(self, boxes_frac=self.boxes_frac + np.tile(shift_frac, 2))


def no_detections() -> Detections:
    """An empty result, for frames that were looked at and showed nothing."""
    return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.uint8))
