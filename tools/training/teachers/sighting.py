"""What a teacher says of a picture, and how a picture is shown to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tools.training.boxes import Boxes
from tools.training.sets import Bgr

# Tiles share so much of their side with their neighbour.
TILE_OVERLAP = 0.25
# A box that ends at an inner edge of its tile is cut off: its neighbour sees the whole.
SEAM_PX = 3.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """Boxes in pixels of the picture shown, shape (n, 4); scores (n,); classes (n,)."""

    boxes: Boxes
    scores: npt.NDArray[np.float32]
    classes: npt.NDArray[np.int64]


Look = Callable[[Bgr], Sighting]


@dataclass(frozen=True, slots=True)
class View:
    """One way to show a picture: a part of it, mirrored or not."""

    left_px: int
    top_px: int
    right_px: int
    bottom_px: int
    is_mirrored: bool


def list_views(width_px: int, height_px: int, *, is_tiled: bool) -> Iterator[View]:
    """The whole picture and its mirror image; where tiled, 2 by 2 parts of it as well."""
    for is_mirrored in (False, True):
        yield View(0, 0, width_px, height_px, is_mirrored)
    if is_tiled:
        wide = round(width_px / (2 - TILE_OVERLAP))
        high = round(height_px / (2 - TILE_OVERLAP))
        for top in (0, height_px - high):
            for left in (0, width_px - wide):
                yield View(left, top, left + wide, top + high, is_mirrored=False)


def look_through(look: Look, picture: Bgr, view: View) -> Sighting:
    """What is seen in one view, in pixels of the whole picture; boxes cut by a seam left out."""
    part = picture[view.top_px : view.bottom_px, view.left_px : view.right_px]
    if view.is_mirrored:
        part = np.asarray(cv2.flip(part, 1), np.uint8)
    seen = look(np.ascontiguousarray(part))
    boxes = seen.boxes.copy()
    if view.is_mirrored:
        boxes[:, [0, 2]] = (view.right_px - view.left_px) - seen.boxes[:, [2, 0]]
    boxes += np.array([view.left_px, view.top_px] * 2, np.float32)
    kept = ~_is_cut(boxes, view, picture.shape[1], picture.shape[0])
    return Sighting(boxes[kept], seen.scores[kept], seen.classes[kept])


def _is_cut(boxes: Boxes, view: View, width_px: int, height_px: int) -> npt.NDArray[np.bool_]:
    cut = np.zeros(len(boxes), bool)
    if view.left_px > 0:
        cut |= boxes[:, 0] < view.left_px + SEAM_PX
    if view.top_px > 0:
        cut |= boxes[:, 1] < view.top_px + SEAM_PX
    if view.right_px < width_px:
        cut |= boxes[:, 2] > view.right_px - SEAM_PX
    if view.bottom_px < height_px:
        cut |= boxes[:, 3] > view.bottom_px - SEAM_PX
    return cut
