"""Arithmetic of boxes: float arrays of shape (n, 4), left, top, right, bottom."""

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float32]


def areas(boxes: Boxes) -> npt.NDArray[np.float32]:
    """Area of each box; 0 for one turned inside out."""
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def intersections(left: Boxes, right: Boxes) -> npt.NDArray[np.float32]:
    """Shared area of each pair, shape (len(left), len(right))."""
    starts = np.maximum(left[:, None, :2], right[None, :, :2])
    ends = np.minimum(left[:, None, 2:], right[None, :, 2:])
    sides = np.clip(ends - starts, 0, None)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def overlaps(left: Boxes, right: Boxes) -> npt.NDArray[np.float32]:
    """Intersection over union of each pair, shape (len(left), len(right))."""
    shared = intersections(left, right)
    union = areas(left)[:, None] + areas(right)[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-6), np.float32)


def covered(left: Boxes, right: Boxes) -> npt.NDArray[np.float32]:
    """How much of each left box lies in each right one, 0 to 1, shape (len(left), len(right))."""
    return np.asarray(
        intersections(left, right) / np.maximum(areas(left)[:, None], 1e-6), np.float32
    )
