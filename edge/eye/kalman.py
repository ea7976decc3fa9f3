"""Constant velocity for many boxes at once.

A box is a centre that moves and a size that drifts. Both coordinates of the centre, and both of
the size, share one 2x2 covariance per track, kept as three numbers, because their noise is the
same multiple of the box's height. So a step is a handful of array operations whatever the number
of tracks. Units: fractions of the frame, seconds.
"""

from dataclasses import dataclass

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


@dataclass(slots=True)
class Motion:
    """State of n boxes.

    centres, speeds, sizes: float64 (n, 2), fractions and fractions per second.
    spread: float64 (n, 3): variance of position, covariance, variance of speed.
    """

    centres: Floats
    speeds: Floats
    sizes: Floats
    spread: Floats

    def boxes(self) -> npt.NDArray[np.float32]:
        """float32 (n, 4): left, top, right, bottom."""
        half = self.sizes / 2
        return np.concatenate((self.centres - half, self.centres + half), axis=1).astype(np.float32)

    def predict(self, seconds: float, is_hidden: npt.NDArray[np.bool_]) -> None:
        """Let time pass; hidden boxes slow down."""
        self.centres += self.speeds * seconds
        if is_hidden.any():
            self.speeds[is_hidden] *= np.exp(-seconds / HIDDEN_SPEED_SECONDS)
        position, mixed, speed = self.spread[:, 0], self.spread[:, 1], self.spread[:, 2]
        noise = (_ACCELERATION_SD * self.sizes[:, 1]) ** 2
        position += seconds * (2 * mixed + seconds * speed) + noise * seconds**4 / 4
        mixed += seconds * speed + noise * seconds**3 / 2
        speed += noise * seconds**2

    def correct(self, rows: npt.NDArray[np.int64], boxes: Floats) -> None:
        """Take in what was seen. rows: (m,) into the state; boxes: (m, 4) corners."""
        measured = (boxes[:, :2] + boxes[:, 2:]) / 2
        sizes = boxes[:, 2:] - boxes[:, :2]
        spread = self.spread[rows]
        noise = (_MEASURED_SD * self.sizes[rows, 1]) ** 2
        total = spread[:, 0] + noise
        gain = spread[:, :2] / total[:, None]
        error = measured - self.centres[rows]
        self.centres[rows] += gain[:, :1] * error
        self.speeds[rows] += gain[:, 1:] * error
        self.spread[rows, 0] = spread[:, 0] - gain[:, 0] * spread[:, 0]
        self.spread[rows, 1] = spread[:, 1] - gain[:, 0] * spread[:, 1]
        self.spread[rows, 2] = spread[:, 2] - gain[:, 1] * spread[:, 1]
        self.sizes[rows] += _SIZE_GAIN * (sizes - self.sizes[rows])

    def place(self, rows: npt.NDArray[np.int64], boxes: Floats) -> None:
        """Begin anew where the boxes are, at rest: for remembered things that came back."""
        fresh = first_motion(boxes)
        self.centres[rows], self.speeds[rows] = fresh.centres, fresh.speeds
        self.sizes[rows], self.spread[rows] = fresh.sizes, fresh.spread


def first_motion(boxes: Floats) -> Motion:
    """State of boxes seen for the first time, float64 (n, 4), at rest but not surely so."""
    sizes = boxes[:, 2:] - boxes[:, :2]
    spread = np.zeros((len(boxes), 3))
    spread[:, 0] = (_MEASURED_SD * sizes[:, 1]) ** 2
    spread[:, 2] = (_FIRST_SPEED_SD * sizes[:, 1]) ** 2
    return Motion((boxes[:, :2] + boxes[:, 2:]) / 2, np.zeros_like(sizes), sizes, spread)
