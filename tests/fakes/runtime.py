"""An inference runtime that answers what it is told, and is strict about what it is asked."""

from collections.abc import Mapping

import numpy as np

from edge.eye.detector.card import Card
from edge.eye.detector.runtime import TensorFacts, Values


class FakeRuntime:
    """Takes and gives exactly the tensors of one card; counts how often it was asked."""

    operators_total = 1
    operators_outside_delegate: int | None = 0

    def __init__(self, card: Card, answers: Mapping[str, Values]) -> None:
        self.inputs: tuple[TensorFacts, ...] = (
            TensorFacts("picture", card.input.shape, card.input.element, 1.0, 0),
        )
        self.outputs = tuple(
            TensorFacts(output.name, output.shape, output.element, 1.0, 0)
            for output in card.outputs
        )
        self._answers = tuple(answers[output.role] for output in card.outputs)
        self.asked_count = 0

    def infer(self, picture: Values) -> tuple[Values, ...]:
        """The answers, as copies. Raises: AssertionError for a picture the card does not allow."""
        wanted = self.inputs[0]
        assert (picture.shape, picture.dtype) == (wanted.shape, np.dtype(wanted.element))
        self.asked_count += 1
        return tuple(answer.copy() for answer in self._answers)
