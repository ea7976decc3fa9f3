"""From a picture to what a model takes: size, colour order, stored values, layout."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.detector.card import ModelInput
from edge.eye.detector.runtime import Values

Rgb = npt.NDArray[np.uint8]
_INT8_SIGN = np.uint8(0x80)


@dataclass(frozen=True, slots=True)
class Placing:
    """Which part of the input the frame fills, from the top left, in fractions of the input."""

    width_frac: float
    height_frac: float


WHOLE = Placing(1.0, 1.0)


def prepare(rgb: Rgb, wanted: ModelInput) -> tuple[Values, Placing]:
    """The input tensor of one picture.

    rgb: uint8, shape (height, width, 3). A picture that has the input's size is taken as it is.
    """
    placed, placing = _place(rgb, wanted)
    if wanted.colour == "bgr":
        placed = placed[:, :, ::-1]
    stored = _store(placed, wanted)
    if wanted.layout == "nchw":
        stored = stored.transpose(2, 0, 1)
    return stored[np.newaxis], placing


def _place(rgb: Rgb, wanted: ModelInput) -> tuple[Rgb, Placing]:
    height, width = rgb.shape[:2]
    if (width, height) == (wanted.width_px, wanted.height_px):
        return rgb, WHOLE
    if wanted.resize == "stretch":
        return _resize(rgb, wanted.width_px, wanted.height_px), WHOLE
    ratio = min(wanted.width_px / width, wanted.height_px / height)
    inner_width = max(1, round(width * ratio))
    inner_height = max(1, round(height * ratio))
    canvas = np.full((wanted.height_px, wanted.width_px, 3), wanted.pad, np.uint8)
    canvas[:inner_height, :inner_width] = _resize(rgb, inner_width, inner_height)
    placing = Placing(inner_width / wanted.width_px, inner_height / wanted.height_px)
    return canvas, placing


def _resize(rgb: Rgb, width_px: int, height_px: int) -> Rgb:
    if rgb.shape[:2] == (height_px, width_px):
        return rgb
    return np.asarray(cv2.resize(rgb, (width_px, height_px)), np.uint8)


def _store(placed: Rgb, wanted: ModelInput) -> Values:
    if wanted.element == "uint8":
        return np.ascontiguousarray(placed)
    if wanted.element == "int8":
        # Flipping the sign bit is pixel - 128 in two's complement, without widening.
        return np.bitwise_xor(placed, _INT8_SIGN).view(np.int8)
    return placed.astype(np.float32) * np.float32(wanted.scale) + np.float32(wanted.offset)
