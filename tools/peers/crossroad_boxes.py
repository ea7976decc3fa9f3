"""Intel's crossroad net (persons, vehicles, bicycles; 1024 px) behind a pipe, by OpenVINO.

Runs in the environment of requirements/peers.lock. Usage and answers as `onnx_boxes.py`.

Usage: .venv-peers/bin/python -m tools.peers.crossroad_boxes MODEL.xml SCORE_MIN
"""

import sys

import cv2
import numpy as np
import numpy.typing as npt
import openvino

from edge.eye.detections import Detections
from edge.wire.names import CLASS_NUMBERS
from tools.peers.pictures import serve_pictures

# Its labels 1, 2, 3; a car stands for every vehicle, a bicycle for everything that is ridden.
WORDS = {1: "person", 2: "car", 3: "bicycle"}
SIDE_PX = 1024


def main() -> None:
    """Load the model, answer until stdin ends."""
    score_min = float(sys.argv[2])
    options = {"INFERENCE_NUM_THREADS": 1}
    model = openvino.Core().compile_model(sys.argv[1], "CPU", options)

    def find(rgb: npt.NDArray[np.uint8]) -> Detections:
        bgr = cv2.cvtColor(cv2.resize(rgb, (SIDE_PX, SIDE_PX)), cv2.COLOR_RGB2BGR)
        blob = bgr.astype(np.float32).transpose(2, 0, 1)[np.newaxis]
        rows = model(blob)[0].reshape(-1, 7)
        # What stands after the first picture number below 0 is no answer.
        rows = rows[np.logical_and.accumulate(rows[:, 0] >= 0)]
        rows = rows[(rows[:, 2] >= score_min) & np.isin(rows[:, 1], list(WORDS))]
        rows = rows[np.argsort(-rows[:, 2], kind="stable")]
        numbers = [CLASS_NUMBERS[WORDS[int(label)]] for label in rows[:, 1]]
        return Detections(
            rows[:, 3:].clip(0, 1).astype(np.float32),
            rows[:, 2].astype(np.float32),
            np.array(numbers, np.uint8),
        )

    serve_pictures(find)


if __name__ == "__main__":
    main()
