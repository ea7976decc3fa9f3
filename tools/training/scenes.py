"""Pictures of the simulator's street: drawn, so that every box is exact."""

import cv2
import numpy as np

from edge.eye.sim.street import Street
from tools.training.classes import CLASSES
from tools.training.shelf import Item
from tools.training.truths import Truths

SEEDS = (11, 12, 13, 14)
PICTURES_OF_EACH = 15
WIDTH_PX = 640
VISIBLE_MIN = 0.35
QUALITY = 85
HOLDOUT_SEED = 7


def draw_scenes(share: float) -> list[Item]:
    """Drawn streets; share: how often each is drawn from the shelf."""
    return [
        draw_scene(Street(seed), f"drawn/{seed}-{number:04d}", number, share)
        for seed in SEEDS
        for number in np.linspace(40, Street.picture_count - 40, PICTURES_OF_EACH).astype(int)
    ]


def draw_scene(street: Street, name: str, number: int, share: float) -> Item:
    """One picture of a street, made smaller."""
    scale = WIDTH_PX / street.width_px
    size = (WIDTH_PX, round(street.height_px * scale))
    small = cv2.resize(street.draw(number), size, interpolation=cv2.INTER_AREA)
    _, coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    seen = street.list_truth(number)
    boxes = np.array([one.box_px for one in seen], np.float32).reshape(-1, 4) * np.float32(scale)
    truths = Truths(
        boxes,
        np.array([CLASSES.index(one.object_class) for one in seen], np.int64),
        np.ones(len(seen), np.float32),
        np.array([one.visible_frac < VISIBLE_MIN for one in seen], bool),
    )
    return Item(name, np.asarray(coded, np.uint8).ravel(), share, is_held_out=False, truths=truths)
