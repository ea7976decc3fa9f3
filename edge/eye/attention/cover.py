"""From wants to crops: each want whole in one crop, near ones together, none larger than a picture.

Every want has a scale: what is sought should be so tall in the detector's picture. A crop begins
with the most urgent want that is left and takes in neighbours of about its scale for as long as it
fits into the detector's picture and costs no more of it than they would by themselves.
"""

from dataclasses import dataclass

import numpy as np

from edge.eye.attention.crop import ALIKE, Canvas
from edge.eye.attention.wants import Flags, Floats, Wants

# Joining may cost this much more of the picture than two crops would: they never pack perfectly.
_JOINING = 1.25


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a frame that is to be seen at a scale, not yet placed.

    left, top, right, bottom: pixels of the frame. scale: pixels of the detector's picture for one
    of the frame.
    """

    left: float
    top: float
    right: float
    bottom: float
    scale: float
    urgency: float

    @property
    def placed_height_px(self) -> float:
        """How high it lies in the detector's picture."""
        return (self.bottom - self.top) * self.scale

    @property
    def placed_area_px(self) -> float:
        """How much of the detector's picture it takes."""
        return (self.right - self.left) * self.scale * self.placed_height_px


def scales_of(wants: Wants, canvas: Canvas, tall_px: float, largest: float) -> Floats:
    """float32 (n,): the scale at which each thing is tall_px, or as tall as fits; bounded."""
    sides = wants.boxes_px[:, 2:] - wants.boxes_px[:, :2]
    fitting = np.minimum(canvas.width_px / sides[:, 0], canvas.height_px / sides[:, 1])
    wished = np.minimum(tall_px / np.maximum(wants.heights_px, 1e-3), largest)
    return np.asarray(np.minimum(wished, fitting), np.float32)


def cover(wants: Wants, canvas: Canvas, scales: Floats) -> list[Cut]:
    """Crops in which every want is whole, the most urgent first; no crop exceeds the canvas."""
    boxes, is_left = wants.boxes_px, np.ones(len(wants), np.bool_)
    cuts = []
    for first in np.argsort(-wants.urgencies, kind="stable").tolist():
        if not is_left[first]:
            continue
        is_left[first] = False
        scale = float(scales[first])
        is_alike = (scales <= scale * ALIKE) & (scales * ALIKE >= scale)
        reach = np.array([canvas.width_px, canvas.height_px], np.float32) / scale
        rows = (is_left & is_alike).nonzero()[0]
        box, taken = _grown(boxes[first], boxes[rows], reach)
        is_left[rows[taken]] = False
        left, top, right, bottom = box.tolist()
        cuts.append(Cut(left, top, right, bottom, scale, float(wants.urgencies[first])))
    return cuts


def _grown(box: Floats, others: Floats, reach: Floats) -> tuple[Floats, Flags]:
    """A box with all neighbours that are worth taking in, and which these are.

    reach: the longest sides that it may have.
    """
    is_taken = np.zeros(len(others), np.bool_)
    areas = np.maximum((others[:, 2:] - others[:, :2]).prod(axis=1), 1e-6)
    while not is_taken.all():
        low, high = np.minimum(box[:2], others[:, :2]), np.maximum(box[2:], others[:, 2:])
        sides = high - low
        cost = (sides.prod(axis=1) - (box[2:] - box[:2]).prod()) / areas
        cost[is_taken | (sides > reach + 1e-3).any(axis=1)] = np.inf
        is_free = cost <= 0
        if is_free.any():
            is_taken |= is_free
            continue
        best = int(cost.argmin())
        if cost[best] > _JOINING:
            break
        is_taken[best] = True
        box = np.concatenate((low[best], high[best]))
    return box, is_taken
