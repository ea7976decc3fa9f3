"""How a detector behind a pipe is asked: one picture at a time, boxes back as a line of JSON."""

import json
import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edge.eye.detections import Detections


def serve_pictures(find: Callable[[npt.NDArray[np.uint8]], Detections]) -> None:
    """Say that it is ready, then answer until stdin ends."""
    print(json.dumps({"ready": True}), flush=True)
    while line := sys.stdin.buffer.readline():
        width, height = (int(word) for word in line.split())
        pixels = sys.stdin.buffer.read(width * height * 3)
        found = find(np.frombuffer(pixels, np.uint8).reshape(height, width, 3))
        answer = {
            "boxes_frac": found.boxes_frac.tolist(),
            "scores": found.scores.tolist(),
            "classes": found.classes.tolist(),
        }
        print(json.dumps(answer), flush=True)
