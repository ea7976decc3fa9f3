"""What should be looked at: boxes of the frame, how tall what is sought there is, how urgent it is.

An urgency of 1 or more is due; what is less urgent is looked at where there is room left.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

DUE = 1.0
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
_NEIGHBOURS = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Wants:
    """n things to look at.

    boxes_px: float32 (n, 4), left, top, right, bottom in pixels of the frame, with what should be
    seen around the thing. heights_px: float32 (n,), how tall it is. urgencies: float32 (n,).
    """

    boxes_px: Floats
    heights_px: Floats
    urgencies: Floats

    def __len__(self) -> int:
        return len(self.urgencies)

    def only(self, is_kept: Flags) -> "Wants":
        """Some of them."""
        return Wants(self.boxes_px[is_kept], self.heights_px[is_kept], self.urgencies[is_kept])

    def are_crowded(self) -> Flags:
        """Which overlap another, (n,)."""
        low = np.maximum(self.boxes_px[:, None, :2], self.boxes_px[None, :, :2])
        high = np.minimum(self.boxes_px[:, None, 2:], self.boxes_px[None, :, 2:])
        count = (high > low).all(axis=2).sum(axis=1)
        return np.asarray(count > 1, np.bool_)


def no_wants() -> Wants:
    """Nothing to look at."""
    nothing = np.zeros(0, np.float32)
    return Wants(np.zeros((0, 4), np.float32), nothing, nothing)


def all_of(*some: Wants) -> Wants:
    """Several in one."""
    return Wants(
        np.concatenate([each.boxes_px for each in some]),
        np.concatenate([each.heights_px for each in some]),
        np.concatenate([each.urgencies for each in some]),
    )


def around(boxes_px: Floats, margins: Floats | float, least_px: float = 0.0) -> Floats:
    """Boxes with more on every side, as a detector needs surroundings and things move on.

    margins: so much of their own height, for all or for each; least_px: but no less than this.
    """
    heights = boxes_px[:, 3] - boxes_px[:, 1]
    more = np.maximum(np.asarray(margins, np.float32) * heights, np.float32(least_px))[:, None]
    return np.concatenate((boxes_px[:, :2] - more, boxes_px[:, 2:] + more), axis=1)


def moving_places(is_moving: Flags) -> npt.NDArray[np.int32]:
    """int32 (k, 4): left, top, right, bottom, in cells, of what moves, a cell more on every side.

    is_moving: bool (rows, columns). Cells with at most two others between them are one place.
    """
    joined = cv2.dilate(is_moving.view(np.uint8), _NEIGHBOURS)
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    boxes = np.asarray(stats[1:, :4], np.int32)
    boxes[:, 2:] += boxes[:, :2]
    return boxes
