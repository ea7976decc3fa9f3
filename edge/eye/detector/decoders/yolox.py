"""YOLOX head: centre and size in grid units, objectness, and one score for each class."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from edge.eye.detector.card import Card
from edge.eye.detector.decoders.head import Candidates, Decode, best_of, class_numbers
from edge.eye.detector.runtime import Answer

_CENTRE, _SIZE, _OBJECTNESS, _CLASSES = slice(0, 2), slice(2, 4), 4, 5


def make_yolox(card: Card) -> Decode:
    """A decoder for one card's input size, strides, classes and threshold."""
    cells = grid_cells(card.input.width_px, card.input.height_px, card.strides_px)
    extent = np.array([card.input.width_px, card.input.height_px], np.float32)
    classes = class_numbers(card)

    def decode(answers: Mapping[str, Answer]) -> Candidates:
        answer = answers["grid"]
        grid = answer.real(answer.values).reshape(len(cells), _CLASSES + len(classes))
        scores = grid[:, _CLASSES:] * grid[:, _OBJECTNESS, None]
        rows, columns = np.nonzero((scores >= card.score_min) & (classes > 0))
        best = best_of(scores[rows, columns])
        rows, columns = rows[best], columns[best]
        origins, strides = cells[rows, :2], cells[rows, 2:]
        centres = (grid[rows, _CENTRE] + origins) * strides / extent
        halves = np.exp(grid[rows, _SIZE]) * strides / extent / 2
        boxes = np.concatenate([centres - halves, centres + halves], axis=1)
        return Candidates(boxes, scores[rows, columns], classes[columns])

    return decode


def grid_cells(
    width_px: int, height_px: int, strides_px: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """Column, row and stride of every cell, float32, shape (n, 3); strides in order, rows first."""
    levels = []
    for stride in strides_px:
        rows, columns = np.mgrid[: height_px // stride, : width_px // stride]
        level = np.stack([columns, rows, np.full_like(rows, stride)], axis=-1)
        levels.append(level.reshape(-1, 3))
    return np.concatenate(levels).astype(np.float32)
