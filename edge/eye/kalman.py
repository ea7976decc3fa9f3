"""Constant velocity for many boxes at once.

A box is a centre that moves and a size that drifts. Both coordinates of the centre share one 2x2
covariance per track, kept as three numbers, because their noise is the same multiple of the box's
height. All numbers of a track are one column of a matrix, so that letting time pass, and reading
boxes, is one small matrix product whatever the number of tracks; a look corrects all columns
alike, with no gain where a thing was not seen. Units: fractions of the frame, seconds.

Every box has a lane, which is added to the sides that overlap is taken of: boxes in lanes far
apart never meet, and nobody has to compare classes pair by pair.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

# Standard deviations as multiples of the box's height, from looking at the detector's jitter on
# pedestrians of 60 to 100 px: a box edge wanders by a twentieth, a walker changes its speed by
# nearly its height per second within a second.
_MEASURED_SD = 0.06
_ACCELERATION_SD = 0.9
_FIRST_SPEED_SD = 1.0
_SIZE_TRUST = np.float32(0.6)
_MEASURED_VARIANCE = np.float32(_MEASURED_SD**2)

# Rows of the state: speed, centre, size, then the variance of position, its covariance with the
# speed, the variance of speed; last the squared height, which all noise is a multiple of, and
# the lane.
_SPEED, _PLACE, _MOVING, _SPREAD = slice(0, 2), slice(2, 6), slice(0, 6), 6
_HEIGHT, _SQUARE, _LANE, _ROWS = 5, 9, 10, 11


class Motion:
    """State of n boxes, float32 (11, n)."""

    __slots__ = ("state",)

    def __init__(self, state: Floats) -> None:
        self.state = state

    def corners(self) -> Floats:
        """float32 (6, n): left, top, right, bottom, then the foot: the lower edge's middle."""
        return np.asarray(np.dot(_READING, self.state))

    def reach(self, enlarged: float, widened: float) -> Floats:
        """As `larger`, of these boxes."""
        return np.asarray(np.dot(_reaching(enlarged, widened), self.state))

    def predict(self, seconds: float) -> None:
        """Let time pass."""
        self.state = np.dot(_passing(seconds), self.state)

    def rest(self, is_resting: npt.NDArray[np.bool_]) -> None:
        """Take the speed from some boxes."""
        self.state[_SPEED, is_resting] = 0.0

    def leaving(self, edge_frac: float) -> npt.NDArray[np.bool_]:
        """Which boxes touch the frame's edge, or nearly, and move out over it: bool (n,)."""
        left, top, right, bottom = self.corners()[:4]
        across, down = self.state[_SPEED]
        is_leaving = (left < edge_frac) & (across < 0)
        is_leaving |= (right > 1 - edge_frac) & (across > 0)
        is_leaving |= (top < edge_frac) & (down < 0)
        is_leaving |= (bottom > 1 - edge_frac) & (down > 0)
        return np.asarray(is_leaving)

    def correct(
        self, is_seen: npt.NDArray[np.bool_], finds: npt.NDArray[np.int64], boxes: Floats
    ) -> None:
        """Take in what was seen.

        is_seen: (n,), which boxes were; finds: (n,), which of the measured boxes each is, any
        where it was not seen; boxes: (m, 4) corners, at least one.
        """
        # Row by row: numpy spreads one row over several for four times the price of one by one.
        state = self.state
        variance, covariance = state[_SPREAD], state[_SPREAD + 1]
        weight = is_seen.astype(np.float32) / (variance + _MEASURED_VARIANCE * state[_SQUARE])
        gain = np.empty((3, 1, weight.size), np.float32)
        speed_gain = np.multiply(covariance, weight, out=gain[0, 0])
        place_gain = np.multiply(variance, weight, out=gain[1, 0])
        np.multiply(place_gain, _SIZE_TRUST, out=gain[2, 0])
        change = np.dot(_MEASURING, boxes.T).take(finds, axis=1)
        change -= np.dot(_EXPECTING, state)
        by_pairs = change.reshape(3, 2, -1)
        by_pairs *= gain
        state[_MOVING] += change
        state[_SPREAD + 2] -= speed_gain * covariance
        covariance -= place_gain * covariance
        variance -= place_gain * variance
        np.square(state[_HEIGHT], out=state[_SQUARE])

    def keep(self, kept: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> None:
        """Drop the boxes that are False, or keep those of the given rows in their order."""
        self.state = self.state[:, kept]

    def extend(self, other: "Motion") -> None:
        """Append another motion's boxes."""
        self.state = np.concatenate((self.state, other.state), axis=1)


def larger(boxes: Floats, lanes: Floats | float, enlarged: float, widened: float) -> Floats:
    """float32 (4, n): corners of larger boxes, each in its lane, from corners (n, 4).

    enlarged: each side grows by this part of itself; widened: the width by this part of the
    height.
    """
    reach = np.asarray(np.dot(_growing(enlarged, widened), boxes.T))
    reach[0] += lanes
    reach[2] += lanes
    return reach


def first_motion(boxes: Floats, lanes: Floats) -> Motion:
    """State of boxes seen for the first time, (n, 4) corners, at rest but not surely so."""
    state = np.zeros((_ROWS, len(boxes)), np.float32)
    state[_PLACE] = np.dot(_MEASURING[2:], boxes.T)
    state[_SQUARE] = state[_HEIGHT] ** 2
    state[_SPREAD] = _MEASURED_SD**2 * state[_SQUARE]
    state[_SPREAD + 2] = _FIRST_SPEED_SD**2 * state[_SQUARE]
    state[_LANE] = lanes
    return Motion(state)


# From corners to centre, centre again (it says the speed too) and size; the same of the state.
_MEASURING = np.array(
    [[0.5, 0, 0.5, 0], [0, 0.5, 0, 0.5]] * 2 + [[-1, 0, 1, 0], [0, -1, 0, 1]], np.float32
)
_EXPECTING = np.zeros((6, _ROWS), np.float32)
_EXPECTING[[0, 1, 2, 3, 4, 5], [2, 3, 2, 3, 4, 5]] = 1.0
# From the state to corners and foot.
_READING = np.zeros((6, _ROWS), np.float32)
_READING[[0, 2, 4], 2] = _READING[[1, 3, 5], 3] = 1.0
_READING[[0, 2], 4] = _READING[[1, 3], 5] = -0.5, 0.5
_READING[5, 5] = 0.5


@lru_cache(maxsize=8)
def _reaching(enlarged: float, widened: float) -> Floats:
    """Matrix (4, 11) from the state to the corners of larger boxes."""
    matrix = np.zeros((4, _ROWS), np.float32)
    matrix[:, _PLACE] = _growing(enlarged, widened) @ np.linalg.inv(_MEASURING[2:])
    matrix[::2, _LANE] = 1.0
    return matrix


@lru_cache(maxsize=8)
def _growing(enlarged: float, widened: float) -> Floats:
    """Matrix (4, 4) from corners to the corners of larger boxes."""
    half, wide = enlarged / 2, widened / 2
    rows = [[1 + half, wide, -half, -wide], [0, 1 + half, 0, -half],
            [-half, -wide, 1 + half, wide], [0, -half, 0, 1 + half]]  # fmt: skip
    return np.array(rows, np.float32)


@lru_cache(maxsize=64)
def _passing(seconds: float) -> Floats:
    """Matrix (11, 11) that lets time pass: the centre moves, the spread grows."""
    matrix = np.eye(_ROWS, dtype=np.float32)
    matrix[2, 0] = matrix[3, 1] = seconds
    noise = _ACCELERATION_SD**2
    matrix[6, 7:_LANE] = 2 * seconds, seconds**2, noise * seconds**4 / 4
    matrix[7, 8:_LANE] = seconds, noise * seconds**3 / 2
    matrix[8, 9] = noise * seconds**2
    return matrix
