"""How what is wanted is shown: how tall, and with how much of the street around it. Pure.

Of people close together a detector must see more than one to tell them apart. So where there is
time for it, a crowd is shown with its surroundings, and where there is little, each thing by
itself: some at a time rather than all of them small.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from edge.eye.attention.cover import scales_of
from edge.eye.attention.crop import LARGEST_SCALE, Canvas
from edge.eye.attention.wants import DUE, Floats, Wants

# The frame is divided into so many parts a side to see how much of it is wanted.
_GRID = 64
# Rectangles never fill a picture; so much of it is counted on.
FILLED = 0.8


class Showing(NamedTuple):
    """taller: times tall_px; around: in a crowd, this part of its height more on every side."""

    taller: float
    around: float


# The first with which all that is due fits is taken. Measured with two detectors: surroundings made
# .60 of .53 at a crowded street by night, and by day no more than chance; what is found falls fast
# below a height of 1, so that in a crowd it is better to show some at a time than all of it lower.
SHOWINGS = (
    Showing(1.4, 0.5),
    Showing(1.0, 0.5),
    Showing(1.4, 0.0),
    Showing(1.2, 0.0),
    Showing(1.0, 0.0),
)


def showings_to_try(
    wants: Wants, frame_px: tuple[int, int], canvas: Canvas, room_px: float
) -> Iterator[Showing]:
    """Of SHOWINGS, those with which all that is due may find room, and the last in any case.

    room_px: pixels of the detector's pictures that are free.
    """
    due = wants.only(wants.urgencies >= DUE)
    for each in SHOWINGS[:-1]:
        if _may_fit(due, each, frame_px, canvas, FILLED * room_px):
            yield each
    yield SHOWINGS[-1]


def shown(
    wants: Wants, showing: Showing, frame_px: tuple[int, int], canvas: Canvas
) -> tuple[Wants, Floats]:
    """The wants with what is shown around them, within the frame, and their scales, (n,).

    No scale becomes smaller for the sake of surroundings.
    """
    scales = scales_of(wants, canvas, canvas.tall_px * showing.taller, LARGEST_SCALE)
    is_crowded = wants.are_crowded() if showing.around else np.zeros(len(wants), np.bool_)
    if not is_crowded.any():
        return wants, scales
    boxes = wants.boxes_px
    reach = np.array([canvas.width_px, canvas.height_px], np.float32) / scales[:, None]
    spare = ((reach - (boxes[:, 2:] - boxes[:, :2])) / 2).clip(0)
    more = np.minimum(spare, (showing.around * wants.heights_px * is_crowded)[:, None])
    wider = np.concatenate((boxes[:, :2] - more, boxes[:, 2:] + more), axis=1)
    inside = wider.clip(0, np.array(frame_px * 2, np.float32)).astype(np.float32)
    return Wants(inside, wants.heights_px, wants.urgencies), scales


def _may_fit(
    due: Wants, showing: Showing, frame_px: tuple[int, int], canvas: Canvas, room_px: float
) -> bool:
    """Whether so many pixels of the detector's pictures may be enough."""
    wider, scales = shown(due, showing, frame_px, canvas)
    sides = wider.boxes_px[:, 2:] - wider.boxes_px[:, :2]
    if (sides.prod(axis=1) * scales**2).sum() <= room_px:
        return True
    return _union_px(wider.boxes_px, scales, frame_px) <= room_px


def _union_px(boxes_px: Floats, scales: Floats, frame_px: tuple[int, int]) -> float:
    """How much of the detector's pictures boxes take at these scales.

    Where things overlap they share a crop, so each place of the frame counts once, as sharply as
    it is wanted.
    """
    side = np.array(frame_px, np.float32) / _GRID
    spans = np.concatenate((boxes_px[:, :2] // side, -(-boxes_px[:, 2:] // side)), axis=1)
    needed = np.zeros((_GRID, _GRID), np.float32)
    for (left, top, right, bottom), scale in zip(
        spans.astype(np.int64).tolist(), scales.tolist(), strict=True
    ):
        part = needed[top:bottom, left:right]
        np.maximum(part, scale * scale, out=part)
    return float(needed.sum() * side.prod())
