"""SSD with its post-processing inside the graph: boxes, classes, scores and how many count."""

from collections.abc import Mapping

import numpy as np

from edge.eye.detector.card import Card
from edge.eye.detector.decoders.head import Candidates, Decode, class_numbers
from edge.eye.detector.runtime import Answer


def make_ssd_post(card: Card) -> Decode:
    """A decoder for one card's classes and threshold."""
    classes = class_numbers(card)

    def decode(answers: Mapping[str, Answer]) -> Candidates:
        real = {role: answer.real(answer.values) for role, answer in answers.items()}
        count = max(0, int(real["count"].ravel()[0]))
        scores = real["scores"].reshape(-1)[:count]
        indices = real["classes"].reshape(-1)[:count].astype(np.int64)
        inside = (indices >= 0) & (indices < len(classes))
        numbers = np.where(inside, classes[indices.clip(0, len(classes) - 1)], 0).astype(np.uint8)
        wanted = (scores >= card.score_min) & (numbers > 0)
        # The graph answers with top, left, bottom, right.
        boxes = real["boxes"].reshape(-1, 4)[:count][wanted][:, [1, 0, 3, 2]]
        return Candidates(boxes, scores[wanted], numbers[wanted])

    return decode
