"""Upright things that are nobody: turned bodies such as posts, bins, vases and bottles, drawn.

A net that knows eight classes has no word for them, and open photographs of streets show few. Laid
into pictures as what is not to be found, each drawn anew, they are to teach what a person is not.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tools.training.boxes import covered
from tools.training.placing import Bgr
from tools.training.truths import Truths

COUNT_MAX = 4
HEIGHTS_PX = (16.0, 200.0)
# Of the height, at its widest: a post has little, a bin much.
RADII_FRAC = (0.03, 0.32)
KNOTS, BANDS = (2, 6), (1, 4)
# Nothing to be found may be hidden by more than this.
COVERED_MAX = 0.2
GLASS_SHARE, STEPPED_SHARE = 0.2, 0.4
# Drawn so much larger and made small, as a lens does it.
FINENESS = 2

Plane = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Decoy:
    """image: (h, w, 3), BGR, 0 to 255; alpha: (h, w), how much of it is seen, 0 to 1."""

    image: Plane
    alpha: Plane


def lay_decoys(canvas: Bgr, truths: Truths, chance: np.random.Generator) -> None:
    """Draw one to four onto a canvas, where each hides little that is to be found."""
    for _ in range(int(chance.integers(1, COUNT_MAX + 1))):
        height_px = round(float(np.exp(chance.uniform(*np.log(HEIGHTS_PX)))))
        decoy = draw_decoy(height_px, chance)
        height, width = decoy.alpha.shape
        if height >= canvas.shape[0] or width >= canvas.shape[1]:
            continue
        left = int(chance.integers(canvas.shape[1] - width))
        top = int(chance.integers(canvas.shape[0] - height))
        place = np.array([[left, top, left + width, top + height]], np.float32)
        if (covered(truths.boxes, place) > COVERED_MAX).any():
            continue
        ground = canvas[top : top + height, left : left + width]
        laid = ground + decoy.alpha[:, :, None] * (decoy.image - ground)
        ground[:] = np.clip(laid, 0, 255).astype(np.uint8)


def draw_decoy(height_px: int, chance: np.random.Generator) -> Decoy:
    """One thing of that height, standing upright in its picture."""
    rows = height_px * FINENESS
    radii = _profile(rows, chance) * rows
    half = int(np.ceil(radii.max())) + FINENESS
    across = np.arange(-half, half + 1, dtype=np.float32)[None] / radii[:, None]
    is_inside = np.abs(across) <= 1
    light = _lit(np.clip(across, -1, 1), chance)
    colours = _bands(rows, chance)
    image = colours[:, None, :] * light[:, :, None]
    opacity = chance.uniform(0.4, 0.8) if chance.random() < GLASS_SHARE else 1.0
    size = (max(3, round(is_inside.shape[1] / FINENESS)), height_px)
    shown = cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(is_inside.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return Decoy(np.asarray(shown, np.float32), np.asarray(alpha * opacity, np.float32))


def _profile(rows: int, chance: np.random.Generator) -> Plane:
    """The radius at each row, of the height: between a few knots, in steps or smoothly."""
    widest = np.exp(chance.uniform(*np.log(RADII_FRAC)))
    knots = int(chance.integers(KNOTS[0], KNOTS[1] + 1))
    radii = widest * chance.uniform(0.25, 1.0, knots)
    radii[int(chance.integers(knots))] = widest
    at = np.concatenate([[0.0], np.sort(chance.uniform(0.05, 0.95, knots - 2)), [1.0]])
    down = np.linspace(0.0, 1.0, rows)
    if chance.random() < STEPPED_SHARE:
        return radii[np.searchsorted(at, down, side="right").clip(1, knots) - 1].astype(np.float32)
    return np.interp(down, at, radii).astype(np.float32)


def _lit(across: Plane, chance: np.random.Generator) -> Plane:
    """How bright each place is: light from one side, a gloss, and what comes from everywhere."""
    angle, ambient = chance.uniform(-1.3, 1.3), chance.uniform(0.3, 0.8)
    facing = across * np.sin(angle) + np.sqrt(1 - across**2) * np.cos(angle)
    facing = np.maximum(facing, 0)
    gloss = chance.uniform(0, 0.8) * facing ** chance.uniform(8, 40)
    return np.asarray(ambient + (1 - ambient) * facing + gloss, np.float32)


def _bands(rows: int, chance: np.random.Generator) -> Plane:
    """The colour at each row: one all over, or some bands, as labels, caps and stripes are."""
    count = int(chance.integers(BANDS[0], BANDS[1] + 1))
    # Most things in a street are nearly grey.
    hue, difference = 70 * chance.uniform(0, 1) ** 2, chance.uniform(0, 90)
    colours = chance.uniform(20, 230) + hue * chance.uniform(-1, 1, 3)
    colours = colours + difference * chance.uniform(-1, 1, (count, 1))
    edges = np.sort(chance.uniform(0, 1, count - 1))
    of_row = np.searchsorted(edges, np.linspace(0, 1, rows))
    grain = cv2.resize(chance.normal(0, 1, (max(2, rows // 6), 1)), (1, rows))
    return np.asarray(colours[of_row] + chance.uniform(0, 15) * grain.reshape(rows, 1), np.float32)
