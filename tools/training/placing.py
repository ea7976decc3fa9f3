"""Where a picture comes to lie on a canvas, and what that does to its truths."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tools.training.boxes import areas
from tools.training.truths import Truths

Bgr = npt.NDArray[np.uint8]
# A thing of which less can be seen is no longer asked for; of which hardly any, forgotten.
SEEN_MIN, TRACE_MIN = 0.35, 0.1
# Nobody can say what something smaller is.
SIDE_MIN_PX, HEIGHT_MIN_PX = 3.0, 7.0
PAD = 114


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of the canvas, in pixels."""

    left: int
    top: int
    right: int
    bottom: int


def clip(truths: Truths, window: Window) -> Truths:
    """Cut boxes off at a window's edges; what is mostly outside is ignored, or left out."""
    edges = np.array([window.left, window.top, window.right, window.bottom], np.float32)
    cut = np.clip(truths.boxes, np.tile(edges[:2], 2), np.tile(edges[2:], 2))
    seen = areas(cut) / np.maximum(areas(truths.boxes), 1e-6)
    sides = cut[:, 2:] - cut[:, :2]
    is_dim = (seen < SEEN_MIN) | (sides.min(axis=1, initial=np.inf) < SIDE_MIN_PX)
    is_dim |= sides[:, 1] < HEIGHT_MIN_PX
    changed = Truths(cut, truths.classes, truths.weights, truths.ignored | is_dim)
    return changed.keep((seen >= TRACE_MIN) & (sides > 0).all(axis=1))


def place(
    canvas: Bgr,
    window: Window,
    picture: tuple[Bgr, Truths],
    scale: tuple[float, float],
    corner: tuple[float, float],
) -> Truths:
    """Draw a picture into a window of the canvas; its truths on the canvas.

    scale: by which it is enlarged, x and y. corner: where its left upper corner comes to lie.
    """
    image, truths = picture
    matrix = np.array([[scale[0], 0, corner[0]], [0, scale[1], corner[1]]], np.float32)
    height, width = image.shape[:2]
    if min(scale) < 0.6:
        # Shrinking by warping alone leaves grains that no lens leaves.
        size = (max(1, round(width * scale[0])), max(1, round(height * scale[1])))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        matrix[0, 0], matrix[1, 1] = size[0] / image.shape[1], size[1] / image.shape[0]
    shift = matrix.copy()
    shift[:, 2] -= (window.left, window.top)
    size = (window.right - window.left, window.bottom - window.top)
    part = canvas[window.top : window.bottom, window.left : window.right]
    drawn = cv2.warpAffine(image, shift, size, dst=part.copy(), borderMode=cv2.BORDER_TRANSPARENT)
    canvas[window.top : window.bottom, window.left : window.right] = drawn
    offset = np.array([*corner, *corner], np.float32)
    moved = truths.boxes * np.array([*scale, *scale], np.float32) + offset
    return clip(truths.at(moved.astype(np.float32)), window)


def mirror(canvas: Bgr, truths: Truths) -> tuple[Bgr, Truths]:
    """Left and right exchanged."""
    boxes = truths.boxes.copy()
    boxes[:, [0, 2]] = canvas.shape[1] - truths.boxes[:, [2, 0]]
    return np.ascontiguousarray(canvas[:, ::-1]), truths.at(boxes)


def shear(canvas: Bgr, truths: Truths, slant: float) -> tuple[Bgr, Truths]:
    """Lean the picture sideways, as a camera hung askew does; boxes grow by what leans out.

    slant: pixels to the side for each pixel down from the middle.
    """
    height, width = canvas.shape[:2]
    matrix = np.array([[1, slant, -slant * height / 2], [0, 1, 0]], np.float32)
    leant = cv2.warpAffine(canvas, matrix, (width, height), borderValue=(PAD, PAD, PAD))
    boxes = truths.boxes.copy()
    # Nothing fills its box's corners: half of the lean at each side is enough.
    middles = slant * ((boxes[:, 1] + boxes[:, 3]) / 2 - height / 2)
    half = abs(slant) * (boxes[:, 3] - boxes[:, 1]) / 4
    boxes[:, 0] += middles - half
    boxes[:, 2] += middles + half
    whole = Window(0, 0, width, height)
    return np.asarray(leant, np.uint8), clip(truths.at(boxes), whole)


def fit(picture: tuple[Bgr, Truths], width_px: int, height_px: int) -> tuple[Bgr, Truths]:
    """As large as it fits, top left, as the detector's own preparation does."""
    image, truths = picture
    height, width = image.shape[:2]
    ratio = min(width_px / width, height_px / height)
    canvas = np.full((height_px, width_px, 3), PAD, np.uint8)
    inner = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    canvas[: inner[1], : inner[0]] = cv2.resize(image, inner)
    scale = np.array([inner[0] / width, inner[1] / height] * 2, np.float32)
    window = Window(0, 0, inner[0], inner[1])
    return canvas, clip(truths.at((truths.boxes * scale).astype(np.float32)), window)
