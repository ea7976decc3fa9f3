"""Pictures of nothing: parts of pictures where nobody boxes anything, and drawn streets at rest.

A pole looks at nothing most of the time; photographs of things say little about that.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from edge.eye.sim.street import Street
from tools.training.boxes import Boxes
from tools.training.placing import Window
from tools.training.scenes import draw_scene
from tools.training.shelf import Item
from tools.training.truths import no_truths

# Beside every box so much is left out; what is narrower than the least side shows too little.
MARGIN_PX, SIDE_MIN_PX = 8, 96
# Nobody has come by yet in the first pictures of a drawn street.
SEEDS = tuple(range(21, 33))
FIRST_PICTURE = 4
QUALITY = 90


def list_empty(items: Sequence[Item], share: float = 1.0) -> list[Item]:
    """The emptiest part of each picture that has one; held out where its picture is."""
    return [part for item in items for part in _cut_empty(item, share)]


def draw_empty(share: float = 1.0) -> list[Item]:
    """Drawn streets in which nobody is."""
    return [draw_scene(Street(seed), f"drawn-empty/{seed}", FIRST_PICTURE, share) for seed in SEEDS]


def _cut_empty(item: Item, share: float) -> Iterator[Item]:
    image = item.read()
    window = widest_empty(item.truths.boxes, image.shape[1], image.shape[0])
    if window is not None:
        part = image[window.top : window.bottom, window.left : window.right]
        _, coded = cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        jpeg = np.asarray(coded, np.uint8).ravel()
        yield Item(f"empty/{item.name}", jpeg, share, item.is_held_out, no_truths())


def widest_empty(boxes: Boxes, width_px: int, height_px: int) -> Window | None:
    """The largest strip beside, above or below all boxes; the whole picture without any."""
    if not len(boxes):
        return Window(0, 0, width_px, height_px)
    left, top = np.floor(boxes[:, :2].min(axis=0)).astype(int) - MARGIN_PX
    right, bottom = np.ceil(boxes[:, 2:].max(axis=0)).astype(int) + MARGIN_PX
    strips = (
        Window(0, 0, int(left), height_px),
        Window(int(right), 0, width_px, height_px),
        Window(0, 0, width_px, int(top)),
        Window(0, int(bottom), width_px, height_px),
    )
    wide = [one for one in strips if min(_sides(one)) >= SIDE_MIN_PX]
    return max(wide, key=lambda one: int(np.prod(_sides(one))), default=None)


def _sides(window: Window) -> tuple[int, int]:
    return window.right - window.left, window.bottom - window.top
