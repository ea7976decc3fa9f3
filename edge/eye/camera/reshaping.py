"""Planes that must be scaled, turned or converted: what OpenCV is loaded for.

A capture process whose pictures go on as they come spares itself the library, so this module is
imported where a picture asks for it.
"""

import cv2
import numpy as np

from edge.eye.camera.source import Planes
from edge.eye.frame import Plane
from edge.eye.picture import averaged

_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
_LEVELS = np.arange(256)
_LUMA_TO_LIMITED: Plane = np.round(16 + _LEVELS * 219 / 255).astype(np.uint8)
_CHROMA_TO_LIMITED: Plane = np.round(128 + (_LEVELS - 128) * 224 / 255).astype(np.uint8)


def limited(planes: Planes) -> Planes:
    """Limited range out of full range."""
    return Planes(
        _mapped(planes.luma, _LUMA_TO_LIMITED),
        _mapped(planes.chroma_u, _CHROMA_TO_LIMITED),
        _mapped(planes.chroma_v, _CHROMA_TO_LIMITED),
    )


def turned(planes: Planes, degrees: int) -> Planes:
    """Upright ones; degrees: 90, 180 or 270, as the stream says."""
    turn = _TURNS[degrees]
    return Planes(*(np.asarray(cv2.rotate(plane, turn), np.uint8) for plane in planes))


def scaled(planes: Planes, width_px: int, height_px: int) -> Planes:
    """Smaller ones, even sizes.

    Brightness is averaged, so that noise and thin things come out right. Colour is sampled: the
    camera has averaged it already, and reading all of it would cost as much as the brightness.
    """
    return Planes(
        averaged(planes.luma, width_px, height_px),
        _sampled(planes.chroma_u, width_px // 2, height_px // 2),
        _sampled(planes.chroma_v, width_px // 2, height_px // 2),
    )


def _mapped(plane: Plane, levels: Plane) -> Plane:
    return np.asarray(cv2.LUT(plane, levels), np.uint8)


def _sampled(plane: Plane, width_px: int, height_px: int) -> Plane:
    if plane.shape == (height_px, width_px):
        return plane.copy()
    # Where lines shrink by an odd number the middle one of each group is all that linear takes:
    # asked for by itself, the others are not even read.
    every, rest = divmod(plane.shape[0], height_px)
    if rest == 0 and every % 2:
        plane = plane[every // 2 :: every]
    sampled = cv2.resize(plane, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    return np.asarray(sampled, np.uint8)
