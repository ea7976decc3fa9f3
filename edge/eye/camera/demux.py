"""One demux for packets and pictures: files, RTSP and V4L2 through PyAV.

Facts of PyAV and FFmpeg obeyed here (each was somebody's outage):
1. PyAV's own time-outs hold the interpreter lock at every poll: FFmpeg's socket option is used
   (see rtsp.py), and a supervisor outside the process kills what hangs all the same.
2. The end of a stream may never come: nothing here waits for it.
3. PyAV decodes on all cores unless told before the codec opens: one thread.
4. Stream time is not trusted: it may be missing, repeat or go back; `_Timeline` repairs it.
5. Containers are closed in every path, so that no handle is left behind.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NoReturn

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge.eye.camera.facts import LossReason
from edge.eye.camera.planes import develop
from edge.eye.camera.source import (
    CameraError,
    Packet,
    PacketSink,
    Picture,
    StreamFormat,
    Traffic,
)

LARGEST_SIDE_PX = 8192  # 8K pictures pass; more would need a quarter of a gigabyte a picture
USUAL_FPS = 25
# What the ring keeps as it comes; anything else is encoded once (ring_feed.py).
KEPT_CODECS = frozenset({"h264", "hevc", "mjpeg"})
MOST_DAMAGED_IN_A_ROW = 500  # packets; some 20 s of video without a single picture


@dataclass(frozen=True, slots=True)
class Input:
    """What to open and how. place may hold a password; shown does not.

    explain: turns FFmpeg's error at opening into ours.
    """

    place: str
    shown: str
    explain: Callable[[FFmpegError], CameraError]
    format: str | None = None
    options: dict[str, str] = field(default_factory=dict)


class Demux:
    """A container, its first video stream, one decoder."""

    def __init__(self, source: Input, sink: PacketSink | None = None) -> None:
        self._input = source
        self._sink = sink
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._timeline = _Timeline(Fraction(USUAL_FPS), None)
        self.traffic = Traffic()

    def open(self) -> None:
        """Connect, read the streams, choose the first video. Raises: CameraError."""
        try:
            container = av.open(
                self._input.place,
                "r",
                format=self._input.format,
                options=self._input.options,
                metadata_errors="replace",  # names in the maker's own code page are no reason
            )
        except FFmpegError as error:
            raise self._input.explain(error) from None
        self._container = container
        try:
            self._stream = self._find_video(container)
        except CameraError:
            self.close()
            raise
        if self._stream.codec_context.name not in KEPT_CODECS:
            self._sink = None
        if self._sink is not None:
            self._sink.begin(_format(self._stream))

    def close(self) -> None:
        """Close decoder, files and sockets; safe twice."""
        container, self._container, self._stream = self._container, None, None
        if container is not None:
            container.close()

    def pictures(self) -> Iterator[Picture]:
        """Demux, hand packets on, decode. Raises: CameraError."""
        assert self._container is not None
        assert self._stream is not None
        damaged_in_a_row = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError as error:
                raise self._input.explain(error) from None
            if packet is None:
                return
            if packet.size:  # the flush packet at the end is empty
                self._count(packet)
            try:
                decoded = packet.decode()
                damaged_in_a_row = 0 if decoded else damaged_in_a_row
            except FFmpegError:
                decoded = []
                self.traffic.damaged_packets += 1
                damaged_in_a_row += 1
            if damaged_in_a_row > MOST_DAMAGED_IN_A_ROW:
                raise garbage(self._input.shown)
            for frame in decoded:
                assert isinstance(frame, VideoFrame)
                yield self._picture(frame)

    def _count(self, packet: "av.Packet[VideoStream]") -> None:
        self.traffic.packets += 1
        self.traffic.video_bytes += packet.size
        if self._sink is not None:
            self._sink.take(
                Packet(
                    bytes(packet), packet.is_keyframe, packet.pts, packet.dts, packet.duration or 0
                )
            )

    def _picture(self, frame: VideoFrame) -> Picture:
        width_px, height_px = frame.width, frame.height
        if max(width_px, height_px) > LARGEST_SIDE_PX:
            self._refuse_size(width_px, height_px)
        if frame.rotation % 180:
            width_px, height_px = height_px, width_px
        stream_ns = self._timeline.place_ns(frame.pts)
        return Picture(stream_ns, width_px, height_px, lambda: develop(frame))

    def _find_video(self, container: InputContainer) -> VideoStream:
        if not container.streams.video:
            raise no_video(self._input.shown)
        stream = container.streams.video[0]
        if stream.codec_context is None:
            raise CameraError(
                LossReason.UNSUPPORTED,
                f"no decoder for the video in {self._input.shown}",
                hint="Set the camera to H.264.",
            )
        if max(stream.width, stream.height) > LARGEST_SIDE_PX:
            self._refuse_size(stream.width, stream.height)
        stream.codec_context.thread_count = 1  # fact 3
        rate = stream.average_rate or Fraction(USUAL_FPS)
        self._timeline = _Timeline(rate, stream.time_base)
        return stream

    def _refuse_size(self, width_px: int, height_px: int) -> NoReturn:
        raise CameraError(
            LossReason.LIMIT,
            f"the picture in {self._input.shown} is {width_px}x{height_px}, "
            f"more than {LARGEST_SIDE_PX} pixels a side",
            hint="Set the camera to a smaller picture; analysis scales it down anyway.",
        )


def _format(stream: VideoStream) -> StreamFormat:
    """What the stream's packets are."""
    base = stream.time_base or Fraction(1, 90_000)
    context = stream.codec_context
    return StreamFormat(
        codec=context.name,
        extradata=bytes(context.extradata or b""),
        width_px=stream.width,
        height_px=stream.height,
        time_base_num=base.numerator,
        time_base_den=base.denominator,
    )


def garbage(shown: str) -> CameraError:
    """The error for bytes that are no video."""
    return CameraError(
        LossReason.GARBAGE,
        f"{shown} is no video that can be read",
        hint="It is damaged, cut off, or something else; play it with ffplay to see.",
    )


def no_video(shown: str) -> CameraError:
    """The error for sound alone."""
    return CameraError(
        LossReason.NO_VIDEO,
        f"there is no video in {shown}",
        hint="Sound alone cannot be analysed: give a file or address with a picture.",
    )


class _Timeline:
    """Time since the first picture; strictly grows whatever the stream says (fact 4).

    Pictures count in the ticks of their stream, whose length is asked for once: PyAV makes a
    fraction of it at each asking.
    """

    def __init__(self, rate: Fraction, time_base: Fraction | None) -> None:
        self._period_ns = int(1_000_000_000 / rate)
        self._tick = None
        if time_base is not None:
            self._tick = (1_000_000_000 * time_base.numerator, time_base.denominator)
        self._first_ns: int | None = None
        self._last_ns: int | None = None

    def place_ns(self, pts: int | None) -> int:
        """Nanoseconds since the first picture."""
        if self._last_ns is None:
            self._last_ns = 0
            self._first_ns = self._stamp_ns(pts)
            return 0
        stamp_ns = self._stamp_ns(pts)
        expected_ns = self._last_ns + self._period_ns
        if stamp_ns is None:
            self._last_ns = expected_ns
            return expected_ns
        if self._first_ns is None:
            self._first_ns = stamp_ns - expected_ns
        stream_ns = stamp_ns - self._first_ns
        if stream_ns <= self._last_ns:  # repeated or gone back: carry on from the last picture
            self._first_ns = stamp_ns - expected_ns
            stream_ns = expected_ns
        self._last_ns = stream_ns
        return stream_ns

    def _stamp_ns(self, pts: int | None) -> int | None:
        if pts is None or self._tick is None:
            return None
        return pts * self._tick[0] // self._tick[1]
