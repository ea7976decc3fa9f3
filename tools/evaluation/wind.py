"""A clip as a camera on a pole in the wind would have filmed it."""

from pathlib import Path

import av
import cv2
import numpy as np

from edge.eye.film import Film
from tools.evaluation.layout import Picture, read_clip

# Two swings at once, in hertz; the second is half as wide, and all down is half of across.
ACROSS_HZ, DOWN_HZ = (0.43, 1.1), (0.37, 0.9)


def way_px(seconds: float, sway_px: float) -> tuple[float, float]:
    """How far the picture lies to the right and down; at most 1.5 times sway_px to either side."""
    turns = 2 * np.pi * seconds
    across = np.sin(turns * ACROSS_HZ[0]) + 0.5 * np.sin(turns * ACROSS_HZ[1] + 1)
    down = np.sin(turns * DOWN_HZ[0] + 2) + 0.5 * np.sin(turns * DOWN_HZ[1])
    return float(sway_px * across), float(0.5 * sway_px * down)


def film_in_the_wind(clip: Path, sway_px: float, out: Path) -> None:
    """Write the clip moved from side to side; what comes in at an edge is that edge drawn out."""
    with av.open(str(clip)) as source:
        fps = float(source.streams.video[0].average_rate or 25)
    with Film.at(out, fps) as film:
        for number, picture in enumerate(read_clip(clip)):
            film.add(_moved(picture, *way_px(number / fps, sway_px)))


def _moved(picture: Picture, across_px: float, down_px: float) -> Picture:
    way = np.array([[1, 0, across_px], [0, 1, down_px]], np.float32)
    size_px = (picture.shape[1], picture.shape[0])
    return np.asarray(
        cv2.warpAffine(picture, way, size_px, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
