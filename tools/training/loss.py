"""What a guess costs: objectness everywhere, box and class where a cell answers for a box."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812

from tools.training.answers import read_cells
from tools.training.assignment import Assigned, Guess, assign
from tools.training.wiring import Level

BOX_WEIGHT = 5.0
# A thing that is none of ours is seen at least so surely, or it is no thing.
OTHER_MIN = 0.3


@dataclass(frozen=True, slots=True)
class Target:
    """One picture's truths as tensors: boxes (n, 4), classes, weights, ignored (n,)."""

    boxes: torch.Tensor
    classes: torch.Tensor
    weights: torch.Tensor
    ignored: torch.Tensor


@dataclass(frozen=True, slots=True)
class Cost:
    """The parts of the loss, each a mean over answering cells."""

    box: torch.Tensor
    objectness: torch.Tensor
    classes: torch.Tensor

    @property
    def total(self) -> torch.Tensor:
        """What is learned from."""
        return BOX_WEIGHT * self.box + self.objectness + self.classes


def cost_of(levels: list[Level[torch.Tensor]], targets: list[Target]) -> Cost:
    """The loss of a batch."""
    parts = [_cost_of_one(*pair) for pair in zip(read_cells(levels), targets, strict=True)]
    sums = [torch.stack(column).sum() for column in zip(*parts, strict=True)]
    answering = sums[3].detach().clamp(min=1.0)
    return Cost(sums[0] / answering, sums[1] / answering, sums[2] / answering)


def cost_of_following(
    levels: list[Level[torch.Tensor]], wanted: list[Level[torch.Tensor]]
) -> torch.Tensor:
    """How far answers are from another net's: boxes and classes where that net sees something."""
    sums, seen = [], []
    for own, true in zip(levels, wanted, strict=True):
        sure = true.objectness.sigmoid()
        seen.append(sure.sum())
        what = F.binary_cross_entropy_with_logits(own.objectness, sure, reduction="none")
        kinds = F.binary_cross_entropy_with_logits(
            own.classes, true.classes.sigmoid(), reduction="none"
        )
        apart = F.smooth_l1_loss(own.boxes, true.boxes, reduction="none", beta=0.5)
        sums.append(what.sum() + (kinds * sure).sum() + (apart * sure).sum())
    return torch.stack(sums).sum() / torch.stack(seen).sum().clamp(min=1.0)


def cost_of_others(
    levels: list[Level[torch.Tensor]], begun: list[Level[torch.Tensor]], targets: list[Target]
) -> torch.Tensor:
    """How far the classes are from none where another net sees a thing that is none of ours.

    begun: that net's answers, which knows more things than ours has names for; where there is
    something to be found it is not asked.
    """
    sums = []
    for own, known, target in zip(read_cells(levels), read_cells(begun), targets, strict=True):
        other = known.objectness.sigmoid() * (1 - known.classes.sigmoid().amax(1))
        is_other = (other >= OTHER_MIN) & ~_is_within(known, target.boxes)
        told = F.binary_cross_entropy_with_logits(
            own.classes, torch.zeros_like(own.classes), reduction="none"
        )
        weights = other * is_other
        sums.append(torch.stack([(told.sum(1) * weights).sum(), weights.sum()]))
    cost, seen = torch.stack(sums).sum(0)
    return cost / seen.detach().clamp(min=1.0)


def _cost_of_one(
    guess: Guess, target: Target
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Sums of box, objectness and class loss, and of the weights of answering cells."""
    real = ~target.ignored
    boxes, classes = target.boxes[real], target.classes[real]
    chosen = assign(guess, boxes, classes)
    weights = target.weights[real][chosen.boxes]
    off = 1 - _generous_overlap(guess.boxes[chosen.cells], boxes[chosen.boxes])
    wanted = F.one_hot(classes[chosen.boxes], guess.classes.shape[1]) * chosen.overlaps[:, None]
    told = F.binary_cross_entropy_with_logits(
        guess.classes[chosen.cells], wanted.float(), reduction="none"
    )
    return (
        (off * weights).sum(),
        _objectness_cost(guess, chosen, weights, target.boxes[target.ignored]),
        (told.sum(1) * weights).sum(),
        weights.sum(),
    )


def _objectness_cost(
    guess: Guess, chosen: Assigned, weights: torch.Tensor, ignored: torch.Tensor
) -> torch.Tensor:
    wanted = torch.zeros_like(guess.objectness)
    wanted[chosen.cells] = 1.0
    counts = torch.ones_like(guess.objectness)
    if len(ignored):
        counts[_is_within(guess, ignored)] = 0.0
    counts[chosen.cells] = weights
    told = F.binary_cross_entropy_with_logits(guess.objectness, wanted, reduction="none")
    return (told * counts).sum()


def _is_within(guess: Guess, boxes: torch.Tensor) -> torch.Tensor:
    """Cells whose middle lies in one of the boxes (n, 4); bool (a,)."""
    x, y = guess.middles[:, 0, None], guess.middles[:, 1, None]
    within = (x > boxes[:, 0]) & (y > boxes[:, 1]) & (x < boxes[:, 2]) & (y < boxes[:, 3])
    # A box smaller than a cell holds no middle; the cell around its own middle counts as well.
    apart_x = (x - (boxes[:, 0] + boxes[:, 2]) / 2).abs()
    apart_y = (y - (boxes[:, 1] + boxes[:, 3]) / 2).abs()
    around = torch.maximum(apart_x, apart_y) <= guess.strides[:, None] / 2
    return (within | around).any(1)


def _generous_overlap(guessed: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Generalised intersection over union of each pair (n,): falls on below 0 as boxes part."""
    starts = torch.maximum(guessed[:, :2], true[:, :2])
    ends = torch.minimum(guessed[:, 2:], true[:, 2:])
    shared = (ends - starts).clamp(min=0).prod(-1)
    sides = (guessed[:, 2:] - guessed[:, :2]).prod(-1) + (true[:, 2:] - true[:, :2]).prod(-1)
    union = (sides - shared).clamp(min=1e-6)
    hull = torch.maximum(guessed[:, 2:], true[:, 2:]) - torch.minimum(guessed[:, :2], true[:, :2])
    around = hull.prod(-1).clamp(min=1e-6)
    return shared / union - (around - union) / around
