"""From a decoded frame to small I420 planes; no full-size RGB copy anywhere."""

from typing import TYPE_CHECKING

import numpy as np

from edge.eye.camera.facts import LossReason
from edge.eye.camera.source import CameraError, Planes
from edge.eye.frame import Plane

if TYPE_CHECKING:  # the eye's own process scales planes too, and spares the decoder's 18 MB
    from av.video.frame import VideoFrame
    from av.video.plane import VideoPlane

DIRECT_FORMATS = frozenset({"yuv420p", "yuvj420p"})
FULL_RANGE = 2  # AVCOL_RANGE_JPEG
TURNS = frozenset({90, 180, 270})
# A portrait picture is at most this many times as high as it may be wide.
HIGHEST_OVER_WIDEST = 2


def develop(frame: "VideoFrame") -> Planes:
    """Full-size planes, upright, even sizes, limited range.

    Views of the decoder's own memory where nothing had to be turned or converted: the decoder
    still predicts from it, so nobody can write to them, and they end with the next picture.
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
    if not (is_full_range or turn):
        return planes
    from edge.eye.camera.reshaping import limited, turned  # noqa: PLC0415 - only where needed

    planes = limited(planes) if is_full_range else planes
    return turned(planes, turn) if turn else planes


def shrink(planes: Planes, widest_px: int) -> Planes:
    """Planes no wider than widest_px, even sizes; the same ones where nothing is to be scaled."""
    height_px, width_px = planes.luma.shape
    scale = min(1.0, widest_px / width_px, widest_px * HIGHEST_OVER_WIDEST / height_px)
    new_width = max(2, int(width_px * scale) // 2 * 2)
    new_height = max(2, round(height_px * scale) // 2 * 2)
    if (new_height, new_width) == (height_px, width_px):
        return planes
    from edge.eye.camera.reshaping import scaled  # noqa: PLC0415 - only where needed

    return scaled(planes, new_width, new_height)


def _view(plane: "VideoPlane") -> Plane:
    # Lines are padded to the decoder's alignment: the view cuts the padding off.
    flat: Plane = np.asarray(memoryview(plane).toreadonly(), np.uint8)
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
