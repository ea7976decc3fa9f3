"""A glance as a picture: crops of a frame's planes, each resized once, converted once."""

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.attention.crop import Canvas, Glance
from edge.eye.frame import Frame, Plane
from edge.eye.picture import averaged, averaged_luma

# What lies between crops: the grey with which detectors are taught to see nothing.
_GREY_LUMA, _GREY_CHROMA = 114, 128


def compose(frame: Frame, glance: Glance, canvas: Canvas) -> npt.NDArray[np.uint8]:
    """uint8 (height, width, 3) RGB of the canvas' size (BT.601, limited)."""
    width, height = (side + side % 2 for side in (canvas.width_px, canvas.height_px))
    planes = np.empty(width * height * 3 // 2, np.uint8)
    luma = planes[: width * height].reshape(height, width)
    chroma = planes[width * height :].reshape(2, height // 2, width // 2)
    luma[:] = _GREY_LUMA
    chroma[:] = _GREY_CHROMA
    for crop in glance:
        left, top, right, bottom = crop.edges_px
        x, y, wide, high = crop.x_px, crop.y_px, crop.placed_width_px, crop.placed_height_px
        luma[y : y + high, x : x + wide] = (
            averaged_luma(frame, wide, high)
            if crop.is_whole(frame.size_px)
            else _resized(frame.luma[top:bottom, left:right], wide, high)
        )
        for plane, target in zip((frame.chroma_u, frame.chroma_v), chroma, strict=True):
            part = plane[top // 2 : bottom // 2, left // 2 : right // 2]
            spot = target[y // 2 : (y + high) // 2, x // 2 : (x + wide) // 2]
            spot[:] = cv2.resize(part, (wide // 2, high // 2), interpolation=cv2.INTER_LINEAR)
    picture = cv2.cvtColor(planes.reshape(height * 3 // 2, width), cv2.COLOR_YUV2RGB_I420)
    return np.asarray(picture[: canvas.height_px, : canvas.width_px], np.uint8)


def _resized(part: Plane, width_px: int, height_px: int) -> Plane:
    if part.shape == (height_px, width_px):
        return part
    if part.shape[0] > height_px or part.shape[1] > width_px:
        return averaged(part, width_px, height_px)
    resized = cv2.resize(part, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)
