"""From a decoded frame to small I420 planes; no full-size RGB copy anywhere."""

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.eye.camera.facts import LossReason
from edge.eye.camera.source import CameraError, Planes
from edge.eye.frame import Plane
from edge.eye.picture import averaged

if TYPE_CHECKING:  # the eye's own process scales planes too, and spares the decoder's 18 MB
    from av.video.frame import VideoFrame
    from av.video.plane import VideoPlane

DIRECT_FORMATS = frozenset({"yuv420p", "yuvj420p"})
FULL_RANGE = 2  # AVCOL_RANGE_JPEG
TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
# A portrait picture is at most this many times as high as it may be wide.
HIGHEST_OVER_WIDEST = 2

_LEVELS = np.arange(256)
LUMA_TO_LIMITED: Plane = np.round(16 + _LEVELS * 219 / 255).astype(np.uint8)
CHROMA_TO_LIMITED: Plane = np.round(128 + (_LEVELS - 128) * 224 / 255).astype(np.uint8)


def develop(frame: "VideoFrame") -> Planes:
    """Full-size planes, upright, even sizes, limited range.

    Views of the decoder's own memory where nothing had to be turned or converted: the decoder
    still predicts from it, so nobody writes to them, and they end with the next picture.
    Raises: CameraError.
    """
    turn = frame.rotation % 360
    layout = frame.format.name
    if turn and turn not in TURNS:
        raise CameraError(
            LossReason.UNSUPPORTED,
            f"the picture is turned by {turn} degrees; only quarter turns can be undone",
            hint="Store the video upright: ffmpeg -i IN OUT turns it while copying.",
        )
    is_full_range = frame.color_range == FULL_RANGE or layout.startswith("yuvj")
    if layout not in DIRECT_FORMATS:
        # libswscale maps full range to limited by itself here.
        frame = frame.reformat(format="yuv420p", dst_color_range="MPEG")
        is_full_range = False
    planes = _even(Planes(*(_view(plane) for plane in frame.planes)))
    if is_full_range:
        planes = Planes(
            _mapped(planes.luma, LUMA_TO_LIMITED),
            _mapped(planes.chroma_u, CHROMA_TO_LIMITED),
            _mapped(planes.chroma_v, CHROMA_TO_LIMITED),
        )
    if turn:
        planes = Planes(*(_turned(plane, TURNS[turn]) for plane in planes))
    return planes


def shrink(planes: Planes, widest_px: int) -> Planes:
    """Planes no wider than widest_px, even sizes; always copies of our own.

    Brightness is averaged, so that noise and thin things come out right. Colour is sampled: the
    camera has averaged it already, and reading all of it would cost as much as the brightness.
    """
    height_px, width_px = planes.luma.shape
    scale = min(1.0, widest_px / width_px, widest_px * HIGHEST_OVER_WIDEST / height_px)
    new_width = max(2, int(width_px * scale) // 2 * 2)
    new_height = max(2, round(height_px * scale) // 2 * 2)
    return Planes(
        averaged(planes.luma, new_width, new_height),
        _sampled(planes.chroma_u, new_width // 2, new_height // 2),
        _sampled(planes.chroma_v, new_width // 2, new_height // 2),
    )


def _view(plane: "VideoPlane") -> Plane:
    # Lines are padded to the decoder's alignment: the view cuts the padding off.
    flat: Plane = np.asarray(memoryview(plane), np.uint8)
    return flat.reshape(-1, plane.line_size)[: plane.height, : plane.width]


def _even(planes: Planes) -> Planes:
    height_px, width_px = planes.luma.shape
    if not (height_px % 2 or width_px % 2):
        return planes
    height_px, width_px = height_px // 2 * 2, width_px // 2 * 2
    return Planes(
        planes.luma[:height_px, :width_px],
        planes.chroma_u[: height_px // 2, : width_px // 2],
        planes.chroma_v[: height_px // 2, : width_px // 2],
    )


def _mapped(plane: Plane, levels: Plane) -> Plane:
    return np.asarray(cv2.LUT(plane, levels), np.uint8)


def _turned(plane: Plane, turn: int) -> Plane:
    return np.asarray(cv2.rotate(plane, turn), np.uint8)


def _sampled(plane: Plane, width_px: int, height_px: int) -> Plane:
    if plane.shape == (height_px, width_px):
        return plane.copy()
    sampled = cv2.resize(plane, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    return np.asarray(sampled, np.uint8)
