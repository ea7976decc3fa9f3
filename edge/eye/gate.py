"""The motion gate says whether anything in a frame is worth the detector's time.

The 320x180 brightness is averaged down to 64x36 cells of 5x5 pixels, which washes sensor noise
out, and compared with a mean that follows slowly. Changed cells that touch make a region.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.frame import Plane

CELLS_WIDE, CELLS_HIGH = 64, 36
_CELL_PX = 5
_UNREST_BOUND = 4.0
Cells = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class GateLimits:
    """What counts as motion.

    changed_luma: a cell that differs by more (0 to 255) has changed. A far person of 10 by 25
        pixels at 1080p changes one cell by about 4 where it contrasts.
    region_cells: a region with fewer changed cells inside its box is noise.
    follow_seconds: how fast the mean follows; a thing that stops is background after that.
    unrest_seconds: how fast a cell's own unrest is learnt: leaves, water, a clock drawn into the
        picture. unrest_weight: how much of it a change must exceed beside changed_luma.
    """

    changed_luma: float = 4.0
    region_cells: int = 2
    follow_seconds: float = 3.0
    unrest_seconds: float = 30.0
    unrest_weight: float = 3.0


@dataclass(frozen=True, slots=True)
class Motion:
    """What moved: regions as int32 (n, 4), left, top, width, height in cells."""

    regions_cells: npt.NDArray[np.int32]

    @property
    def is_active(self) -> bool:
        """True if anything moved."""
        return len(self.regions_cells) > 0


class Gate:
    """One camera's gate."""

    def __init__(self, limits: GateLimits | None = None) -> None:
        self._limits = limits or GateLimits()
        self._mean: npt.NDArray[np.float32] | None = None
        self._unrest = np.zeros((CELLS_HIGH, CELLS_WIDE), np.float32)
        self._blurred = np.empty((CELLS_HIGH * _CELL_PX, CELLS_WIDE * _CELL_PX), np.uint8)
        self._last_ns = 0

    def look(self, small_luma: Plane, now_ns: int) -> Motion:
        """Compare one picture, uint8 (180, 320), with the mean; the first has changed all over."""
        cells = self._average(small_luma)
        if self._mean is None:
            self._mean, self._last_ns = cells, now_ns
            return Motion(np.array([[0, 0, CELLS_WIDE, CELLS_HIGH]], np.int32))
        change = cells - self._mean
        # A cloud or the camera's own gain moves all cells alike: that is no motion.
        change -= np.float32(cv2.mean(change)[0])
        np.abs(change, out=change)
        unrest = self._unrest * np.float32(self._limits.unrest_weight)
        unrest += np.float32(self._limits.changed_luma)
        is_changed = change > unrest
        self._follow(cells, change, now_ns)
        return Motion(_regions(is_changed.view(np.uint8), self._limits.region_cells))

    def _average(self, small_luma: Plane) -> Cells:
        """Each cell's mean, rounded: a box filter read once a cell beats an area resize."""
        cv2.boxFilter(small_luma, -1, (_CELL_PX, _CELL_PX), dst=self._blurred)
        return self._blurred[_CELL_PX // 2 :: _CELL_PX, _CELL_PX // 2 :: _CELL_PX].astype(
            np.float32
        )

    def _follow(self, cells: Cells, change: Cells, now_ns: int) -> None:
        assert self._mean is not None
        seconds, limits = max(0.0, (now_ns - self._last_ns) / 1e9), self._limits
        self._last_ns = now_ns
        cv2.accumulateWeighted(cells, self._mean, min(1.0, seconds / limits.follow_seconds))
        # A lorry that passes once must not blind its cells: no change counts for more than this.
        most = _UNREST_BOUND * limits.changed_luma
        cv2.threshold(change, most, 0, cv2.THRESH_TRUNC, dst=change)
        cv2.accumulateWeighted(change, self._unrest, min(1.0, seconds / limits.unrest_seconds))


def _regions(is_changed: Plane, least_cells: int) -> npt.NDArray[np.int32]:
    """Boxes with at least so many changed cells; outlines are cheaper than labels and sums."""
    if not cv2.countNonZero(is_changed):
        return np.zeros((0, 4), np.int32)
    outlines = cv2.findContours(is_changed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    boxes = []
    for left, top, width, height in map(cv2.boundingRect, outlines):
        inside = is_changed[top : top + height, left : left + width]
        if cv2.countNonZero(inside) >= least_cells:
            boxes.append((left, top, width, height))
    return np.array(boxes, np.int32).reshape(-1, 4)
