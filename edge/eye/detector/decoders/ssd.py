"""Raw SSD head: offsets from default boxes, and one logit for each class."""

import itertools
import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from edge.eye.detector.card import Card, SsdAnchors
from edge.eye.detector.decoders.head import Candidates, Decode, best_of, class_numbers
from edge.eye.detector.decoders.logits import logit, sigmoid
from edge.eye.detector.runtime import Answer

# Aspect ratios (width over height) of the default boxes; 0.3333 is how the training wrote 1/3.
_FIRST_ASPECTS = (2.0, 0.5)
_ASPECTS = (1.0, 2.0, 0.5, 3.0, 0.3333)


def make_ssd(card: Card) -> Decode:
    """A decoder for one card's anchors, classes and threshold."""
    assert card.anchors is not None
    anchors = default_boxes(card.anchors)
    factors = np.array(card.anchors.box_factors, np.float32)
    classes = class_numbers(card)
    is_all_used = bool((classes > 0).all())
    logit_min = logit(card.score_min)

    def decode(answers: Mapping[str, Answer]) -> Candidates:
        logits = answers["scores"]
        places = logits.places_above(logit_min)
        if not is_all_used:
            places = places[classes[places % len(classes)] > 0]
        scores = sigmoid(logits.real(logits.values.ravel()[places]))
        best = best_of(scores)
        rows, columns = np.divmod(places[best], len(classes))
        offsets = answers["boxes"]
        codes = offsets.real(offsets.values.reshape(len(anchors), 4)[rows]) / factors
        return Candidates(boxes_from_codes(codes, anchors[rows]), scores[best], classes[columns])

    return decode


def boxes_from_codes(
    codes: npt.NDArray[np.float32], anchors: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Boxes (left, top, right, bottom) from (ty, tx, th, tw) already divided by the factors.

    codes, anchors: float32, shape (n, 4); an anchor is (centre y, centre x, height, width).
    """
    sides = anchors[:, 2:]
    centres = codes[:, :2] * sides + anchors[:, :2]
    halves = np.exp(codes[:, 2:]) * sides * np.float32(0.5)
    boxes = np.empty_like(codes)
    # Codes and anchors have y first, boxes x.
    np.subtract(centres, halves, out=boxes[:, 1::-1])
    np.add(centres, halves, out=boxes[:, :1:-1])
    return boxes


def default_boxes(anchors: SsdAnchors) -> npt.NDArray[np.float32]:
    """Every default box: float32, shape (n, 4), centre y, centre x, height, width; rows first."""
    grids = []
    for place, cells in enumerate(anchors.map_sizes):
        sides = np.array(_sides(anchors, place))
        centres = (np.arange(cells) + 0.5) / cells
        rows, columns = np.meshgrid(centres, centres, indexing="ij")
        grid = np.empty((cells, cells, len(sides), 4))
        grid[..., 0], grid[..., 1] = rows[..., None], columns[..., None]
        grid[..., 2:] = sides
        grids.append(grid.reshape(-1, 4))
    return np.concatenate(grids).astype(np.float32)


def _sides(anchors: SsdAnchors, place: int) -> list[tuple[float, float]]:
    """(height, width) of the default boxes of one feature map's cell."""
    scale, following = itertools.islice(anchors.scales, place, place + 2)
    if place == 0:
        shapes = [(anchors.first_scale, 1.0), *((scale, aspect) for aspect in _FIRST_ASPECTS)]
    else:
        shapes = [*((scale, aspect) for aspect in _ASPECTS), (math.sqrt(scale * following), 1.0)]
    return [(size / math.sqrt(aspect), size * math.sqrt(aspect)) for size, aspect in shapes]
