"""How long a detector takes on this board, on a picture of our own making: no mandate is asked."""

import time
from statistics import median, quantiles

import numpy as np

from edge.eye.step import Detector

LOOKS = 40
LOOKING_SECONDS = 4.0
"""A slow board is not made to take all of them: a technician waits."""
_LEAST_LOOKS = 2
_WARM_UP = 3


def time_detector(detector: Detector, looks: int = LOOKS) -> tuple[int, int]:
    """Median and 95th percentile of one look, microseconds. looks: at most so many, at least 2."""
    shape = (detector.input_height_px, detector.input_width_px, 3)
    grain = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    took: list[int] = []
    ends_s = time.monotonic() + LOOKING_SECONDS
    for number in range(_WARM_UP + looks):
        if len(took) >= _LEAST_LOOKS and time.monotonic() >= ends_s:
            break
        begun = time.perf_counter_ns()
        detector.find(grain)
        if number >= _WARM_UP:
            took.append((time.perf_counter_ns() - begun) // 1000)
    return round(median(took)), round(quantiles(took, n=20)[-1])
