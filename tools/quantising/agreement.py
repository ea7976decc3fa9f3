"""Whether int8 finds what its float finds, on pictures that it was not calibrated with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge.eye.detections import Detections
from edge.eye.detector.card import Card
from edge.eye.detector.port import Detector
from edge.eye.detector.preprocess import Rgb
from edge.eye.detector.runtime import open_runtime
from edge.wire.names import class_name
from tools.training.precision import Found, draw_curve

SCORE_MIN = 0.01
BOXES_MAX = 300
# Boxes that the float is nearly sure enough of are neither right nor wrong to find.
NEARLY = 0.6


@dataclass(frozen=True, slots=True)
class Agreement:
    """One class: average precision at half overlap with the float's own boxes as the truth."""

    name: str
    boxes: int
    ap50: float


def compare(
    cards: tuple[Card, Card], contents: tuple[bytes, bytes], pictures: Sequence[Rgb]
) -> Iterator[Agreement]:
    """Each class of the float's boxes that score at least what its card reports from.

    cards, contents: of the float file, then of the int8 one.
    """
    found = [_look(card, one, pictures) for card, one in zip(cards, contents, strict=True)]
    least = cards[0].score_min
    for number in sorted({one for one in cards[0].classes if one}):
        curve = draw_curve(
            [_found(true, mine, number, least) for true, mine in zip(*found, strict=True)]
        )
        if curve.count:
            yield Agreement(class_name(number), curve.count, curve.average_precision())


def _look(card: Card, content: bytes, pictures: Sequence[Rgb]) -> list[Detections]:
    whole = replace(card, score_min=SCORE_MIN, detections_max=BOXES_MAX)
    detector = Detector(whole, open_runtime("litert", content, 1))
    return [detector.find(picture) for picture in pictures]


def _found(true: Detections, mine: Detections, number: int, least: float) -> Found:
    is_true = (true.classes == number) & (true.scores >= NEARLY * least)
    is_mine = mine.classes == number
    return Found(
        mine.boxes_frac[is_mine],
        mine.scores[is_mine],
        true.boxes_frac[is_true],
        np.asarray(true.scores[is_true] < least, bool),
    )
