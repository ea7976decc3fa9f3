"""How good the net is on training pictures it never learned from: steers, and chooses checkpoints.

People's boxes, and the teachers' where people boxed nothing, as in training; each picture as it
fits and once at half its size, where things are as small as poles see them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from tools.training.answers import Seen, decide, read_cells
from tools.training.classes import FAMILIES, FAMILY_NAMES
from tools.training.placing import Bgr, fit
from tools.training.precision import Curve, Found, draw_curve
from tools.training.shelf import Item
from tools.training.truths import Truths

PARTS = (1.0, 0.5)
CANVAS_PX = 416
# Heights at the net's input at which a thing begins to be called middling and large.
HEIGHTS_PX = (24.0, 64.0)
SIZE_NAMES = ("small", "middle", "large")
BATCH = 16
# The scores among which each family's level is chosen; where none is sure enough, the last.
SCORES = tuple(round(0.01 * n, 2) for n in range(5, 81))
_FAMILY = np.array(FAMILIES)


@dataclass(frozen=True, slots=True)
class Shown:
    """One held-out picture as the net gets it."""

    picture: Bgr
    truths: Truths


def show(
    items: Sequence[Item], width_px: int = CANVAS_PX, height_px: int = CANVAS_PX
) -> list[Shown]:
    """Held-out pictures, each as it fits the canvas and at half of that."""
    shown = []
    for item in items:
        if item.is_held_out:
            image = item.read()
            for part in PARTS:
                width, height = round(width_px * part), round(height_px * part)
                picture, truths = fit((image, item.truths), width, height)
                canvas = np.full((height_px, width_px, 3), picture[-1, -1], np.uint8)
                canvas[:height, :width] = picture
                shown.append(Shown(canvas, truths))
    return shown


def to_input(pictures: Sequence[Bgr], device: torch.device) -> torch.Tensor:
    """BGR pictures of one size as the net's input: NCHW, RGB, -1 to 1, channels last in memory."""
    stacked = torch.from_numpy(np.stack(pictures)).to(device)
    rgb = stacked.flip(-1).permute(0, 3, 1, 2).float()
    return ((rgb - 128) / 128).contiguous(memory_format=torch.channels_last)


def judge(net: nn.Module, shown: Sequence[Shown], device: torch.device) -> dict[str, float]:
    """AP50 by family, and by family and size; only where there are boxes of it."""
    net.eval()
    seen: list[Seen] = []
    with torch.no_grad():
        for start in range(0, len(shown), BATCH):
            batch = to_input([one.picture for one in shown[start : start + BATCH]], device)
            seen.extend(decide(guess) for guess in read_cells(net(batch)))
    return score(seen, shown)


def score(seen: Sequence[Seen], shown: Sequence[Shown]) -> dict[str, float]:
    """AP50 of answers that are there already, as judge gives it."""
    scores = {}
    for family, name in enumerate(FAMILY_NAMES):
        for size in (None, *range(len(SIZE_NAMES))):
            curve = _curve(seen, shown, family, size)
            if curve.count:
                label = name if size is None else f"{name} {SIZE_NAMES[size]}"
                scores[label] = curve.average_precision()
    whole = [scores[name] for name in FAMILY_NAMES if name in scores]
    return {"mean": float(np.mean(whole)) if whole else 0.0, **scores}


def choose_levels(
    seen: Sequence[Seen], shown: Sequence[Shown], wanted: Mapping[str, float]
) -> dict[str, float]:
    """By family, the least score from which on answers are right as often as is wanted."""
    levels = {}
    for family, name in enumerate(FAMILY_NAMES):
        curve = _curve(seen, shown, family, None)
        sure = (one for one in SCORES if curve.at(one)[0] >= wanted[name])
        levels[name] = next(sure, SCORES[-1])
    return levels


def recall_at(
    levels: Mapping[str, float], seen: Sequence[Seen], shown: Sequence[Shown]
) -> dict[str, float]:
    """By family, the share of true boxes that is found from its level on."""
    return {
        name: _curve(seen, shown, family, None).at(levels[name])[1]
        for family, name in enumerate(FAMILY_NAMES)
    }


def _curve(seen: Sequence[Seen], shown: Sequence[Shown], family: int, size: int | None) -> Curve:
    low, high = (0.0, np.inf) if size is None else _limits(size)
    found = []
    for guess, one in zip(seen, shown, strict=True):
        heights = guess.boxes[:, 3] - guess.boxes[:, 1]
        # A guess a little beyond the limits may be of a thing within them.
        mine = (_FAMILY[guess.classes] == family) & (heights >= low / 1.5) & (heights < high * 1.5)
        true = _FAMILY[one.truths.classes] == family
        boxes = one.truths.boxes[true]
        sides = boxes[:, 3] - boxes[:, 1]
        ignored = one.truths.ignored[true] | (sides < low) | (sides >= high)
        found.append(Found(guess.boxes[mine], guess.scores[mine], boxes, ignored))
    return draw_curve(found)


def _limits(size: int) -> tuple[float, float]:
    edges = (0.0, *HEIGHTS_PX, np.inf)
    return edges[size], edges[size + 1]
