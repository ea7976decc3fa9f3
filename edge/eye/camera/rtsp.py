"""An RTSP camera as a source, over TCP."""

import errno
from urllib.parse import urlsplit

from av.error import (
    FFmpegError,
    HTTPForbiddenError,
    HTTPNotFoundError,
    HTTPUnauthorizedError,
)

from edge.eye.camera.demux import Demux, Input
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
    }
    explain = _Explainer(address.shown, stall_seconds).explain
    demux = Demux(Input(address.place, address.shown, explain, "rtsp", options), sink)
    demux.open()
    return demux


class _Explainer:
    """FFmpeg's errors in our words. Their own text is never shown: it holds the password."""

    def __init__(self, shown: str, stall_seconds: float) -> None:
        self._shown = shown
        self._host = urlsplit(shown).hostname
        self._stall_seconds = stall_seconds

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
        if error.errno == errno.ETIMEDOUT:
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
