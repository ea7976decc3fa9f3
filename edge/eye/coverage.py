"""Which parts of a frame a look could judge: what was not looked at is not missed."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
# What has left the frame by more than this much of itself is looked for in vain.
_OUTSIDE = np.float32(0.7)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Some areas of a frame, each at a sharpness of its own.

    areas_frac: float32 (k, 4): left, top, right, bottom in fractions of the frame; within them
    nothing is cut. least_heights_frac: float32 (k,): what is lower is not surely found there.
    """

    areas_frac: Floats
    least_heights_frac: Floats

    def moved(self, shift_frac: Floats) -> "Coverage":
        """The same areas so far across and down, float32 (2,)."""
        return replace(self, areas_frac=self.areas_frac + np.tile(shift_frac, 2))

    def covers(self, corners: Floats) -> Flags:
        """Which boxes would have been found if they were there, bool (n,).

        corners: float32, at least four rows: left, top, right, bottom of n boxes.
        """
        inside = np.clip(corners[:4], 0.0, 1.0)
        width, height = corners[2] - corners[0], corners[3] - corners[1]
        left_over = (inside[2] - inside[0]) * (inside[3] - inside[1])
        is_gone = left_over < (1 - _OUTSIDE) * width * height
        areas = self.areas_frac[:, :, None]
        is_within = (inside[0] >= areas[:, 0]) & (inside[1] >= areas[:, 1])
        is_within &= (inside[2] <= areas[:, 2]) & (inside[3] <= areas[:, 3])
        is_within &= height >= self.least_heights_frac[:, None]
        return np.asarray(is_gone | is_within.any(axis=0))
