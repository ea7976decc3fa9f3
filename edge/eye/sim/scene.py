"""What a simulated scene is, and the table of scenes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from edge.site.rules import ObjectWord

Canvas = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Truth:
    """One thing that is visible in a picture.

    track: its number, the same for its whole life. box_px: left, top, right, bottom, clipped.
    visible_frac: how much of its box lies within the picture and before nearer things.
    """

    track: int
    object_class: ObjectWord
    box_px: tuple[float, float, float, float]
    visible_frac: float


class Scene(Protocol):
    """A street that can draw any of its pictures, the same every time."""

    width_px: int
    height_px: int
    pictures_per_second: float
    picture_count: int

    def draw(self, number: int) -> Canvas:
        """One picture, BGR, uint8, shape (height, width, 3)."""
        ...

    def list_truth(self, number: int) -> list[Truth]:
        """What can be seen in it, nearest last."""
        ...


def to_planes(canvas: Canvas) -> tuple[Canvas, Canvas, Canvas]:
    """I420 planes of a BGR picture with even sides."""
    height, width = canvas.shape[:2]
    stacked = np.asarray(cv2.cvtColor(canvas, cv2.COLOR_BGR2YUV_I420), np.uint8)
    quarter = height * width // 4
    flat = stacked.reshape(-1)
    luma = flat[: height * width].reshape(height, width)
    half = (height // 2, width // 2)
    chroma = flat[height * width :]
    return luma, chroma[:quarter].reshape(half), chroma[quarter:].reshape(half)


def _street() -> Scene:
    from edge.eye.sim.street import Street  # noqa: PLC0415 - drawn only when chosen

    return Street()


SCENES: dict[str, Callable[[], Scene]] = {"street": _street}
