"""Weights learned on as int8 will round them: the net follows its own float, without any label.

Bounds are learned with the weights (LSQ, Esser and others, 2020, https://arxiv.org/abs/1902.08153).
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from edge.builder.layers import Layer
from edge.builder.quantiser import Ranges
from edge.eye.detector.runtime import Values
from tools.quantising.observing import Report
from tools.quantising.rounded_net import RoundedNet
from tools.training.loss import cost_of_following
from tools.training.wiring import Level

SEED = 20261122
BATCH = 4
# Of a weight in steps of int8, of a bound in shares of itself.
RATE, BOUNDS_RATE = 0.02, 1e-3
GRADIENT_MAX = 10.0
Heads = Sequence[Level[str]]


@dataclass(frozen=True, slots=True)
class Begun:
    """What is to be trained on: evened layers, and bounds of all they make."""

    layers: tuple[Layer, ...]
    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Learned:
    """The layers and bounds to write. before, after: how far the answers were from the float's."""

    layers: tuple[Layer, ...]
    ranges: Ranges
    before: float
    after: float


def learn(
    heads: Heads, begun: Begun, pictures: Sequence[Values], steps: int, report: Report
) -> Learned:
    """So many steps of a few pictures, each mirrored or not.

    heads: the names of its answers, by stride. pictures: NHWC float32, as the float file takes
    them; every fourth is learned from never and tells before and after. report: of steps and of
    those looks.
    """
    chance = np.random.default_rng(SEED)
    shown = [torch.from_numpy(picture) for picture in pictures]
    kept_back = shown[::4]
    learned_from = [one for place, one in enumerate(shown) if place % 4]
    whole, rounded = RoundedNet(begun.layers).eval(), RoundedNet(begun.layers, begun.ranges)
    counted, total = itertools.count(1), steps + 2 * len(kept_back)

    def tell() -> None:
        report(next(counted), total)

    before = _apart(heads, whole, rounded, kept_back, tell)
    optimiser = _make_optimiser(rounded)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        batch = _draw(learned_from, chance)
        with torch.no_grad():
            wanted = _levels(heads, whole(batch))
        optimiser.zero_grad(set_to_none=True)
        cost_of_following(_levels(heads, rounded(batch)), wanted).backward()
        nn.utils.clip_grad_norm_(rounded.parameters(), GRADIENT_MAX)
        optimiser.step()
        schedule.step()
        tell()
    after = _apart(heads, whole, rounded, kept_back, tell)
    return Learned(rounded.written(), rounded.ranges(), before, after)


def _make_optimiser(net: RoundedNet) -> torch.optim.Optimizer:
    learned = [one for one in (*net.weights.values(), *net.biases.values()) if one.requires_grad]
    bounds = {"params": list(net.bounds.values()), "lr": BOUNDS_RATE}
    return torch.optim.Adam([{"params": learned}, bounds], lr=RATE)


def _draw(pictures: Sequence[torch.Tensor], chance: np.random.Generator) -> torch.Tensor:
    chosen = [pictures[int(place)] for place in chance.integers(0, len(pictures), BATCH)]
    return torch.cat([one.flip(2) if chance.random() < 0.5 else one for one in chosen])


@torch.no_grad()
def _apart(
    heads: Heads,
    whole: RoundedNet,
    rounded: RoundedNet,
    pictures: Sequence[torch.Tensor],
    tell: Callable[[], None],
) -> float:
    costs = []
    for one in pictures:
        costs.append(float(_excess(_levels(heads, rounded(one)), _levels(heads, whole(one)))))
        tell()
    return float(np.mean(costs))


def _excess(levels: list[Level[torch.Tensor]], wanted: list[Level[torch.Tensor]]) -> torch.Tensor:
    """What following costs beyond what the float's own answers would."""
    return cost_of_following(levels, wanted) - cost_of_following(wanted, wanted)


def _levels(heads: Heads, made: Mapping[str, torch.Tensor]) -> list[Level[torch.Tensor]]:
    """The answers as NCHW."""
    return [
        Level(
            *(
                made[name].permute(0, 3, 1, 2)
                for name in (head.boxes, head.objectness, head.classes)
            )
        )
        for head in heads
    ]
