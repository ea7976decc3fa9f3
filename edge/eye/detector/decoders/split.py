"""A head of three tensors a stride, each with its own scale: box, objectness, classes.

One scale for all of them, as where they are joined, costs an int8 model its small boxes.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from edge.eye.detector.card import Card
from edge.eye.detector.decoders.head import Candidates, Decode, best_of, class_numbers
from edge.eye.detector.decoders.logits import logit, sigmoid
from edge.eye.detector.decoders.yolox import grid_cells
from edge.eye.detector.runtime import Answer

Floats = npt.NDArray[np.float32]
# exp() of more than this is wider than any input.
_LOG_SIDE_MAX = np.float32(8)
_MIDDLE = np.float32(0.5)


def make_split(card: Card) -> Decode:
    """A decoder for one card's strides, box code, classes and threshold."""
    width, height = card.input.width_px, card.input.height_px
    extent = np.array([width, height] * 2, np.float32)
    classes = class_numbers(card)
    is_unused = classes == 0
    logit_min = logit(card.score_min)
    corners = _CODES[card.box_code]
    cells = {stride: grid_cells(width, height, (stride,)) for stride in card.strides_px}

    def decode(answers: Mapping[str, Answer]) -> Candidates:
        boxes, scores, numbers = [], [], []
        for stride, places in cells.items():
            objectness = answers[f"objectness_{stride}"]
            # A score is never above its objectness, so most cells are done with here.
            rows = objectness.places_above(logit_min)
            kinds = answers[f"classes_{stride}"]
            sure = sigmoid(kinds.real(kinds.values.reshape(len(places), -1)[rows]))
            sure *= sigmoid(objectness.real(objectness.values.ravel()[rows]))[:, None]
            sure[:, is_unused] = 0
            found, columns = np.nonzero(sure >= max(card.score_min, 1e-6))
            codes = answers[f"boxes_{stride}"]
            raw = codes.real(codes.values.reshape(len(places), 4)[rows[found]])
            boxes.append(corners(raw, places[rows[found], :2]) * np.float32(stride) / extent)
            scores.append(sure[found, columns])
            numbers.append(classes[columns])
        together = np.concatenate(scores)
        best = best_of(together)
        return Candidates(
            np.concatenate(boxes)[best], together[best], np.concatenate(numbers)[best]
        )

    return decode


def _from_centres(raw: Floats, cells: Floats) -> Floats:
    """YOLOX's: the centre's place from the cell's corner, logarithms of the sides; in strides."""
    centres = raw[:, :2] + cells
    halves = np.exp(np.minimum(raw[:, 2:], _LOG_SIDE_MAX)) * _MIDDLE
    return np.concatenate([centres - halves, centres + halves], axis=1)


def _from_edges(raw: Floats, cells: Floats) -> Floats:
    """FCOS's: how far left, top, right and bottom are from the cell's middle; in strides."""
    middles = cells + _MIDDLE
    return np.concatenate([middles - raw[:, :2], middles + raw[:, 2:]], axis=1)


_CODES: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "centre": _from_centres,
    "edges": _from_edges,
}
