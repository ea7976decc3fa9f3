"""A detector that looks at a picture whole and again in tiles, as a user would add to any."""

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edge.eye.detections import Detections
from edge.eye.detector.nms import keep_best
from tools.evaluation.detection import Find
from tools.evaluation.layout import Picture

# Tiles overlap by this much of a tile, so that what a seam cuts is whole in a neighbour.
OVERLAP_FRAC = 0.2
# A box this near to a seam, in fractions of its tile, is cut by it.
CUT_FRAC = 0.01
Corners = tuple[int, int, int, int]


def find_in_tiles(find: Find, across: int, overlap_max: float, boxes_max: int) -> Find:
    """The whole picture and `across` by `across` tiles; boxes that seams cut are left out."""

    def look(rgb: Picture) -> Detections:
        height, width = rgb.shape[:2]
        found = [find(rgb)]
        for left, top, right, bottom in tiles(width, height, across):
            part = find(np.ascontiguousarray(rgb[top:bottom, left:right]))
            found.append(_into_frame(part, (left, top, right, bottom), width, height))
        boxes = np.concatenate([one.boxes_frac for one in found])
        scores = np.concatenate([one.scores for one in found])
        classes = np.concatenate([one.classes for one in found])
        kept = keep_best(boxes, scores, classes, overlap_max, boxes_max)
        return Detections(boxes[kept], scores[kept], classes[kept])

    return look


def tiles(width: int, height: int, across: int) -> Iterator[Corners]:
    """Corners in pixels, rows first."""
    columns, rows = (_spans(side, across) for side in (width, height))
    for (top, bottom), (left, right) in itertools.product(rows, columns):
        yield left, top, right, bottom


def _spans(side: int, across: int) -> list[tuple[int, int]]:
    length = side / (across - (across - 1) * OVERLAP_FRAC)
    starts = [round(place * length * (1 - OVERLAP_FRAC)) for place in range(across)]
    return [(start, min(side, round(start + length))) for start in starts]


def _into_frame(part: Detections, corners: Corners, width: int, height: int) -> Detections:
    left, top, right, bottom = corners
    boxes = part.boxes_frac
    # Left and top: cut where the tile begins inside the picture; right and bottom: where it ends.
    inside = np.array([left > 0, top > 0, right < width, bottom < height])
    near = np.concatenate([boxes[:, :2] < CUT_FRAC, boxes[:, 2:] > 1 - CUT_FRAC], axis=1)
    whole = ~(near & inside).any(axis=1)
    sides = np.array([right - left, bottom - top] * 2, np.float32)
    origin = np.array([left, top] * 2, np.float32)
    frame = np.array([width, height] * 2, np.float32)
    placed: npt.NDArray[np.float32] = (boxes[whole] * sides + origin) / frame
    return Detections(placed.astype(np.float32), part.scores[whole], part.classes[whole])
