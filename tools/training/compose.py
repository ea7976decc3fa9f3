"""One training picture: one or several of the shelf's on a canvas, things added, light changed."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tools.training.cutouts import Cutout, list_cutouts, paste
from tools.training.decoys import lay_decoys
from tools.training.manifest import Augmentation
from tools.training.placing import PAD, Bgr, Window, mirror, place, shear
from tools.training.shelf import Item
from tools.training.truths import Truths, join
from tools.training.weather import disturb

# How many pictures stand side by side in a mosaic, and how often.
GRIDS, GRID_SHARES = (2, 3), (0.7, 0.3)
ASPECT_CHANGE = 0.15
SLANT_MAX = 0.12


@dataclass(frozen=True, slots=True)
class Composer:
    """Draws pictures from a shelf; the same generator gives the same picture."""

    items: Sequence[Item]
    shares: np.ndarray[tuple[int], np.dtype[np.float64]]
    cutouts: Sequence[Cutout]
    rule: Augmentation

    def compose(
        self, width_px: int, height_px: int, chance: np.random.Generator
    ) -> tuple[Bgr, Truths]:
        """A picture of that size, BGR, with its truths."""
        canvas = self._ground(width_px, height_px, chance)
        if chance.random() < self.rule.mosaic:
            truths = self._mosaic(canvas, chance)
        else:
            truths = self._single(canvas, chance)
        if self.cutouts and chance.random() < self.rule.paste:
            truths = paste(canvas, truths, self.items, self.cutouts, chance)
        # Asked first, so that a manifest without them draws the pictures that it always drew.
        if self.rule.decoys and chance.random() < self.rule.decoys:
            lay_decoys(canvas, truths, chance)
        if chance.random() < self.rule.shear:
            canvas, truths = shear(canvas, truths, float(chance.uniform(-SLANT_MAX, SLANT_MAX)))
        if chance.random() < self.rule.flip:
            canvas, truths = mirror(canvas, truths)
        return disturb(canvas, self.rule, chance), truths

    def _pick(self, chance: np.random.Generator) -> Item:
        return self.items[int(np.searchsorted(self.shares, chance.random()))]

    def _ground(self, width_px: int, height_px: int, chance: np.random.Generator) -> Bgr:
        """What shows beside a small picture: grey, as pictures are padded, or another blurred."""
        if chance.random() < 0.6:
            return np.full((height_px, width_px, 3), PAD, np.uint8)
        level = chance.uniform(40, 200, (3, 3, 3))
        return np.clip(cv2.resize(level, (width_px, height_px)), 0, 255).astype(np.uint8)

    def _single(self, canvas: Bgr, chance: np.random.Generator) -> Truths:
        height, width = canvas.shape[:2]
        item = self._pick(chance)
        image = item.read()
        base = min(width / image.shape[1], height / image.shape[0])
        low, high = np.log(self.rule.zoom_min), np.log(self.rule.zoom_max)
        # Between the two, and at their middle more often: most pictures are taken as they are.
        zoom = float(np.exp(chance.triangular(low, min(0.0, high), high)))
        return self._lay(
            canvas, Window(0, 0, width, height), (image, item.truths), base * zoom, chance
        )

    def _mosaic(self, canvas: Bgr, chance: np.random.Generator) -> Truths:
        height, width = canvas.shape[:2]
        count = int(chance.choice(GRIDS, p=GRID_SHARES))
        columns, rows = _cuts(width, count, chance), _cuts(height, count, chance)
        parts = []
        for top, bottom in itertools.pairwise(rows):
            for left, right in itertools.pairwise(columns):
                item = self._pick(chance)
                image = item.read()
                cover = max((right - left) / image.shape[1], (bottom - top) / image.shape[0])
                scale = cover * float(np.exp(chance.uniform(np.log(0.7), np.log(1.6))))
                window = Window(left, top, right, bottom)
                parts.append(self._lay(canvas, window, (image, item.truths), scale, chance))
        return join(parts)

    def _lay(
        self,
        canvas: Bgr,
        window: Window,
        picture: tuple[Bgr, Truths],
        scale: float,
        chance: np.random.Generator,
    ) -> Truths:
        stretch = float(np.exp(chance.uniform(-ASPECT_CHANGE, ASPECT_CHANGE) / 2))
        scales = (scale * stretch, scale / stretch)
        corner = tuple(
            float(start + chance.uniform(min(0.0, room), max(0.0, room)))
            for start, room in (
                (window.left, window.right - window.left - picture[0].shape[1] * scales[0]),
                (window.top, window.bottom - window.top - picture[0].shape[0] * scales[1]),
            )
        )
        return place(canvas, window, picture, scales, (corner[0], corner[1]))


def make_composer(items: Sequence[Item], rule: Augmentation) -> Composer:
    """A composer over what is not held out."""
    kept = [item for item in items if not item.is_held_out]
    shares = np.cumsum([item.share for item in kept])
    return Composer(kept, shares / shares[-1], list_cutouts(kept), rule)


def _cuts(length: int, count: int, chance: np.random.Generator) -> list[int]:
    """Where cells begin and end, none narrower than half of an equal part."""
    share = length / count
    inner = [round(share * (n + chance.uniform(-0.25, 0.25))) for n in range(1, count)]
    return [0, *inner, length]
