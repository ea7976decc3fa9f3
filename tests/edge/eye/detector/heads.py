"""Blank answers of each shipped card's head, for tests that write a known box into one."""

from pathlib import Path

import numpy as np

from edge.eye.detector.card import Card
from edge.eye.detector.library import Library
from edge.eye.detector.runtime import Answer, Values

PERSON, BICYCLE, MOTORCYCLE, CAR, BUS, TRUCK, BAG, ANIMAL = range(1, 9)


def shipped(name: str) -> Card:
    """One card as it ships."""
    return Library(Path("nowhere")).card(name)


def blank(card: Card, fill: float = 0) -> dict[str, Values]:
    """Answers of the card's shapes and types, every value the same."""
    return {
        output.role: np.full(output.shape, fill, np.dtype(output.element))
        for output in card.outputs
    }


def answers(values: dict[str, Values], scale: float = 1.0, zero: int = 0) -> dict[str, Answer]:
    """The values as a runtime hands them on, all with one scale and zero."""
    return {role: Answer(stored, scale, zero) for role, stored in values.items()}
