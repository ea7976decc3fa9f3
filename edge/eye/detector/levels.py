"""Scores that say as much in one class and model as in another, for the tracker's one bound."""

import dataclasses

import numpy as np

from edge.eye.detector.card import LEVEL, Card
from edge.eye.detector.decoders.head import Candidates
from edge.wire.names import CLASS_NUMBERS

# Below it odds are not worth a number.
_SCORE_LEAST = 1e-6


class Levels:
    """Multiplies the odds of a score so that the card's own level of a class becomes LEVEL.

    plain: the card for a decoder, with the least score that may become worth reporting.
    """

    def __init__(self, card: Card) -> None:
        factors = np.ones(max(CLASS_NUMBERS.values()) + 1, np.float32)
        for number, level in card.levels.items():
            factors[number] = _odds(LEVEL) / _odds(level)
        self._factors = factors
        self._score_min = np.float32(card.score_min)
        self._is_plain = not card.levels
        greatest = max(float(factors[number]) for number in card.classes if number)
        odds = _odds(min(card.score_min, 1 - _SCORE_LEAST)) / greatest
        self.plain = card
        if not self._is_plain:
            self.plain = dataclasses.replace(card, score_min=odds / (1 + odds))

    def move(self, found: Candidates) -> Candidates:
        """The same boxes with levelled scores, those below the card's least one left out."""
        if self._is_plain:
            return found
        raised = found.scores * self._factors[found.classes]
        scores = raised / (raised + (np.float32(1) - found.scores).clip(0))
        is_sure = scores >= self._score_min
        return Candidates(found.boxes[is_sure], scores[is_sure], found.classes[is_sure])


def _odds(score: float) -> float:
    return score / (1 - score)
