"""The port: load a card's model, find things in a picture."""

from collections.abc import Mapping
from typing import NoReturn

import numpy as np

from edge.errors import Kind, VigieError
from edge.eye.detections import Detections
from edge.eye.detector.card import Card
from edge.eye.detector.decoders.head import Candidates, MakeDecode
from edge.eye.detector.decoders.ssd import make_ssd
from edge.eye.detector.decoders.ssd_post import make_ssd_post
from edge.eye.detector.decoders.yolox import make_yolox
from edge.eye.detector.library import Library
from edge.eye.detector.nms import Boxes, keep_best
from edge.eye.detector.preprocess import WHOLE, Placing, Rgb, prepare
from edge.eye.detector.runtime import Answer, Runtime, Values, open_runtime
from edge.eye.detector.shape import check_shape

_DECODERS: Mapping[str, MakeDecode] = {
    "ssd": make_ssd,
    "ssd_post": make_ssd_post,
    "yolox": make_yolox,
}


class Detector:
    """One loaded model. Belongs to one thread.

    operators_outside_delegate: how many operators run without the runtime's fast path (worth a
    warning when above 0); None where the runtime does not tell.
    """

    def __init__(self, card: Card, runtime: Runtime) -> None:
        self.card = card
        self.input_width_px = card.input.width_px
        self.input_height_px = card.input.height_px
        self.operators_total = runtime.operators_total
        self.operators_outside_delegate = runtime.operators_outside_delegate
        self._runtime = runtime
        self._places = check_shape(card, runtime)
        self._decode = _DECODERS[card.decoder](card)

    def find(self, rgb: Rgb) -> Detections:
        """What is in one picture.

        rgb: uint8, shape (height, width, 3), any size; the input's own size saves the resizing.

        Raises: VigieError INTERNAL when the model answers with values that are no numbers.
        """
        picture, placing = prepare(rgb, self.card.input)
        found = self._decode(self._ask(picture))
        boxes = _into_frame(found, placing)
        kept = keep_best(
            boxes, found.scores, found.classes, self.card.overlap_max, self.card.detections_max
        )
        return Detections(boxes[kept], found.scores[kept], found.classes[kept])

    def _ask(self, picture: Values) -> dict[str, Answer]:
        values = self._runtime.infer(picture)
        answers = {}
        for role, place in self._places.items():
            facts = self._runtime.outputs[place]
            answers[role] = Answer(values[place], facts.scale, facts.zero)
            if facts.element == "float32" and not np.isfinite(values[place]).all():
                self._refuse_numbers(facts.name)
        return answers

    def _refuse_numbers(self, name: str) -> NoReturn:
        raise VigieError(
            Kind.INTERNAL,
            f"model '{self.card.name}' answers with values that are no numbers in output '{name}'",
            hint=f"Check it with 'vigie models verify {self.card.name}'; nothing was detected.",
        )


def load(card: Card, library: Library, *, runtime: str | None = None, threads: int = 1) -> Detector:
    """Check a card's file and load it.

    runtime: `litert` or `tflite-runtime`; the card's own choice when left out.

    Raises: VigieError NOT_FOUND, DATA_LOSS (not the card's file), INVALID_ARGUMENT (tensors that
    are not the card's), FAILED_PRECONDITION (runtime absent).
    """
    content = library.read_model(card)
    return Detector(card, open_runtime(runtime or card.runtime, content, threads))


def _into_frame(found: Candidates, placing: Placing) -> Boxes:
    """Boxes in fractions of the frame, cut off at its edges."""
    if placing == WHOLE:
        return found.boxes.clip(0, 1)
    scale = np.array([placing.width_frac, placing.height_frac] * 2, np.float32)
    return np.asarray((found.boxes / scale).clip(0, 1), np.float32)
