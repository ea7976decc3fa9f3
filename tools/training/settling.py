"""People's boxes and the teachers' put together, and riders put on what they ride."""

import numpy as np
import numpy.typing as npt

from tools.training.agreement import Agreed
from tools.training.boxes import covered, overlaps
from tools.training.classes import BICYCLE, FAMILIES, MOTORCYCLE, PERSON
from tools.training.manifest import Agreement
from tools.training.sets import Picture
from tools.training.truths import Truths, join

SAME_MIN = 0.5
PART_MIN = 0.7
# A rider's feet end at most so far below the machine, in its heights, and begin above its saddle.
RIDER_BELOW_MAX, RIDER_BESIDE_MIN = 0.15, 0.5
_FAMILY = np.array(FAMILIES)


def settle(picture: Picture, agreed: Agreed, rule: Agreement) -> Truths:
    """People's boxes and, where they boxed nothing, the teachers'.

    Teachers are not heard about a class that was boxed without gaps, nor about what a person's box
    of the same family already shows. Between ignore_min and label_min their word is no label, and
    finding something there is not punished.
    """
    human = Truths(
        picture.boxes,
        picture.classes,
        np.ones(len(picture.boxes), np.float32),
        np.zeros(len(picture.boxes), bool),
    )
    heard = agreed.confidences >= rule.ignore_min
    if picture.source.is_exhaustive:
        heard &= ~np.isin(agreed.classes, list(picture.source.boxed_classes))
    if len(picture.boxes):
        same = _FAMILY[agreed.classes][:, None] == _FAMILY[picture.classes][None, :]
        shown = (overlaps(agreed.boxes, picture.boxes) >= SAME_MIN) | (
            covered(agreed.boxes, picture.boxes) >= PART_MIN
        )
        heard &= ~(same & shown).any(axis=1)
    taught = Truths(
        agreed.boxes[heard],
        agreed.classes[heard],
        agreed.confidences[heard],
        agreed.confidences[heard] < rule.label_min,
    )
    return mount_riders(join([human, taught]))


def mount_riders(truths: Truths) -> Truths:
    """A two-wheeler's box takes in its rider, and the rider as a person is ignored.

    From a pole rider and machine are one moving thing; whether a rider is a person too is a matter
    on which the sets differ, so neither answer is punished.
    """
    machines = np.flatnonzero(np.isin(truths.classes, (BICYCLE, MOTORCYCLE)) & ~truths.ignored)
    boxes, ignored = truths.boxes.copy(), truths.ignored.copy()
    for person in np.flatnonzero(truths.classes == PERSON):
        ridden = [m for m in machines if _rides(truths.boxes[person], truths.boxes[m])]
        if ridden:
            nearest = min(ridden, key=lambda m: abs(_middle(truths.boxes[m], truths.boxes[person])))
            boxes[nearest, :2] = np.minimum(boxes[nearest, :2], truths.boxes[person, :2])
            boxes[nearest, 2:] = np.maximum(boxes[nearest, 2:], truths.boxes[person, 2:])
            ignored[person] = True
    return Truths(boxes, truths.classes, truths.weights, ignored)


def _rides(person: npt.NDArray[np.float32], machine: npt.NDArray[np.float32]) -> bool:
    beside = min(person[2], machine[2]) - max(person[0], machine[0])
    height = machine[3] - machine[1]
    is_over = beside >= RIDER_BESIDE_MIN * (person[2] - person[0])
    middle = (machine[1] + machine[3]) / 2
    ends_well = machine[1] + 0.3 * height <= person[3] <= machine[3] + RIDER_BELOW_MAX * height
    return bool(is_over and ends_well and person[1] < middle)


def _middle(left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> float:
    return float(left[0] + left[2] - right[0] - right[2])
