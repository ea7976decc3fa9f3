"""What every decoder takes and gives, and the table that finds one by its card's word."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.eye.detector.card import Card
from edge.eye.detector.runtime import Answer

# More boxes than this before overlaps are removed are noise; the best ones are enough.
CANDIDATES_MAX = 400


@dataclass(frozen=True, slots=True)
class Candidates:
    """Boxes before overlaps are removed, in fractions of the model's input.

    boxes: float32, shape (n, 4): left, top, right, bottom. scores: float32, shape (n,).
    classes: uint8, shape (n,), numbers of edge.wire ObjectClass.
    """

    boxes: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    classes: npt.NDArray[np.uint8]


Decode = Callable[[Mapping[str, Answer]], Candidates]
MakeDecode = Callable[[Card], Decode]


def best_of(found: npt.NDArray[np.float32]) -> npt.NDArray[np.intp] | slice:
    """Where the CANDIDATES_MAX highest scores are, in their old order; all of them if fewer."""
    if len(found) <= CANDIDATES_MAX:
        return slice(None)
    return np.sort(np.argsort(-found, kind="stable")[:CANDIDATES_MAX])


def class_numbers(card: Card) -> npt.NDArray[np.uint8]:
    """ObjectClass number of each class of the model, uint8; 0 where it is not used."""
    return np.array(card.classes, np.uint8)
