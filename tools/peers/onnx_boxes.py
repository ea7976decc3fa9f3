"""A detector in ONNX behind a pipe: onnxruntime infers, Vigie's own decoder makes the boxes.

Runs in the environment of requirements/peers.lock, with a model card that says what goes in and
what comes out. On stdin: a line "WIDTH HEIGHT", then so many RGB pixels; on stdout: a line of JSON
with boxes (fractions), scores and class numbers.

Usage: .venv-peers/bin/python -m tools.peers.onnx_boxes CARD.toml MODEL.onnx SCORE_MIN BOXES_MAX
"""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from edge.eye.detector.port import Detector
from edge.eye.detector.reading import read_card
from edge.eye.detector.runtime import TensorFacts, Values
from tools.peers.pictures import serve_pictures


class OnnxRuntime:
    """One ONNX model behind the detector's Runtime protocol, one thread, on the CPU."""

    operators_outside_delegate = None

    def __init__(self, model: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(str(model), options, providers=providers)
        self.inputs = tuple(_facts(one) for one in self._session.get_inputs())
        self.outputs = tuple(_facts(one) for one in self._session.get_outputs())
        self.operators_total = 0

    def infer(self, picture: Values) -> tuple[Values, ...]:
        """Run once."""
        wanted = {self.inputs[0].name: np.ascontiguousarray(picture)}
        answers: list[npt.NDArray[np.float32]] = self._session.run(None, wanted)
        return tuple(answers)


def _facts(tensor: onnxruntime.NodeArg) -> TensorFacts:
    return TensorFacts(tensor.name, tuple(tensor.shape), "float32", 1.0, 0)


def main() -> None:
    """Load the model, answer until stdin ends."""
    card_path, model, score_min, boxes_max = sys.argv[1:5]
    card = dataclasses.replace(
        read_card(Path(card_path)), score_min=float(score_min), detections_max=int(boxes_max)
    )
    detector = Detector(card, OnnxRuntime(Path(model)))
    serve_pictures(detector.find)


if __name__ == "__main__":
    main()
