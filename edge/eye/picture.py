"""From a frame's planes to what the gate and the detector want; no full-size copy on the way."""

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.frame import Frame, Plane

SMALL_WIDTH_PX, SMALL_HEIGHT_PX = 320, 180


def small_luma(frame: Frame) -> Plane:
    """uint8 (180, 320): brightness of the whole picture, stretched to one size."""
    if frame.luma.shape == (SMALL_HEIGHT_PX, SMALL_WIDTH_PX):
        return frame.luma
    size = (SMALL_WIDTH_PX, SMALL_HEIGHT_PX)
    return np.asarray(cv2.resize(frame.luma, size, interpolation=cv2.INTER_AREA), np.uint8)


def rgb_picture(frame: Frame, width_px: int, height_px: int) -> npt.NDArray[np.uint8]:
    """uint8 (height, width, 3) RGB, stretched; both sides are made even first (BT.601, limited).

    The planes are resized one by one, so a pixel is converted only if the detector will see it.
    """
    width, height = width_px + width_px % 2, height_px + height_px % 2
    planes = np.empty(width * height * 3 // 2, np.uint8)
    luma_end, half = width * height, (width // 2, height // 2)
    quarter = half[0] * half[1]
    _resize_into(frame.luma, planes[:luma_end].reshape(height, width))
    _resize_into(frame.chroma_u, planes[luma_end : luma_end + quarter].reshape(half[::-1]))
    _resize_into(frame.chroma_v, planes[luma_end + quarter :].reshape(half[::-1]))
    picture = cv2.cvtColor(planes.reshape(height * 3 // 2, width), cv2.COLOR_YUV2RGB_I420)
    return np.asarray(picture[:height_px, :width_px], np.uint8)


def _resize_into(plane: Plane, target: Plane) -> None:
    if plane.shape == target.shape:
        target[:] = plane
        return
    cv2.resize(plane, target.shape[::-1], dst=target, interpolation=cv2.INTER_LINEAR)
