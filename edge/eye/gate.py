"""The motion gate says whether anything in a frame is worth the detector's time.

The 320x180 brightness is halved twice to 80x45 cells of 4x4 pixels, which washes sensor noise
out, and compared with a mean that follows slowly. Two changed cells that touch are motion.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.frame import Plane

CELLS_WIDE, CELLS_HIGH = 80, 45
# Cells of a row in the packed bits: one more than there are, so that no row touches the next.
_ROW_BITS = CELLS_WIDE + 1
_UNREST_BOUND = 4.0
Cells = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class GateLimits:
    """What counts as motion.

    changed_luma: a cell that differs by more (0 to 255) has changed. A far person of 10 by 25
        pixels at 1080p changes two cells by about 5 where it contrasts by 25.
    follow_seconds: how fast the mean follows; a thing that stops is background a few times as
        long after that, and so is the place that a thing has left.
    unrest_seconds: how fast a cell's own unrest is learnt: leaves, water, a clock drawn into the
        picture. unrest_weight: how much of it a change must exceed beside changed_luma.
    """

    changed_luma: float = 5.0
    follow_seconds: float = 1.5
    unrest_seconds: float = 30.0
    unrest_weight: float = 3.0


@dataclass(frozen=True, slots=True)
class Motion:
    """What moved.

    is_active: whether anything did.
    is_changed: bool, shape (45, 80), the cells that changed. cells: uint8, shape (45, 80), their
    brightness. Both are the gate's own, valid until its next look.
    """

    is_active: bool
    is_changed: npt.NDArray[np.bool_]
    cells: Plane


class Gate:
    """One camera's gate."""

    def __init__(self, limits: GateLimits | None = None) -> None:
        self._limits = limits or GateLimits()
        shape = (CELLS_HIGH, CELLS_WIDE)
        self._half = np.empty((2 * CELLS_HIGH, 2 * CELLS_WIDE), np.uint8)
        self._cells = np.empty(shape, np.uint8)
        self._mean: Cells | None = None
        self._mean_level = 0.0
        self._change, self._excess = np.empty(shape, np.float32), np.empty(shape, np.float32)
        self._unrest = np.zeros(shape, np.float32)
        self._marks = np.zeros((CELLS_HIGH, _ROW_BITS), np.bool_)
        self._last_ns = 0

    def look(self, small_luma: Plane, now_ns: int) -> Motion:
        """Compare one picture, uint8 (180, 320), with the mean; the first has changed all over."""
        cells, limits = self._average(small_luma), self._limits
        level, is_changed = cv2.mean(cells)[0], self._marks[:, :CELLS_WIDE]
        if self._mean is None:
            self._mean, self._mean_level, self._last_ns = cells.astype(np.float32), level, now_ns
            is_changed[:] = True
            return Motion(is_active=True, is_changed=is_changed, cells=cells)
        # A cloud or the camera's own gain moves all cells alike: that is no motion.
        change, shift = self._change, level - self._mean_level
        cv2.addWeighted(cells, 1.0, self._mean, -1.0, -shift, dst=change, dtype=cv2.CV_32F)
        np.abs(change, out=change)
        weight, excess = limits.unrest_weight, self._excess
        cv2.addWeighted(change, 1.0, self._unrest, -weight, 0.0, dst=excess)
        np.greater(excess, limits.changed_luma, out=is_changed)
        self._follow(cells, shift, now_ns)
        return Motion(_has_touching(self._marks), is_changed, cells)

    def _average(self, small_luma: Plane) -> Plane:
        """Each cell's mean, rounded: nothing averages as fast in OpenCV as halving by area."""
        half, cells = self._half, self._cells
        cv2.resize(small_luma, half.shape[::-1], dst=half, interpolation=cv2.INTER_AREA)
        cv2.resize(half, cells.shape[::-1], dst=cells, interpolation=cv2.INTER_AREA)
        return cells

    def _follow(self, cells: Plane, shift: float, now_ns: int) -> None:
        assert self._mean is not None
        seconds, limits, change = (
            max(0.0, (now_ns - self._last_ns) / 1e9),
            self._limits,
            self._change,
        )
        self._last_ns = now_ns
        part = min(1.0, seconds / limits.follow_seconds)
        cv2.accumulateWeighted(cells, self._mean, part)
        self._mean_level += part * shift
        # A lorry that passes once must not blind its cells: no change counts for more than this.
        most = _UNREST_BOUND * limits.changed_luma
        cv2.threshold(change, most, 0, cv2.THRESH_TRUNC, dst=change)
        cv2.accumulateWeighted(change, self._unrest, min(1.0, seconds / limits.unrest_seconds))


def _has_touching(marks: npt.NDArray[np.bool_]) -> bool:
    """Whether two marked cells touch, corners included: all at once, as the bits of one number."""
    bits = int.from_bytes(np.packbits(marks).data, "big")
    beside, below = bits >> 1, bits >> _ROW_BITS
    return bool(bits & (beside | below | below >> 1 | below << 1))
