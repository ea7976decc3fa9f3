"""An RTSP camera as a source, over TCP."""

import errno
from urllib.parse import urlsplit

import av
from av.error import (
    FFmpegError,
    HTTPForbiddenError,
    HTTPNotFoundError,
    HTTPUnauthorizedError,
    InvalidDataError,
)

from edge.clock import Clock, SystemClock
from edge.eye.camera.demux import Demux, Input, no_video
from edge.eye.camera.facts import LossReason
from edge.eye.camera.source import Address, CameraError, PacketSink

UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN})
# Enough to see a camera's first key frame, little enough that opening takes about a second.
LONGEST_ANALYSIS_SECONDS = 2.0


def open_rtsp(address: Address, sink: PacketSink | None, stall_seconds: float) -> Demux:
    """A camera that answers and has video. Raises: CameraError."""
    options = {
        # Over UDP a read may block for ever and packets get lost; TCP does neither.
        "rtsp_transport": "tcp",
        "allowed_media_types": "video",
        # FFmpeg's own socket time-out; PyAV's would take the interpreter lock at every poll.
        "timeout": str(round(stall_seconds * 1e6)),
        "analyzeduration": str(round(LONGEST_ANALYSIS_SECONDS * 1e6)),
        # FFmpeg would hold back a second of pictures to guess a rate that nobody here believes.
        "fpsprobesize": "0",
    }
    explainer = _Explainer(address.shown, stall_seconds, SystemClock())
    source = Input(address.place, address.shown, explainer.explain, "rtsp", options)
    demux = Demux(source, sink)
    try:
        demux.open()
    except CameraError as error:
        if error.reason is LossReason.GARBAGE and _has_sound(address, options):
            raise no_video(address.shown) from None
        raise
    explainer.tell_opened()
    return demux


def _has_sound(address: Address, options: dict[str, str]) -> bool:
    """True for a stream without video; FFmpeg calls that invalid data when asked for video."""
    only_sound = options | {"allowed_media_types": "audio"}
    try:
        av.open(
            address.place, "r", format="rtsp", options=only_sound, metadata_errors="replace"
        ).close()
    except FFmpegError:
        return False
    return True


class _Explainer:
    """FFmpeg's errors in our words. Their own text is never shown: it holds the password."""

    def __init__(self, shown: str, stall_seconds: float, clock: Clock) -> None:
        self._clock = clock
        self._begun_ns = clock.monotonic_ns()
        self._shown = shown
        self._host = urlsplit(shown).hostname
        self._stall_seconds = stall_seconds
        self._is_open = False

    def tell_opened(self) -> None:
        """From here on bad data is bad data."""
        self._is_open = True

    def explain(self, error: FFmpegError) -> CameraError:
        """What a person needs to know."""
        if isinstance(error, HTTPUnauthorizedError | HTTPForbiddenError):
            return CameraError(
                LossReason.UNAUTHORIZED,
                f"{self._shown} wants another user or password",
                hint="Write rtsp://USER:PASSWORD@HOST/PATH; percent-encode signs like @ and :.",
            )
        if isinstance(error, HTTPNotFoundError):
            return CameraError(
                LossReason.NOT_FOUND,
                f"the camera knows no stream {self._shown}",
                hint="The path differs from maker to maker: look it up in the camera's manual.",
            )
        # While connecting, FFmpeg calls a camera that accepts and says nothing "invalid data".
        waited_ns = self._clock.monotonic_ns() - self._begun_ns
        is_silence = isinstance(error, InvalidDataError) and waited_ns > self._stall_seconds * 9e8
        if error.errno == errno.ETIMEDOUT or (is_silence and not self._is_open):
            return CameraError(
                LossReason.TIMEOUT,
                f"{self._shown} said nothing for {self._stall_seconds:g} s",
                hint="Is the camera on, and does another viewer get a picture from it?",
            )
        if error.errno in {errno.ECONNREFUSED, *UNREACHABLE} or "resolve" in str(error.strerror):
            return CameraError(
                LossReason.REFUSED,
                f"nobody answers at {self._shown}",
                hint=f"Is the camera on? Try: ping {self._host}",
            )
        if error.errno in {errno.ECONNRESET, errno.EPIPE}:
            return CameraError(
                LossReason.ENDED,
                f"{self._shown} cut the connection",
                hint="It is being opened again; many cameras do this when they restart.",
            )
        return CameraError(
            LossReason.GARBAGE,
            f"{self._shown} answers something that is not RTSP video",
            hint="Is the port right? RTSP is usually 554.",
        )
