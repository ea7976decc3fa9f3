"""Which cells of the net answer for which box: the cheapest ones, as many as overlap it well.

The idea is SimOTA's (YOLOX, 2021): cost is what the net would be punished with, and a box takes so
many cells as the sum of its ten best overlaps.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812

# A cell may answer for a box around whose middle it lies within so many strides.
NEAR_STRIDES = 2.5
OVERLAPS_SUMMED = 10
OVERLAP_COST, FAR_COST = 3.0, 1e5


@dataclass(frozen=True, slots=True)
class Guess:
    """What the net says of one picture, cell by cell.

    boxes (a, 4) pixels; objectness (a,) and classes (a, c) before the logistic function; middles
    (a, 2) and strides (a,) of the cells in pixels.
    """

    boxes: torch.Tensor
    objectness: torch.Tensor
    classes: torch.Tensor
    middles: torch.Tensor
    strides: torch.Tensor


@dataclass(frozen=True, slots=True)
class Assigned:
    """cells (p,) that answer, which box each answers for (p,), and how well it does (p,)."""

    cells: torch.Tensor
    boxes: torch.Tensor
    overlaps: torch.Tensor


@torch.no_grad()
def assign(guess: Guess, boxes: torch.Tensor, classes: torch.Tensor) -> Assigned:
    """Cells for the boxes (n, 4) with classes (n,) of one picture."""
    inside, near = _reach(guess, boxes)
    cells = torch.nonzero((inside | near).any(0)).flatten()
    if not len(boxes) or not len(cells):
        empty = torch.zeros(0, dtype=torch.long, device=guess.boxes.device)
        return Assigned(empty, empty, guess.boxes.new_zeros(0))
    shared = overlap_pairs(boxes, guess.boxes[cells])
    cost = (
        _class_cost(guess, cells, classes)
        - OVERLAP_COST * torch.log(shared + 1e-8)
        + FAR_COST * (~(inside & near)[:, cells])
    )
    taken = _take_cheapest(cost, shared)
    answering = torch.nonzero(taken.any(0)).flatten()
    owners = taken[:, answering].to(torch.uint8).argmax(0)
    return Assigned(cells[answering], owners, shared[owners, answering])


def _reach(guess: Guess, boxes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Whether each cell's middle lies in each box, and near its middle; shape (n, a)."""
    x, y = guess.middles[:, 0][None], guess.middles[:, 1][None]
    left, top, right, bottom = (boxes[:, side, None] for side in range(4))
    inside = (x > left) & (x < right) & (y > top) & (y < bottom)
    reach = NEAR_STRIDES * guess.strides[None]
    near = ((x - (left + right) / 2).abs() < reach) & ((y - (top + bottom) / 2).abs() < reach)
    return inside, near


def _class_cost(guess: Guess, cells: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Cross entropy of each cell's scores with each box's class; shape (n, cells)."""
    scores = (guess.classes[cells].sigmoid() * guess.objectness[cells, None].sigmoid()).sqrt()
    scores = scores.clamp(1e-6, 1 - 1e-6)
    misses = -torch.log1p(-scores)
    of_class = scores.T[classes]
    return misses.sum(1)[None] + torch.log1p(-of_class) - torch.log(of_class)


def _take_cheapest(cost: torch.Tensor, shared: torch.Tensor) -> torch.Tensor:
    """Boolean (n, cells): each box's cheapest cells; a cell wanted twice goes to the cheaper."""
    summed = shared.topk(min(OVERLAPS_SUMMED, shared.shape[1]), dim=1).values.sum(1)
    counts = summed.int().clamp(min=1, max=cost.shape[1])
    ranks = cost.argsort(dim=1).argsort(dim=1)
    taken = ranks < counts[:, None]
    contested = taken.sum(0) > 1
    if contested.any():
        cheapest = F.one_hot(cost[:, contested].argmin(0), len(cost)).T.bool()
        taken[:, contested] = cheapest
    return taken


def overlap_pairs(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Intersection over union of each pair, shape (len(left), len(right))."""
    starts = torch.maximum(left[:, None, :2], right[None, :, :2])
    ends = torch.minimum(left[:, None, 2:], right[None, :, 2:])
    shared = (ends - starts).clamp(min=0).prod(-1)
    union = _areas(left)[:, None] + _areas(right)[None] - shared
    return shared / union.clamp(min=1e-6)


def _areas(boxes: torch.Tensor) -> torch.Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(-1)
