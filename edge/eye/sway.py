"""How far a picture lies beside where it rests: wind moves poles, and a zone stays where it is.

Some corners of a picture of a while ago are found again by Lucas and Kanade's flow in pyramids
(Bouguet, 2001, as OpenCV has it), and the median of their ways is the picture's: who walks by holds
few of them. A turn about the line of sight is not taken out.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.frame import Plane
from edge.eye.picture import SMALL_HEIGHT_PX, SMALL_WIDTH_PX

Shift = npt.NDArray[np.float32]
"""Float32 (2,): across and down, in fractions of the frame."""
_Points = npt.NDArray[np.float32]

_SIZE_PX = np.array([SMALL_WIDTH_PX, SMALL_HEIGHT_PX], np.float32)
_REST: Shift = np.zeros(2, np.float32)
# Twenty corners tell a shift of some pixels of 768 to a fifth of one, in about half a millisecond.
# Far apart, so that neither a lorry nor the clock in the picture has many of them.
_CORNERS, _CORNER_QUALITY, _CORNERS_APART_PX = 20, 0.01, 30
_WINDOW_PX, _LEVELS = (9, 9), 2
_ENOUGH = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 5, 0.05)


@dataclass(frozen=True, slots=True)
class SwayLimits:
    """When a shift is believed, and where rest is.

    least_px: what is less, in the small picture, is rest. agree_px, agree_part: corners agree when
        half of them are this near to the median, and this part of its length. stay_part: where so
        many stay, the camera stays, whoever fills the rest of the picture.
    rest_seconds: how fast rest follows where the picture is: one that was turned for good rests
        there after a few times as long. corners_seconds: how long the same corners are looked
        for. lost_seconds: after so long without agreement others are.
    """

    least_px: float = 0.5
    agree_px: float = 0.5
    agree_part: float = 0.25
    stay_part: float = 0.35
    rest_seconds: float = 60.0
    corners_seconds: float = 30.0
    lost_seconds: float = 2.0


class Sway:
    """One camera's. Times must not go back."""

    def __init__(self, limits: SwayLimits | None = None) -> None:
        self._limits = limits or SwayLimits()
        self._luma: Plane = np.zeros((SMALL_HEIGHT_PX, SMALL_WIDTH_PX), np.uint8)
        self._corners: _Points = np.zeros((0, 1, 2), np.float32)
        # Where the picture with the corners lay beside the first one, and where rest does; pixels.
        self._begun_px: Shift = _REST
        self._rest_px: Shift = _REST
        self._told: Shift = _REST
        self._begun_ns = self._looked_ns = 0
        # Before the first picture nothing has ever agreed.
        self._agreed_ns: int | None = None

    def look(self, small_luma: Plane, now_ns: int) -> Shift:
        """How far things at rest are seen beside where they are in the picture at rest.

        small_luma: uint8 (180, 320). Exactly zero at rest, and where nothing can be told; where
        nothing can be told for a moment, as it was before.
        """
        limits = self._limits
        passed = (now_ns - self._looked_ns) / 1e9
        self._looked_ns = now_ns
        moved = self._follow(small_luma)
        if moved is None:
            agreed_ns = self._agreed_ns
            if agreed_ns is None or now_ns - agreed_ns > limits.lost_seconds * 1e9:
                self._begin(small_luma, self._rest_px, now_ns)
                self._told = _REST
            return self._told
        self._agreed_ns = now_ns
        there_px: Shift = np.asarray(self._begun_px + moved)
        part = np.float32(min(1.0, passed / limits.rest_seconds))
        self._rest_px = np.asarray(self._rest_px + part * (there_px - self._rest_px))
        if now_ns - self._begun_ns > limits.corners_seconds * 1e9:
            self._begin(small_luma, there_px, now_ns)
        shift_px = there_px - self._rest_px
        is_rest = np.abs(shift_px).max() < limits.least_px
        self._told = _REST if is_rest else np.asarray(shift_px / _SIZE_PX, np.float32)
        return self._told

    def _begin(self, small_luma: Plane, there_px: Shift, now_ns: int) -> None:
        """Take the corners of this picture."""
        found = cv2.goodFeaturesToTrack(small_luma, _CORNERS, _CORNER_QUALITY, _CORNERS_APART_PX)
        nothing = np.zeros((0, 1, 2), np.float32)
        self._corners = nothing if found is None else np.asarray(found, np.float32)
        self._luma, self._begun_px = small_luma.copy(), there_px
        self._begun_ns = self._agreed_ns = now_ns

    def _follow(self, small_luma: Plane) -> Shift | None:
        """How many pixels the corners have moved; None: they do not say."""
        limits, corners = self._limits, self._corners
        if len(corners) < _CORNERS / 2:
            return None
        there, is_found, _ = cv2.calcOpticalFlowPyrLK(
            self._luma, small_luma, corners, corners.copy(),
            winSize=_WINDOW_PX, maxLevel=_LEVELS, criteria=_ENOUGH,
        )  # fmt: skip
        ways = (np.asarray(there) - corners)[np.asarray(is_found)[:, 0] > 0, 0]
        if not len(ways):
            return None
        if _near(ways, limits.least_px) >= limits.stay_part * len(corners):
            return _REST
        moved = np.asarray(np.median(ways, axis=0), np.float32)
        within_px = limits.agree_px + limits.agree_part * float(np.abs(moved).max())
        return moved if _near(ways - moved, within_px) >= len(corners) / 2 else None


def _near(ways_px: _Points, within_px: float) -> int:
    """How many are no longer than that, across and down."""
    return int(np.count_nonzero(np.abs(ways_px).max(axis=1) <= within_px))
