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
    return averaged_luma(frame, SMALL_WIDTH_PX, SMALL_HEIGHT_PX)


def averaged_luma(frame: Frame, width_px: int, height_px: int) -> Plane:
    """`averaged` of the whole frame's brightness; what it halves on the way is made once.

    What is then still up to four times too large, as where a wide frame becomes a square, goes by
    linear to twice the size and is halved: a quarter of the cost of an area mean, and within half
    a level of it.
    """
    plane, count = frame.luma, 0
    while _can_halve(plane, (width_px, height_px)):
        if count == len(frame.halves):
            frame.halves.append(_halved(plane))
        plane, count = frame.halves[count], count + 1
    high, wide = plane.shape[0] / height_px, plane.shape[1] / width_px
    if count and 2 < max(high, wide) <= 4 and min(high, wide) > 1:
        twice = (2 * width_px, 2 * height_px)
        return _halved(
            np.asarray(cv2.resize(plane, twice, interpolation=cv2.INTER_LINEAR), np.uint8)
        )
    return averaged(plane, width_px, height_px)


def averaged(plane: Plane, width_px: int, height_px: int) -> Plane:
    """A copy in another size. Area means down to less than twice it, then linear.

    Every pixel counts: OpenCV halves by area ten times as fast as it takes any other area mean,
    and below a factor of two linear leaves no pixel out either.
    """
    size = (width_px, height_px)
    if plane.shape == size[::-1]:
        return plane.copy()
    while _can_halve(plane, size):
        plane = _halved(plane)
    if plane.shape == size[::-1]:
        return plane
    leaves_none_out = plane.shape[1] < 2 * width_px and plane.shape[0] < 2 * height_px
    way = cv2.INTER_LINEAR if leaves_none_out else cv2.INTER_AREA
    return np.asarray(cv2.resize(plane, size, interpolation=way), np.uint8)


def _halved(plane: Plane) -> Plane:
    half = (plane.shape[1] // 2, plane.shape[0] // 2)
    return np.asarray(cv2.resize(plane, half, interpolation=cv2.INTER_AREA), np.uint8)


def _can_halve(plane: Plane, size_px: tuple[int, int]) -> bool:
    height, width = plane.shape
    return not (width % 2 or height % 2 or width < 2 * size_px[0] or height < 2 * size_px[1])


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
