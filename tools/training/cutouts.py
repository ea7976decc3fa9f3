"""Small things cut from pictures and laid into others, with soft edges."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tools.training.boxes import covered
from tools.training.classes import ANIMAL, BAG, BICYCLE, MOTORCYCLE, PERSON
from tools.training.placing import Bgr
from tools.training.shelf import Item
from tools.training.truths import Truths, join

# What is small from a pole and seldom enough in pictures to be worth repeating.
REPEATED = (PERSON, BICYCLE, MOTORCYCLE, BAG, ANIMAL)
SURE_MIN, HEIGHT_MIN_PX = 0.75, 40.0
HEIGHTS_PX = (10.0, 64.0)
MARGIN, EDGE = 0.06, 0.14
COVERED_MAX = 0.3
COUNT_MAX = 5


@dataclass(frozen=True, slots=True)
class Cutout:
    """One thing that can be cut out: its item's place on the shelf and its row there."""

    item: int
    row: int
    kind: int


def list_cutouts(items: Sequence[Item]) -> list[Cutout]:
    """Everything large and sure enough, nothing held out."""
    return [
        Cutout(place, int(row), int(item.truths.classes[row]))
        for place, item in enumerate(items)
        if not item.is_held_out
        for row in np.flatnonzero(
            np.isin(item.truths.classes, REPEATED)
            & ~item.truths.ignored
            & (item.truths.weights >= SURE_MIN)
            & (item.truths.boxes[:, 3] - item.truths.boxes[:, 1] >= HEIGHT_MIN_PX)
        )
    ]


def paste(
    canvas: Bgr,
    truths: Truths,
    items: Sequence[Item],
    cutouts: Sequence[Cutout],
    chance: np.random.Generator,
) -> Truths:
    """Lay one to five things onto a canvas, where they hide little; all truths afterwards."""
    for _ in range(int(chance.integers(1, COUNT_MAX + 1))):
        chosen = cutouts[int(chance.integers(len(cutouts)))]
        item = items[chosen.item]
        image, box = _cut(item.read(), item.truths.boxes[chosen.row], chance)
        height, width = image.shape[:2]
        if height >= canvas.shape[0] or width >= canvas.shape[1]:
            continue
        left = int(chance.integers(canvas.shape[1] - width))
        top = int(chance.integers(canvas.shape[0] - height))
        placed = (box + np.array([left, top, left, top], np.float32))[None]
        if (covered(truths.boxes, placed) > COVERED_MAX).any():
            continue
        _lay(canvas, image, left, top)
        truths = join([truths, item.truths.keep(np.array([chosen.row])).at(placed)])
    return truths


def _cut(
    picture: Bgr, box: npt.NDArray[np.float32], chance: np.random.Generator
) -> tuple[Bgr, npt.NDArray[np.float32]]:
    """The thing with a margin, made small; its box in that cut."""
    height, width = box[3] - box[1], box[2] - box[0]
    low = np.maximum(np.floor(box[:2] - MARGIN * np.array([width, height])), 0).astype(int)
    high = np.ceil(box[2:] + MARGIN * np.array([width, height])).astype(int)
    part = picture[low[1] : high[1], low[0] : high[0]]
    wanted = np.exp(chance.uniform(*np.log(HEIGHTS_PX)))
    scale = min(1.0, float(wanted / height))
    size = (max(3, round(part.shape[1] * scale)), max(3, round(part.shape[0] * scale)))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    if chance.random() < 0.5:
        box = np.array([low[0] + high[0] - box[2], box[1], low[0] + high[0] - box[0], box[3]])
        small = cv2.flip(small, 1)
    ratio = np.array([size[0] / part.shape[1], size[1] / part.shape[0]] * 2)
    within = ((box - np.tile(low, 2)) * ratio).clip(0, [size[0], size[1]] * 2)
    return np.asarray(small, np.uint8), within.astype(np.float32)


def _lay(canvas: Bgr, image: Bgr, left: int, top: int) -> None:
    height, width = image.shape[:2]
    x = np.minimum(np.arange(width) + 0.5, width - 0.5 - np.arange(width)) / (width * EDGE)
    y = np.minimum(np.arange(height) + 0.5, height - 0.5 - np.arange(height)) / (height * EDGE)
    alpha = np.minimum(1.0, y)[:, None] * np.minimum(1.0, x)[None]
    ground = canvas[top : top + height, left : left + width]
    ground[:] = (ground + alpha[:, :, None] * (image.astype(np.float32) - ground)).astype(np.uint8)
