"""The port: load a card's model, find things in a picture."""

from collections.abc import Mapping
from typing import NoReturn

import numpy as np

from edge.errors import Kind, VigieError
from edge.eye.detections import Detections
from edge.eye.detector.card import Card
from edge.eye.detector.decoders.head import Candidates, MakeDecode
from edge.eye.detector.decoders.split import make_split
from edge.eye.detector.decoders.ssd import make_ssd
from edge.eye.detector.decoders.ssd_post import make_ssd_post
from edge.eye.detector.decoders.yolox import make_yolox
from edge.eye.detector.levels import Levels
from edge.eye.detector.library import Library
from edge.eye.detector.nms import Boxes, keep_best
from edge.eye.detector.preprocess import WHOLE, Placing, Rgb, prepare
from edge.eye.detector.runtime import Answer, Runtime, Values, open_runtime
from edge.eye.detector.shape import check_shape

# A hundredth of a pixel of the largest frame there is: less is no box.
SIDE_MIN_FRAC = 1e-6
_DECODERS: Mapping[str, MakeDecode] = {
    "ssd": make_ssd,
    "ssd_post": make_ssd_post,
    "yolox": make_yolox,
    "split": make_split,
}


class Detector:
    """One loaded model. Belongs to one thread.

    keeps_aspect: it learnt from pictures that were not stretched. tall_px: how tall a thing must be
    in its picture to be found well; clear_px: from where on a sharper crop finds hardly more.
    operators_outside_delegate: how many operators run without the runtime's fast path (worth a
    warning when above 0); None where the runtime does not tell.
    """

    def __init__(self, card: Card, runtime: Runtime) -> None:
        self.card = card
        self.input_width_px = card.input.width_px
        self.input_height_px = card.input.height_px
        self.keeps_aspect = card.input.resize == "letterbox"
        self.tall_px = card.input.tall_px
        self.clear_px = card.input.clear_px
        self.operators_total = runtime.operators_total
        self.operators_outside_delegate = runtime.operators_outside_delegate
        self._runtime = runtime
        self._places = check_shape(card, runtime)
        self._levels = Levels(card)
        self._decode = _DECODERS[card.decoder](self._levels.plain)

    def find(self, rgb: Rgb) -> Detections:
        """What is in one picture.

        rgb: uint8, shape (height, width, 3), any size; the input's own size saves the resizing.

        Raises: VigieError INTERNAL when the model answers with values that are no numbers.
        """
        picture, placing = prepare(rgb, self.card.input)
        # Numbers beyond float32 are wrong answers, not faults of ours.
        with np.errstate(over="ignore", invalid="ignore"):
            said = self._levels.move(self._decode(self._ask(picture)))
            found = _only_boxes(said, placing)
        kept = keep_best(
            found.boxes,
            found.scores,
            found.classes,
            self.card.overlap_max,
            self.card.detections_max,
        )
        return Detections(found.boxes[kept], found.scores[kept], found.classes[kept])

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


def _only_boxes(found: Candidates, placing: Placing) -> Candidates:
    """Those that are boxes of the frame: of some area, every value a number; scores to 1."""
    boxes = _into_frame(found, placing)
    scores = np.minimum(found.scores, np.float32(1))
    is_box = (boxes[:, 2:] - boxes[:, :2] >= SIDE_MIN_FRAC).all(axis=1)
    if is_box.all():
        return Candidates(boxes, scores, found.classes)
    return Candidates(boxes[is_box], scores[is_box], found.classes[is_box])


def _into_frame(found: Candidates, placing: Placing) -> Boxes:
    """Boxes in fractions of the frame, cut off at its edges."""
    if placing == WHOLE:
        return found.boxes.clip(0, 1)
    scale = np.array([placing.width_frac, placing.height_frac] * 2, np.float32)
    return np.asarray((found.boxes / scale).clip(0, 1), np.float32)
