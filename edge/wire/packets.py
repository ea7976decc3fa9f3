"""Compressed video on its way from a camera's capture child to the vault: framing, no sockets.

One connection carries one camera. It is a row of frames: u32 length of what follows, u8 kind,
content; integers are little-endian. The first frame is a hello; a hello again means that the
stream began anew (another picture size, other parameter sets). The reader believes no length:
what is over a limit is an error, and the connection is closed.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from edge.errors import Kind, VigieError

MAGIC = b"VGPK"
VERSION = 2
# A key picture of 8K at the highest rates of cameras is some 4 MiB.
MAX_PACKET_BYTES = 8 * 1024 * 1024
MAX_EXTRADATA_BYTES = 64 * 1024
MAX_NAME_BYTES = 64
MAX_SIDE_PX = 65_535

_FRAME = struct.Struct("<IB")
_HELLO, _PACKET = 1, 2
_HASH_BYTES = 32
# magic, version, width, height, time base (numerator, denominator), masked, source kind,
# lengths of camera, codec, extradata, hashes of the rules (camera's, site's).
_HELLO_HEAD = struct.Struct(f"<4sHHHIIBBBBI{_HASH_BYTES}s{_HASH_BYTES}s")
# flags, pts, dts, duration, captured utc ns, captured monotonic ns, clock error ms + 1.
_PACKET_HEAD = struct.Struct("<BqqIQQI")
_IS_KEY, _IS_DISCONTINUOUS = 1, 2
_NO_STAMP = -(2**63)
_MAX_ERROR_MS = 2**32 - 2
_MAX_FRAME_BYTES = MAX_PACKET_BYTES + _PACKET_HEAD.size + 1


def packet_socket(data: Path) -> Path:
    """Where the vault listens for packets, in a folder that eye and vault share."""
    return data / "doors" / "ring" / "packets.sock"


class PacketError(VigieError):
    """The other side of the packet socket sent what no capture child sends."""

    def __init__(self, what: str) -> None:
        super().__init__(Kind.INVALID_ARGUMENT, what)


class SourceKind(Enum):
    """Where the packets were encoded."""

    CAMERA = 1
    # Encoded once on the pole, because the source has no compressed stream.
    POLE = 2
    # A recording that is played as if it were a camera.
    FILE = 3


@dataclass(frozen=True, slots=True)
class StreamRules:
    """Under which site file a stream was made: SHA-256 in hexadecimal, as mandates name them.

    camera_sha256: of the camera's rules and masks; site_sha256: of the whole site's.
    """

    camera_sha256: str
    site_sha256: str


@dataclass(frozen=True, slots=True)
class StreamHello:
    """What the packets after it are.

    codec: FFmpeg's name of the codec, such as "h264", "hevc", "mjpeg". extradata: parameter sets
    as the demux has them, Annex B or avcC/hvcC; may be empty. time_base_*: seconds per tick of pts
    and dts. is_masked: privacy masks were burned in before encoding. rules: the masks are theirs.
    """

    camera: str
    codec: str
    extradata: bytes
    width_px: int
    height_px: int
    time_base_num: int
    time_base_den: int
    is_masked: bool
    source_kind: SourceKind
    rules: StreamRules


@dataclass(frozen=True, slots=True)
class StreamPacket:
    """One compressed packet and when it was captured.

    is_discontinuous: packets before it are missing. pts, dts, duration: ticks of the time base as
    the stream says them, None or 0 where it does not. captured_*_ns: both clocks, read together.
    clock_error_ms: the largest error of captured_utc_ns as the sender knows it; None: it does not.
    """

    encoded: bytes
    is_key: bool
    is_discontinuous: bool
    pts: int | None
    dts: int | None
    duration: int
    captured_utc_ns: int
    captured_monotonic_ns: int
    clock_error_ms: int | None


def pack_hello(hello: StreamHello) -> bytes:
    """The frame to send first. Raises PacketError for one that the reader would refuse."""
    camera, codec = hello.camera.encode(), hello.codec.encode()
    _check_hello(hello, len(camera), len(codec))
    body = _HELLO_HEAD.pack(
        MAGIC,
        VERSION,
        hello.width_px,
        hello.height_px,
        hello.time_base_num,
        hello.time_base_den,
        hello.is_masked,
        hello.source_kind.value,
        len(camera),
        len(codec),
        len(hello.extradata),
        bytes.fromhex(hello.rules.camera_sha256),
        bytes.fromhex(hello.rules.site_sha256),
    )
    body += camera + codec + hello.extradata
    return _FRAME.pack(len(body) + 1, _HELLO) + body


def pack_packet_head(packet: StreamPacket) -> bytes:
    """What goes before `packet.encoded` on the wire, so that the picture need not be copied.

    Raises PacketError for a packet over MAX_PACKET_BYTES.
    """
    if not 0 < len(packet.encoded) <= MAX_PACKET_BYTES:
        raise PacketError(f"a packet of {len(packet.encoded)} bytes is over the limit or empty")
    error_ms = packet.clock_error_ms
    head = _PACKET_HEAD.pack(
        packet.is_key * _IS_KEY | packet.is_discontinuous * _IS_DISCONTINUOUS,
        _NO_STAMP if packet.pts is None else packet.pts,
        _NO_STAMP if packet.dts is None else packet.dts,
        min(max(0, packet.duration), 2**32 - 1),
        max(0, packet.captured_utc_ns),
        packet.captured_monotonic_ns,
        0 if error_ms is None else min(max(0, error_ms), _MAX_ERROR_MS) + 1,
    )
    return _FRAME.pack(len(head) + len(packet.encoded) + 1, _PACKET) + head


class Unpacker:
    """Makes frames out of the bytes of one connection, whatever pieces they come in."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._has_hello = False

    @property
    def waiting_bytes(self) -> int:
        """Bytes of a frame that is not complete; more than 0 at the end: it was cut off."""
        return len(self._waiting)

    def feed(self, received: bytes | memoryview) -> Iterator[StreamHello | StreamPacket]:
        """Every frame that is complete now. Raises PacketError; the connection is then useless."""
        self._waiting += received
        start = 0
        try:
            while len(self._waiting) - start >= _FRAME.size:
                length, kind = _FRAME.unpack_from(self._waiting, start)
                if not 1 <= length <= _MAX_FRAME_BYTES:
                    raise PacketError(f"a frame of {length} bytes is over the limit or empty")
                end = start + _FRAME.size - 1 + length
                if len(self._waiting) < end:
                    break
                body = bytes(memoryview(self._waiting)[start + _FRAME.size : end])
                start = end
                yield self._read(kind, body)
        finally:
            del self._waiting[:start]

    def _read(self, kind: int, body: bytes) -> StreamHello | StreamPacket:
        if kind == _HELLO:
            self._has_hello = True
            return _read_hello(body)
        if not self._has_hello:
            raise PacketError("the first frame is no hello")
        if kind != _PACKET:
            raise PacketError(f"frame kind {kind} is unknown")
        return _read_packet(body)


def _read_hello(body: bytes) -> StreamHello:
    if len(body) < _HELLO_HEAD.size or body[:4] != MAGIC:
        raise PacketError("the hello is not one of a capture child")
    (_, version, width, height, num, den, is_masked, source, camera_bytes, codec_bytes, extra,
     camera_hash, site_hash) = _HELLO_HEAD.unpack_from(body)  # fmt: skip
    if version != VERSION:
        raise PacketError(f"the hello is of version {version}, this vault speaks {VERSION}")
    if len(body) != _HELLO_HEAD.size + camera_bytes + codec_bytes + extra:
        raise PacketError("the hello's lengths do not add up")
    names = body[_HELLO_HEAD.size :]
    try:
        hello = StreamHello(
            camera=names[:camera_bytes].decode(),
            codec=names[camera_bytes : camera_bytes + codec_bytes].decode("ascii"),
            extradata=names[camera_bytes + codec_bytes :],
            width_px=width,
            height_px=height,
            time_base_num=num,
            time_base_den=den,
            is_masked=bool(is_masked),
            source_kind=SourceKind(source),
            rules=StreamRules(camera_hash.hex(), site_hash.hex()),
        )
    except ValueError as error:
        raise PacketError(f"the hello cannot be read: {error}") from None
    _check_hello(hello, camera_bytes, codec_bytes)
    return hello


def _check_hello(hello: StreamHello, camera_bytes: int, codec_bytes: int) -> None:
    if not (0 < camera_bytes <= MAX_NAME_BYTES and 0 < codec_bytes <= MAX_NAME_BYTES):
        raise PacketError(f"the hello names its camera or codec in over {MAX_NAME_BYTES} bytes")
    if len(hello.extradata) > MAX_EXTRADATA_BYTES:
        raise PacketError(f"parameter sets of {len(hello.extradata)} bytes are over the limit")
    if not (0 < hello.width_px <= MAX_SIDE_PX and 0 < hello.height_px <= MAX_SIDE_PX):
        raise PacketError(f"a picture of {hello.width_px}x{hello.height_px} cannot be")
    if not (0 < hello.time_base_num < 2**32 and 0 < hello.time_base_den < 2**32):
        raise PacketError(f"a time base of {hello.time_base_num}/{hello.time_base_den} cannot be")


def _read_packet(body: bytes) -> StreamPacket:
    if len(body) <= _PACKET_HEAD.size:
        raise PacketError("a packet without a picture")
    flags, pts, dts, duration, utc_ns, monotonic_ns, error_ms = _PACKET_HEAD.unpack_from(body)
    return StreamPacket(
        encoded=body[_PACKET_HEAD.size :],
        is_key=bool(flags & _IS_KEY),
        is_discontinuous=bool(flags & _IS_DISCONTINUOUS),
        pts=None if pts == _NO_STAMP else pts,
        dts=None if dts == _NO_STAMP else dts,
        duration=duration,
        captured_utc_ns=utc_ns,
        captured_monotonic_ns=monotonic_ns,
        clock_error_ms=error_ms - 1 if error_ms else None,
    )
