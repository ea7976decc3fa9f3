"""How a peer of the tracker's benchmark is asked: scenes from a file once, then one a line.

Answers with a JSON line: CPU microseconds a look, and the number each thing was given.
"""

import json
import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
# Peers think in pixels.
PICTURE_PX = np.array([1920, 1080, 1920, 1080], np.float32)
# Of each look: its numbers, each with the row of the detection that it was given to.
Numbered = list[list[tuple[int, int]]]


def serve(track: Callable[[list[Array], float], tuple[Numbered, float]]) -> None:
    """Answer until stdin ends. Arguments: SCENES.npz LOOKS_PER_SECOND.

    Scenes have rows of (look, left, top, right, bottom, score, thing) in fractions of the frame.
    track: given looks of (left, top, right, bottom, score) in pixels and their rate, says the
    numbers and the CPU seconds.
    """
    with np.load(sys.argv[1]) as content:
        scenes = {name: content[name] for name in content.files}
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        rows = scenes[line.strip()]
        looks = [rows[rows[:, 0] == look] for look in range(int(rows[:, 0].max()) + 1)]
        boxes = [np.c_[look[:, 1:5] * PICTURE_PX, look[:, 5]] for look in looks]
        numbered, seconds = track(boxes, float(sys.argv[2]))
        given = [
            [(number, float(look[row, 6])) for number, row in found]
            for look, found in zip(looks, numbered, strict=False)
        ]
        answer = {"us_per_frame": seconds / len(numbered) * 1e6, "given": given}
        print(json.dumps(answer), flush=True)
