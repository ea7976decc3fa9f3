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
_UNREST_BOUND = 4.0


@dataclass(frozen=True, slots=True)
class GateLimits:
    """What counts as motion.

    changed_luma: a cell that differs by more (0 to 255) has changed. A far person of 10 by 25
        pixels at 1080p changes one cell by about 4 where it contrasts.
    region_cells: fewer touching cells are noise.
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
        self._last_ns = 0

    def look(self, small_luma: Plane, now_ns: int) -> Motion:
        """Compare one picture, uint8 (180, 320), with the mean; the first has changed all over."""
        size = (CELLS_WIDE, CELLS_HIGH)
        cells = np.asarray(cv2.resize(small_luma, size, interpolation=cv2.INTER_AREA), np.uint8)
        if self._mean is None:
            self._mean, self._last_ns = cells.astype(np.float32), now_ns
            return Motion(np.array([[0, 0, CELLS_WIDE, CELLS_HIGH]], np.int32))
        difference = cv2.subtract(cells, self._mean, dtype=cv2.CV_32F)
        # A cloud or the camera's own gain moves all cells alike: that is no motion.
        change = np.abs(difference - np.float32(cv2.mean(difference)[0]))
        limits = self._limits
        is_changed = change > limits.unrest_weight * self._unrest + limits.changed_luma
        self._follow(cells, change, now_ns)
        if not is_changed.any():
            return Motion(np.zeros((0, 4), np.int32))
        stats = cv2.connectedComponentsWithStats(is_changed.view(np.uint8))[2]
        regions = np.asarray(stats, np.int32)[1:]
        return Motion(regions[regions[:, cv2.CC_STAT_AREA] >= limits.region_cells, :4])

    def _follow(self, cells: Plane, change: npt.NDArray[np.float32], now_ns: int) -> None:
        assert self._mean is not None
        seconds, limits = max(0.0, (now_ns - self._last_ns) / 1e9), self._limits
        self._last_ns = now_ns
        cv2.accumulateWeighted(cells, self._mean, min(1.0, seconds / limits.follow_seconds))
        # A lorry that passes once must not blind its cells: no change counts for more than this.
        bounded = np.minimum(change, _UNREST_BOUND * limits.changed_luma)
        cv2.accumulateWeighted(bounded, self._unrest, min(1.0, seconds / limits.unrest_seconds))
