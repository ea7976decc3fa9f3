"""What stirs and is nobody's: where, for how long it has waited, and where looking was in vain."""

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.attention.crop import Glance
from edge.eye.attention.view import View, cells_of
from edge.eye.attention.wants import Flags, Floats, moving_places
from edge.eye.detections import Detections
from edge.eye.gate import CELLS_HIGH, CELLS_WIDE

_NS = 1_000_000_000
MOVING_SECONDS = 0.05
"""The period of what moves: wanted at every frame that is analysed."""
# What moves and shows nothing is looked at half as often after each look, down to this.
_BARREN_SECONDS = 1.0
_BARREN_DOUBLINGS = 5
# Where nothing has moved for so long, nothing is held against what moves next.
_FORGIVEN_NS = 10 * _NS
# A cell that differs by more from its mean over this time is changing now.
_FRESH_LUMA, _LATELY_SECONDS = 2.5, 0.25
# A cell that a crop only touches was not looked at.
_INWARD_PX = np.array([1, 1, -1, -1])


class Stirring:
    """One camera's, in the gate's cells."""

    def __init__(self) -> None:
        shape = (CELLS_HIGH, CELLS_WIDE)
        self._seen_ns, self._moved_ns = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self._barren = np.zeros(shape, np.int8)
        self._lately, self._followed_ns = np.zeros(shape, np.float32), 0

    def places(self, view: View, known_frac: Floats) -> tuple[npt.NDArray[np.int32], Floats]:
        """Cells of what moves beside known things, int32 (k, 4), and how urgent each is, (k,)."""
        is_free = np.abs(view.motion.cells - self._lately) > _FRESH_LUMA
        # The place that a thing has left differs from what it was, but not from a moment ago.
        is_free &= view.motion.is_changed
        for left, top, right, bottom in cells_of(known_frac, 0.2):
            is_free[top:bottom, left:right] = False
        places = moving_places(is_free)
        urgencies = [self._urgency(place, is_free, view.now_ns) for place in places.tolist()]
        return places, np.array(urgencies, np.float32)

    def follow(self, view: View) -> None:
        """Remember how bright the cells were lately; once for each frame."""
        passed = (view.now_ns - self._followed_ns) / _NS
        self._followed_ns = view.now_ns
        part = min(1.0, max(0.0, passed / _LATELY_SECONDS))
        cv2.accumulateWeighted(view.motion.cells, self._lately, part)

    def note(self, view: View, glances: tuple[Glance, ...], found: Detections) -> None:
        """Which cells were looked at, and where that was in vain; a whole frame proves nothing."""
        now_ns, changed = view.now_ns, view.motion.is_changed
        self._barren[now_ns - self._moved_ns > _FORGIVEN_NS] = 0
        self._moved_ns[changed] = now_ns
        edges = [
            crop.edges_px for glance in glances for crop in glance
            if not crop.is_whole(view.frame_px)
        ]  # fmt: skip
        inward = np.array(edges, np.int64).reshape(-1, 4) + _INWARD_PX
        crops = np.asarray(inward / (view.frame_px * 2), np.float32)
        looked = np.zeros_like(changed)
        for left, top, right, bottom in cells_of(crops):
            looked[top:bottom, left:right] = True
        self._seen_ns[looked] = now_ns
        in_vain = looked & changed
        self._barren[in_vain] = np.minimum(self._barren[in_vain] + 1, _BARREN_DOUBLINGS)
        for left, top, right, bottom in cells_of(found.boxes_frac, 0.2):
            self._barren[top:bottom, left:right] = 0

    def _urgency(self, place: list[int], is_free: Flags, now_ns: int) -> float:
        left, top, right, bottom = place
        part = (slice(top, bottom), slice(left, right))
        # Whoever comes there changes cells that were not looked at in vain before.
        barren = float(self._barren[part][is_free[part]].mean())
        period: float = min(_BARREN_SECONDS, MOVING_SECONDS * 2.0**barren)
        return float(now_ns - self._seen_ns[part].min()) / _NS / period
