"""Between which bounds the values of a net lie, measured on training pictures."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch

from tools.training.compose import make_composer
from tools.training.holdout import to_input
from tools.training.manifest import Manifest
from tools.training.net import CLOSED_BELOW, LINEAR, Net, TorchBoard
from tools.training.placing import Bgr, fit
from tools.training.shelf import Item
from tools.training.wiring import wire

Range = tuple[float, float]
# So many training pictures as they are, and so many composed ones.
PLAIN, COMPOSED = 64, 64
SAMPLE = 20_000
# What begins so is a logarithm of odds: below a thousandth all is no.
UNSURE = ("obj_preds", "cls_preds")
# Stands in the names of what the net answers with.
ANSWER = "_preds."


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


def measure_ranges(
    net: Net, pictures: Iterable[torch.Tensor], left_out: float = 0.0
) -> dict[str, Range]:
    """Least and greatest of every value over pictures (NCHW, -1 to 1).

    left_out: the share of values at either end of a picture that does not count, but for answers,
    whose few greatest are what is looked for. Closed gates need no steps of their own.
    """
    seen: dict[str, list[Range]] = {}

    def watch(name: str, value: torch.Tensor) -> torch.Tensor:
        share = 0.0 if ANSWER in name else left_out
        seen.setdefault(name, []).append(_bounds(value.flatten(), share))
        return value

    with torch.no_grad():
        for picture in pictures:
            wire(TorchBoard(net.eval(), watch), picture, net.plan)
    return {name: _hull(name, pairs) for name, pairs in seen.items()}


def _bounds(values: torch.Tensor, left_out: float) -> Range:
    if left_out:
        # So many tell where the outermost ones lie, and sorting all would take seconds.
        sample = values[:: max(1, len(values) // SAMPLE)].sort().values
        beyond = int(left_out * len(sample))
        return float(sample[beyond]), float(sample[-1 - beyond])
    return float(values.min()), float(values.max())


def _hull(name: str, pairs: Sequence[Range]) -> Range:
    low, high = min(low for low, _ in pairs), max(high for _, high in pairs)
    return (max(low, CLOSED_BELOW) if is_closed_below(name) else low, high)


def is_closed_below(name: str) -> bool:
    """Whether a value means the same wherever it lies far below zero."""
    return name.endswith(LINEAR) or name.startswith(UNSURE)
