"""Between probabilities and the logits that heads answer with."""

import math

import numpy as np
import numpy.typing as npt


def logit(probability: float) -> float:
    """The logit of a probability; 0 and 1 are taken as very near to it."""
    inside = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(inside / (1 - inside))


def sigmoid(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Probabilities of logits, float32, same shape; what is too negative for exp() gives 0."""
    with np.errstate(over="ignore"):
        scores = np.exp(-logits)
    scores += 1
    np.reciprocal(scores, out=scores)
    return scores
