"""From what was found in glances to one list for the frame: no box twice, none that a seam cut."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from edge.eye.association import overlap
from edge.eye.attention.crop import CUT_PX, Canvas, Crop, Glance
from edge.eye.coverage import Coverage
from edge.eye.detections import Detections, no_detections
from edge.eye.detector.nms import keep_best

Floats = npt.NDArray[np.float32]
# Boxes of one class that overlap by more are one thing, seen in two crops.
_SAME_THING = 0.5
# Boxes that overlap by more say together where it is.
_SAME_PLACE = 0.6
# A box in which a crop that is so much sharper shows two of the class, each so much inside it, is
# a group taken for one thing.
_WITHIN, _SHARPER, _GROUP, _AS_SURE = 0.8, 1.5, 2, 0.6
_MOST = 300


def merge(
    glances: Iterable[Glance],
    found: Iterable[Detections],
    frame_px: tuple[int, int],
    canvas: Canvas,
) -> Detections:
    """All that was found, in fractions of the frame, the most confident first."""
    glances, found = tuple(glances), tuple(found)
    if len(glances) == len(found) == 1 and _is_whole(glances[0], frame_px, canvas):
        return found[0]  # a detector has no box twice
    parts, sharpness = [no_detections()], [np.zeros(0)]
    for glance, seen in zip(glances, found, strict=True):
        if len(seen):
            placed, crop_numbers = _into_frame(glance, seen, frame_px, canvas)
            parts.append(placed)
            sharpness.append(np.array([crop.scale for crop in glance])[crop_numbers])
    boxes = np.concatenate([one.boxes_frac for one in parts])
    scores = np.concatenate([one.scores for one in parts])
    classes = np.concatenate([one.classes for one in parts])
    scales = np.concatenate(sharpness)
    kept = keep_best(boxes, scores, classes, _SAME_THING, _MOST)
    boxes = _averaged(boxes, scores, classes, kept)
    merged = Detections(boxes[kept], scores[kept], classes[kept])
    is_group = _is_group(merged, scales[kept])
    if not is_group.any():
        return merged
    kept = kept[~is_group]
    return Detections(boxes[kept], scores[kept], classes[kept])


def looked_at(glances: Iterable[Glance], frame_px: tuple[int, int], canvas: Canvas) -> Coverage:
    """Where these glances could find things, and how tall ones."""
    rows, heights = [], []
    for glance in glances:
        for crop in glance:
            edges, is_inner = _edges(crop, frame_px)
            margin = CUT_PX / crop.scale
            inward = np.array([margin, margin, -margin, -margin]) * is_inner
            rows.append((edges + inward) / (frame_px * 2))
            # What no crop shows any larger is missed too: or it would be sought for ever.
            least_px = 0.0 if crop.is_sharpest else canvas.least_px / crop.scale
            heights.append(least_px / frame_px[1])
    return Coverage(
        np.array(rows, np.float32).reshape(-1, 4), np.array(heights, np.float32).reshape(-1)
    )


def _into_frame(
    glance: Glance, seen: Detections, frame_px: tuple[int, int], canvas: Canvas
) -> tuple[Detections, npt.NDArray[np.int64]]:
    """What one glance shows whole, in the frame, and in which of its crops each was."""
    boxes = seen.boxes_frac * np.array([canvas.width_px, canvas.height_px] * 2, np.float32)
    corners = [(c.x_px, c.y_px, c.x_px + c.placed_width_px, c.y_px + c.placed_height_px,
                c.left_px, c.top_px, c.width_px, c.height_px) for c in glance]  # fmt: skip
    spots, sources = np.hsplit(np.array(corners, np.float32), 2)
    middle = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    is_in = np.all((middle >= spots[:, :2]) & (middle <= spots[:, 2:]), axis=2)
    crop_of = is_in.argmax(axis=1)
    is_inner = np.array([_edges(crop, frame_px)[1] for crop in glance])[crop_of]
    is_near = np.concatenate(
        (boxes[:, :2] < spots[crop_of, :2] + CUT_PX, boxes[:, 2:] > spots[crop_of, 2:] - CUT_PX),
        axis=1,
    )
    rows = np.flatnonzero(np.any(is_in, axis=1) & ~np.any(is_near & is_inner, axis=1))
    crop_of = crop_of[rows]
    low, high = np.tile(spots[crop_of, :2], 2), np.tile(spots[crop_of, 2:], 2)
    part = (boxes[rows].clip(low, high) - low) / (high - low)
    placed = part * np.tile(sources[crop_of, 2:], 2) + np.tile(sources[crop_of, :2], 2)
    placed /= np.array(frame_px * 2, np.float32)
    found = Detections(np.asarray(placed, np.float32), seen.scores[rows], seen.classes[rows])
    return found, crop_of


def _averaged(
    boxes: Floats, scores: Floats, classes: npt.NDArray[np.uint8], kept: npt.NDArray[np.intp]
) -> Floats:
    """The boxes, (n, 4), those that are kept amid all that were found of the same thing.

    The surer and the nearer count more. What a thing is seen in changes from frame to frame; by
    the surest box alone its feet would jump back and forth over a line.
    """
    if len(kept) == len(boxes):
        return boxes
    shared = overlap(boxes[kept], boxes) * (classes[kept][:, None] == classes)
    weights = np.where(shared > _SAME_PLACE, shared * scores, 0.0)
    sums = weights.sum(axis=1, keepdims=True)
    is_weighed = sums[:, 0] > 0
    averaged = boxes.copy()
    averaged[kept[is_weighed]] = weights[is_weighed] @ boxes / sums[is_weighed]
    return averaged


def _is_whole(glance: Glance, frame_px: tuple[int, int], canvas: Canvas) -> bool:
    """Whether it is the frame alone, all over the canvas."""
    crop, *others = glance
    placed_px = (crop.placed_width_px, crop.placed_height_px)
    fills = placed_px == (canvas.width_px, canvas.height_px)
    return not others and crop.is_whole(frame_px) and fills


def _edges(crop: Crop, frame_px: tuple[int, int]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """A crop's left, top, right and bottom in the frame, and which of them cut things."""
    left, top, right, bottom = crop.edges_px
    is_inner = [left > 0, top > 0, right < frame_px[0], bottom < frame_px[1]]
    return np.array(crop.edges_px, np.float32), np.array(is_inner)


def _is_group(found: Detections, scales: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which boxes, (n,), are several things that a sharper crop shows one by one and as surely."""
    boxes, scores, classes = found.boxes_frac, found.scores, found.classes
    if len(boxes) <= _GROUP or (scales == scales[0]).all():
        return np.zeros(len(boxes), np.bool_)
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = (high - low).clip(0).prod(axis=2)
    own = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    is_inside = shared >= _WITHIN * np.maximum(own, 1e-12)[:, None]
    is_inside &= (classes[:, None] == classes) & (scales[:, None] > _SHARPER * scales)
    is_inside &= scores[:, None] >= _AS_SURE * scores
    return np.asarray(is_inside.sum(axis=0) >= _GROUP)
