"""Batches of composed pictures: the same for a step however often a run is stopped."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from tools.training.compose import Composer
from tools.training.loss import Target
from tools.training.manifest import Recipe, Size


@dataclass(frozen=True, slots=True)
class Batch:
    """pictures: uint8, NHWC, BGR; targets: what is to be found in each."""

    pictures: torch.Tensor
    targets: list[Target]

    def to(self, device: torch.device) -> tuple[torch.Tensor, list[Target]]:
        """The net's input (NCHW, RGB, -1 to 1) and the targets on a device."""
        rgb = self.pictures.to(device).flip(-1).permute(0, 3, 1, 2).float()
        whole = ((rgb - 128) / 128).contiguous(memory_format=torch.channels_last)
        moved = [
            Target(
                one.boxes.to(device),
                one.classes.to(device),
                one.weights.to(device),
                one.ignored.to(device),
            )
            for one in self.targets
        ]
        return whole, moved


class Steps(torch.utils.data.Dataset[Batch]):
    """One whole batch for each step's number."""

    def __init__(self, composer: Composer, recipe: Recipe, size: Size) -> None:
        self._composer, self._recipe, self._size = composer, recipe, size

    def __len__(self) -> int:
        return self._recipe.steps

    def __getitem__(self, step: int) -> Batch:
        """Composed from the run's seed and the step's number alone."""
        if not 0 <= step < len(self):
            raise IndexError(step)
        shapes = self._size.shapes
        of_step = np.random.default_rng((self._recipe.seed, step))
        width, height = shapes[int(of_step.integers(len(shapes)))]
        made = [
            self._composer.compose(
                width, height, np.random.default_rng((self._recipe.seed, step, n))
            )
            for n in range(self._recipe.batch)
        ]
        targets = [
            Target(
                torch.from_numpy(truths.boxes),
                torch.from_numpy(truths.classes),
                torch.from_numpy(truths.weights),
                torch.from_numpy(truths.ignored),
            )
            for _, truths in made
        ]
        return Batch(torch.from_numpy(np.stack([picture for picture, _ in made])), targets)


def iterate(steps: Steps, start: int, workers: int) -> Iterator[Batch]:
    """Batches from a step on, made by so many other processes (0: by this one)."""
    loader = torch.utils.data.DataLoader(
        steps,
        batch_size=None,
        sampler=range(start, len(steps)),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
    )
    yield from loader
