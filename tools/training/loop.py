"""The run: batch after batch, its average net judged now and then, stopped and gone on with."""

import copy
import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from tools.training import checkpoint
from tools.training.batches import Batch, Steps, iterate
from tools.training.checkpoint import Standing
from tools.training.holdout import Shown, judge
from tools.training.loss import Target, cost_of, cost_of_following, cost_of_others
from tools.training.manifest import Recipe
from tools.training.wiring import Level

GRADIENT_MAX = 10.0
# So many steps are lost at most when a run is stopped.
SAVE_EVERY_STEPS = 50
SCORES = (
    "mean", "person", "person small", "person middle", "two-wheeler", "two-wheeler small",
    "vehicle", "vehicle small", "bag", "animal",
)  # fmt: skip
LOSSES = ("box", "objectness", "classes", "follow", "others")
COLUMNS = ("step", "rate", *LOSSES, *SCORES)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run works: its folder, the device, processes that compose pictures."""

    folder: Path
    device: torch.device
    workers: int = 0


class Run:
    """One net in training. Belongs to one thread.

    guide: another whose answers it follows. begun: as it was published, with all that it knew.
    """

    def __init__(
        self,
        net: nn.Module,
        guide: nn.Module | None,
        recipe: Recipe,
        place: Place,
        begun: nn.Module | None = None,
    ) -> None:
        self._recipe, self._place = recipe, place
        self.net = net.to(place.device).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.net)
        self._guide = None if guide is None else guide.to(place.device).eval()
        self._begun = None if begun is None else begun.to(place.device).eval()
        self._optimiser = make_optimiser(self.net, recipe)
        self.step, self._best = 0, -1.0
        self._resume()

    def go(
        self, steps: Steps, shown: list[Shown], report: Callable[[int, int | None], None]
    ) -> None:
        """Train to the recipe's last step."""
        sums = torch.zeros(len(LOSSES))
        for batch in iterate(steps, self.step, self._place.workers):
            sums += self._learn(batch)
            self.step += 1
            report(self.step, self._recipe.steps)
            is_last = self.step == self._recipe.steps
            if self.step % self._recipe.keep_every_steps == 0 or is_last:
                self._keep(sums / self._recipe.keep_every_steps, shown)
                sums = torch.zeros(len(LOSSES))
            elif self.step % SAVE_EVERY_STEPS == 0:
                self._save(checkpoint.LAST)

    def _learn(self, batch: Batch) -> torch.Tensor:
        """One step; what it cost, as LOSSES names it."""
        rate = rate_at(self._recipe, self.step)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self.net.train()
        pictures, targets = batch.to(self._place.device)
        levels = self.net(pictures)
        cost = cost_of(levels, targets)
        follow = self._follow(pictures, levels)
        others = self._shun(pictures, levels, targets)
        self._optimiser.zero_grad(set_to_none=True)
        (cost.total + follow + others).backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), GRADIENT_MAX)
        self._optimiser.step()
        self._blend()
        parts = (cost.box, cost.objectness, cost.classes, follow, others)
        return torch.stack([part.detach() for part in parts]).cpu()

    def _follow(self, pictures: torch.Tensor, levels: list[Level[torch.Tensor]]) -> torch.Tensor:
        """How far its answers are from the guide's."""
        if self._guide is None:
            return pictures.new_zeros(())
        with torch.no_grad():
            wanted = self._guide(pictures)
        return cost_of_following(levels, wanted) * self._recipe.follow_weight

    def _shun(
        self, pictures: torch.Tensor, levels: list[Level[torch.Tensor]], targets: list[Target]
    ) -> torch.Tensor:
        """How much it takes other things for people."""
        if self._begun is None:
            return pictures.new_zeros(())
        with torch.no_grad():
            begun = self._begun(pictures)
        return cost_of_others(levels, begun, targets) * self._recipe.others_weight

    @torch.no_grad()
    def _blend(self) -> None:
        # Early on the average must not hold on to where the net began.
        decay = min(self._recipe.average_decay, (1 + self.step) / (20 + self.step))
        own, average = self.net.state_dict(), self.average.state_dict()
        moved = [name for name, value in average.items() if value.is_floating_point()]
        torch._foreach_lerp_(
            [average[name] for name in moved], [own[name] for name in moved], 1 - decay
        )
        for name in average.keys() - set(moved):
            average[name].copy_(own[name])

    def _keep(self, means: torch.Tensor, shown: list[Shown]) -> None:
        scores = judge(self.average, shown, self._place.device)
        self._log(means, scores)
        is_better = scores["mean"] > self._best
        self._best = max(self._best, scores["mean"])
        self._save(checkpoint.LAST)
        if is_better:
            self._save(checkpoint.BEST)

    def _save(self, name: str) -> None:
        standing = Standing(
            self.step,
            self.net.state_dict(),
            self.average.state_dict(),
            self._optimiser.state_dict(),
            self._best,
        )
        checkpoint.save(self._place.folder / name, standing)

    def _log(self, means: torch.Tensor, scores: dict[str, float]) -> None:
        path = self._place.folder / "log.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        with path.open("a", newline="") as file:
            rows = csv.writer(file)
            if is_new:
                rows.writerow(COLUMNS)
            losses = [f"{float(value):.4f}" for value in means]
            judged = [f"{scores[name]:.4f}" if name in scores else "" for name in SCORES]
            rows.writerow([self.step, f"{rate_at(self._recipe, self.step):.6f}", *losses, *judged])

    def _resume(self) -> None:
        standing = checkpoint.load(self._place.folder / checkpoint.LAST)
        if standing is not None:
            self.net.load_state_dict(standing.net)
            self.average.load_state_dict(standing.average)
            self._optimiser.load_state_dict(standing.optimiser)
            self.step, self._best = standing.step, standing.best


def make_optimiser(net: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW; weights of convolutions decay, norms and biases do not."""
    learned = list(net.parameters())
    groups = [
        {"params": [one for one in learned if one.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [one for one in learned if one.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate)


def rate_at(recipe: Recipe, step: int) -> float:
    """The learning rate: up in a line, down along half a cosine."""
    if step < recipe.warmup_steps:
        return recipe.learning_rate * (step + 1) / recipe.warmup_steps
    done = (step - recipe.warmup_steps) / max(1, recipe.steps - recipe.warmup_steps)
    span = recipe.learning_rate - recipe.final_rate
    return recipe.final_rate + span * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
