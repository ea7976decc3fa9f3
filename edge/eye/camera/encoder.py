"""Encoding once, for sources that have no compressed stream and for masked recordings.

The board's hardware encoder where there is one, x264 in software otherwise: ultrafast, no
B pictures, a key picture every two seconds, so that the ring's fragments end where they should.
"""

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from edge.eye.camera.facts import LossReason
from edge.eye.camera.source import CameraError, Packet, Planes, StreamFormat

ENCODERS = ("h264_v4l2m2m", "libx264")
TICKS_PER_SECOND = 90_000
KEY_NS = 2_000_000_000
# Bits per pixel that keep faces of a street scene apart, at 25 pictures a second.
BITS_PER_PIXEL = 2.0
_SOFTWARE = {"preset": "ultrafast", "tune": "zerolatency", "bf": "0"}


class Encoder:
    """Pictures of one size to H.264 packets. Belongs to one thread."""

    def __init__(self, width_px: int, height_px: int, per_second: int = 25) -> None:
        """Open the first encoder that works. Raises: CameraError."""
        self._size = (width_px, height_px)
        self._context = _open(width_px, height_px, per_second)
        self._key_ns: int | None = None

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the pictures it takes."""
        return self._size

    @property
    def format(self) -> StreamFormat:
        """What its packets are."""
        extradata = bytes(self._context.extradata or b"")
        return StreamFormat("h264", extradata, *self._size, 1, TICKS_PER_SECOND, is_ours=True)

    def encode(self, planes: Planes, stream_ns: int) -> Iterator[Packet]:
        """Packets that one more picture makes ready; stream_ns must grow.

        planes: I420, uint8, of the encoder's size. Raises: CameraError.
        """
        frame = VideoFrame.from_ndarray(_packed(planes), format="yuv420p")
        frame.pts = stream_ns * TICKS_PER_SECOND // 1_000_000_000
        frame.time_base = Fraction(1, TICKS_PER_SECOND)
        if self._key_ns is None or stream_ns - self._key_ns >= KEY_NS:
            self._key_ns = stream_ns
            frame.pict_type = av.video.frame.PictureType.I
        try:
            for packet in self._context.encode(frame):
                yield Packet(
                    bytes(packet), packet.is_keyframe, packet.pts, packet.dts, packet.duration or 0
                )
        except FFmpegError as error:
            raise CameraError(
                LossReason.CRASHED,
                f"the encoder {self._context.name} failed: {error.strerror}",
                hint='Set recording = "none" for this camera to analyse without a ring.',
            ) from None


def _open(width_px: int, height_px: int, per_second: int) -> VideoCodecContext:
    for name in ENCODERS:
        try:
            context = av.CodecContext.create(name, "w")
        except (FFmpegError, ValueError):
            continue
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = width_px, height_px
        context.pix_fmt = "yuv420p"
        context.time_base = Fraction(1, TICKS_PER_SECOND)
        context.framerate = Fraction(per_second)
        context.bit_rate = int(width_px * height_px * BITS_PER_PIXEL)
        context.gop_size = 2 * per_second
        context.thread_count = 1
        if name == "libx264":
            context.options = dict(_SOFTWARE)
        try:
            context.open()
        except FFmpegError:
            continue
        return context
    raise CameraError(
        LossReason.UNSUPPORTED,
        f"no H.264 encoder works for pictures of {width_px}x{height_px}",
        hint='Set recording = "none" for this camera to analyse without a ring.',
    )


def _packed(planes: Planes) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """One array of height * 3 / 2 lines, as FFmpeg's yuv420p lies in memory."""
    height_px, width_px = planes.luma.shape
    packed = np.empty((height_px * 3 // 2, width_px), np.uint8)
    packed[:height_px] = planes.luma
    chroma = packed[height_px:].reshape(-1)
    half = planes.chroma_u.size
    chroma[:half] = planes.chroma_u.reshape(-1)
    chroma[half:] = planes.chroma_v.reshape(-1)
    return packed
