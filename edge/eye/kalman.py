"""Constant velocity for many boxes at once.

A box is a centre that moves and a size that drifts. Both coordinates of the centre share one 2x2
covariance per track, kept as three numbers, because their noise is the same multiple of the box's
height. All numbers of a track are one column of a matrix, so that letting time pass, and reading
boxes, is one small matrix product whatever the number of tracks. Units: fractions of the frame,
seconds.
"""

from functools import lru_cache
from math import exp

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Standard deviations as multiples of the box's height, from looking at the detector's jitter on
# pedestrians of 60 to 100 px: a box edge wanders by a twentieth, a walker changes its speed by
# about half a height per second within a second.
_MEASURED_SD = 0.06
_ACCELERATION_SD = 0.6
_FIRST_SPEED_SD = 1.0
# How much of a size's error one look corrects.
_SIZE_GAIN = 0.25
# A hidden thing is not expected to walk on for ever: its speed dies away over some seconds.
HIDDEN_SPEED_SECONDS = 5.0

# Rows of the state: centre, speed, size, and the variance of position, its covariance with the
# speed, the variance of speed; last the squared height, which all noise is a multiple of.
_CENTRE, _SPEED, _SIZE, _SPREAD = slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 9)
_HEIGHT, _SQUARE, _ROWS = 5, 9, 10


class Motion:
    """State of n boxes, float64 (10, n)."""

    __slots__ = ("state",)

    def __init__(self, state: Floats) -> None:
        self.state = state

    def corners(self, enlarged: float = 0.0) -> npt.NDArray[np.float32]:
        """float32 (6, n): left, top, right, bottom, then the foot: the lower edge's middle.

        enlarged: each side grows by this part of itself, the foot does not.
        """
        return np.asarray(np.dot(_reading(enlarged), self.state), np.float32)

    def predict(self, seconds: float, is_hidden: npt.NDArray[np.bool_] | None) -> None:
        """Let time pass; hidden boxes, if there are any, slow down."""
        self.state = np.dot(_passing(seconds), self.state)
        if is_hidden is not None:
            self.state[_SPEED, is_hidden] *= exp(-seconds / HIDDEN_SPEED_SECONDS)

    def rest(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> None:
        """Take the speed from some boxes."""
        self.state[_SPEED, rows] = 0.0

    def correct(self, rows: npt.NDArray[np.int64], boxes: npt.NDArray[np.float32]) -> None:
        """Take in what was seen. rows: (m,) into the state; boxes: (m, 4) corners."""
        state = self.state.take(rows, axis=1)
        error = np.dot(_MEASURING, boxes.T)
        error -= state[_SIZE_AND_CENTRE]
        spread = state[_SPREAD]
        gain = spread[:2] / (spread[0] + _MEASURED_SD**2 * state[_SQUARE])
        state[_CENTRE] += gain[0] * error[2:]
        state[_SPEED] += gain[1] * error[2:]
        state[_SIZE] += _SIZE_GAIN * error[:2]
        mixed = spread[1].copy()
        spread[:2] -= gain[0] * spread[:2]
        spread[2] -= gain[1] * mixed
        np.square(state[_HEIGHT], out=state[_SQUARE])
        self.state[:, rows] = state

    def keep(self, rows: npt.NDArray[np.bool_]) -> None:
        """Drop the boxes that are False."""
        self.state = self.state[:, rows]

    def extend(self, other: "Motion") -> None:
        """Append another motion's boxes."""
        self.state = np.concatenate((self.state, other.state), axis=1)


def first_motion(boxes: npt.NDArray[np.float32]) -> Motion:
    """State of boxes seen for the first time, (n, 4) corners, at rest but not surely so."""
    state = np.zeros((_ROWS, len(boxes)))
    state[_SIZE_AND_CENTRE] = np.dot(_MEASURING, boxes.T)
    state[_SQUARE] = state[_HEIGHT] ** 2
    state[6] = _MEASURED_SD**2 * state[_SQUARE]
    state[8] = _FIRST_SPEED_SD**2 * state[_SQUARE]
    return Motion(state)


# From corners to size and centre.
_SIZE_AND_CENTRE = [4, 5, 0, 1]
_MEASURING = np.array([[-1, 0, 1, 0], [0, -1, 0, 1], [0.5, 0, 0.5, 0], [0, 0.5, 0, 0.5]])


@lru_cache(maxsize=8)
def _reading(enlarged: float) -> Floats:
    """Matrix (6, 10) from the state to corners and foot."""
    half = (1.0 + enlarged) / 2
    matrix = np.zeros((6, _ROWS))
    matrix[[0, 1, 2, 3, 4, 5], [0, 1, 0, 1, 0, 1]] = 1.0
    matrix[[0, 1, 2, 3], [4, 5, 4, 5]] = -half, -half, half, half
    matrix[5, _HEIGHT] = 0.5
    return matrix


@lru_cache(maxsize=64)
def _passing(seconds: float) -> Floats:
    """Matrix (10, 10) that lets time pass: the centre moves, the spread grows."""
    matrix = np.eye(_ROWS)
    matrix[0, 2] = matrix[1, 3] = seconds
    noise = _ACCELERATION_SD**2
    matrix[6, 7:] = 2 * seconds, seconds**2, noise * seconds**4 / 4
    matrix[7, 8:] = seconds, noise * seconds**3 / 2
    matrix[8, 9] = noise * seconds**2
    return matrix
