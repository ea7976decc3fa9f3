"""Training pictures that tell between which bounds the values of a net lie."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from tools.training.compose import make_composer
from tools.training.holdout import to_input
from tools.training.manifest import Manifest
from tools.training.placing import Bgr, fit
from tools.training.shelf import Item

# So many training pictures as they are, and so many composed ones.
PLAIN, COMPOSED = 64, 64


def calibrating(
    items: Sequence[Item], manifest: Manifest, size_px: tuple[int, int], times: int = 1
) -> Iterator[torch.Tensor]:
    """Training pictures as the net gets them, nothing held out; so many times as bounds need."""
    chance = np.random.default_rng(manifest.recipe.seed)
    kept = [item for item in items if not item.is_held_out]
    for place in chance.choice(len(kept), min(times * PLAIN, len(kept)), replace=False):
        item = kept[int(place)]
        yield _input(fit((item.read(), item.truths), *size_px)[0])
    composer = make_composer(items, manifest.augmentation)
    for number in range(times * COMPOSED):
        drawn = np.random.default_rng((manifest.recipe.seed, number, 1))
        yield _input(composer.compose(*size_px, drawn)[0])


def _input(picture: Bgr) -> torch.Tensor:
    return to_input([picture], torch.device("cpu"))
