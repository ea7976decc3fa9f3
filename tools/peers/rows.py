"""MOT rows through a peer: frame, id, left, top, width, height, score."""

from collections.abc import Callable

import numpy as np

from tools.peers.serving import Array, Numbered

Rows = list[list[float]]


def looks_of(detections: Rows) -> list[Array]:
    """Rows of (left, top, right, bottom, score) of each frame, from the first on."""
    table = np.array(detections, np.float32).reshape(-1, 7)
    frames = [
        table[table[:, 0] == frame] for frame in range(1, int(table[:, 0].max(initial=0)) + 1)
    ]
    return [np.c_[found[:, 2:4], found[:, 2:4] + found[:, 4:6], found[:, 6]] for found in frames]


def track_rows(detections: Rows, track: Callable[[list[Array]], tuple[Numbered, float]]) -> Rows:
    """The detections that a peer gave a number, with it.

    track: given looks of (left, top, right, bottom, score), says the numbers and the CPU seconds.
    """
    looks = looks_of(detections)
    numbered, _ = track(looks)
    rows = []
    for frame, (look, given) in enumerate(zip(looks, numbered, strict=True), start=1):
        for number, row in given:
            left, top, right, bottom = look[row, :4].tolist()
            rows.append([frame, number, left, top, right - left, bottom - top, 1.0])
    return rows
