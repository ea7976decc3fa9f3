"""How much of what is wanted some glances show, so that two plans can be compared. Pure."""

from collections.abc import Iterable

import numpy as np

from edge.eye.attention.crop import Canvas, Glance
from edge.eye.attention.wants import Floats, Wants

# Of what the detector needs: lower than the first a thing counts as not shown at all, from the
# second on as wholly shown. Of six such pairs this one had the best AP50 with a look a frame on two
# places together; by recall against height alone they differ (docs/design/looking.md).
_HARDLY, _SURELY = 0.4, 0.9
# Crops are cut at even pixels.
_ROUNDING_PX = 1.0


def clearness(shown_px: Floats, canvas: Canvas) -> Floats:
    """float32 (n,) in 0 to 1: how surely things are found that are shown so tall."""
    parts = (shown_px / canvas.tall_px - _HARDLY) / (_SURELY - _HARDLY)
    return np.asarray(parts.clip(0, 1), np.float32)


def worth(glances: Iterable[Glance], wants: Wants, canvas: Canvas) -> float:
    """The urgencies of all that is whole in some crop, each times how clearly it is shown.

    wants: their boxes within the frame.
    """
    crops = [crop for glance in glances for crop in glance]
    if not crops:
        return 0.0
    edges = np.array([crop.edges_px for crop in crops], np.float32)
    scales = np.array([crop.scale for crop in crops], np.float32)
    is_in = (wants.boxes_px[:, None, :2] >= edges[:, :2] - _ROUNDING_PX).all(axis=2)
    is_in &= (wants.boxes_px[:, None, 2:] <= edges[:, 2:] + _ROUNDING_PX).all(axis=2)
    largest = np.where(is_in, scales, np.float32(0)).max(axis=1)
    return float(wants.urgencies @ clearness(wants.heights_px * largest, canvas))
