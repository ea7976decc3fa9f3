"""The interface of a source, and how a site file's `source` text becomes one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from edge.errors import Kind, VigieError
from edge.eye.camera.facts import LossReason
from edge.eye.frame import Plane

REASON_KINDS: dict[LossReason, Kind] = {
    LossReason.TIMEOUT: Kind.UNAVAILABLE,
    LossReason.REFUSED: Kind.UNAVAILABLE,
    LossReason.UNAUTHORIZED: Kind.PERMISSION_DENIED,
    LossReason.NOT_FOUND: Kind.NOT_FOUND,
    LossReason.GARBAGE: Kind.DATA_LOSS,
    LossReason.NO_VIDEO: Kind.INVALID_ARGUMENT,
    LossReason.LIMIT: Kind.INVALID_ARGUMENT,
    LossReason.UNSUPPORTED: Kind.INVALID_ARGUMENT,
    LossReason.ENDED: Kind.UNAVAILABLE,
    LossReason.CRASHED: Kind.INTERNAL,
}


class CameraError(VigieError):
    """A source cannot be opened or read; `reason` is what health rules see."""

    def __init__(
        self, reason: LossReason, what: str, *, where: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(REASON_KINDS[reason], what, where=where, hint=hint)
        self.reason = reason


class Medium(Enum):
    """The kinds of source a site file may name."""

    FILE = "file"
    RTSP = "rtsp"
    V4L2 = "v4l2"
    PICAMERA2 = "picamera2"
    SIM = "sim"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a source is.

    place: path, URL with its password, device, camera number or scene; not for people.
    shown: the same for messages and logs, credentials hidden.
    """

    medium: Medium
    place: str = field(repr=False)
    shown: str

    @property
    def is_replayable(self) -> bool:
        """True for sources that carry their own time and come out the same twice."""
        return self.medium in {Medium.FILE, Medium.SIM}


class Planes(NamedTuple):
    """I420 planes, uint8: luma (height, width) even; chroma (height / 2, width / 2)."""

    luma: Plane
    chroma_u: Plane
    chroma_v: Plane


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture, upright size, not yet masked or converted.

    stream_ns: time since the first picture by the stream's own clock; what the stream says is
        repaired so that it always grows. Live sources have it too, but nobody may trust it.
    develop: makes the full-size planes, upright, limited range; costs the conversion, so it is
        called for chosen pictures only, and before the next picture is asked for.
    """

    stream_ns: int
    width_px: int
    height_px: int
    develop: Callable[[], Planes]


@dataclass(frozen=True, slots=True)
class Packet:
    """One compressed packet as the camera sent it.

    encoded: the codec's bytes. is_key: a decoder may start here. pts, dts, duration: ticks of
    the stream's time base as the stream says them; None or 0 where it does not.
    """

    encoded: bytes
    is_key: bool
    pts: int | None = None
    dts: int | None = None
    duration: int = 0


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """What packets are.

    codec: FFmpeg's name, such as "h264". extradata: parameter sets, may be empty.
    time_base_num / time_base_den: seconds per tick. is_ours: encoded on the pole, because the
    source had nothing that could be kept.
    """

    codec: str
    extradata: bytes
    width_px: int
    height_px: int
    time_base_num: int
    time_base_den: int
    is_ours: bool = False


class PacketSink(Protocol):
    """Takes packets in the order of arrival; the way to the vault's ring."""

    def begin(self, stream: StreamFormat) -> None:
        """The packets that follow are of this format; said once for each opening."""
        ...

    def take(self, packet: Packet) -> None:
        """Keep or forward one packet; must not block."""
        ...


@dataclass(slots=True)
class Traffic:
    """What a source counts while it runs."""

    packets: int = 0
    video_bytes: int = 0
    damaged_packets: int = 0


class Source(Protocol):
    """Opened by `opening.open_source`, iterated, closed; `close` is safe at any time and twice."""

    @property
    def traffic(self) -> Traffic:
        """Counters so far."""
        ...

    def pictures(self) -> Iterator[Picture]:
        """Pictures in the order of showing, until the source ends. Raises: CameraError."""
        ...

    def close(self) -> None:
        """Give back every handle."""
        ...


def load_address(source: str) -> Address:
    """Read a camera's `source` text. Raises: CameraError."""
    scheme, colon, place = source.partition(":")
    if scheme in {"rtsp", "rtsps"} and place.startswith("//") and urlsplit(source).hostname:
        return Address(Medium.RTSP, source, hide_credentials(source))
    if scheme in {"file", "v4l2", "picamera2", "sim"} and colon and place:
        return Address(Medium(scheme), place, source)
    raise CameraError(
        LossReason.UNSUPPORTED,
        f"'{hide_credentials(source)}' is no camera source",
        hint="Write file:PATH, rtsp://HOST/PATH, v4l2:/dev/videoN, picamera2:N or sim:SCENE.",
    )


def hide_credentials(url: str) -> str:
    """A URL without user, password and query values, which cameras use for passwords too."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = "***@" if "@" in parts.netloc else ""
    query = "?***" if parts.query else ""
    return f"{parts.scheme}://{user}{host}{parts.path}{query}" if parts.netloc else url
