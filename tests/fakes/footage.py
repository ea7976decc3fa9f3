"""Real encoded video as fragments of a ring, without the ring's disk."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import av
import numpy as np

from edge.errors import Kind, VigieError
from edge.vault.fragment import Fragment, Gap
from edge.vault.gathering import Context, Gatherer
from edge.vault.index import GapRow
from edge.vault.record import NO_CHAIN, Header
from edge.vault.sealing import AES_256_GCM, describe
from edge.wire.packets import SourceKind, StreamHello, StreamPacket, StreamRules
from tests.fakes.evidence import NOW_UTC_MS
from tests.fakes.mandates import CAMERA

FPS = 10
SIDE_PX = 64
BEGINS_NS = (NOW_UTC_MS - 60_000) * 1_000_000


@dataclass
class Footage:
    """Fragments in memory. `opened`: how often one was opened."""

    fragments: list[tuple[Header, Fragment]] = field(default_factory=list)
    damaged: set[int] = field(default_factory=set)
    opened: int = 0

    @property
    def headers(self) -> list[Header]:
        return [header for header, _ in self.fragments]

    def add(self, fragment: Fragment, mandate_version: int = 1) -> Header:
        """As the ring's writer does, but for the disk."""
        before = self.fragments[-1][0] if self.fragments else None
        header, _ = describe(
            fragment,
            seq=before.seq + 1 if before else 1,
            day=0,
            suite=AES_256_GCM,
            mandate_version=mandate_version,
            before=before.chain if before else NO_CHAIN,
        )
        self.fragments.append((header, fragment))
        return header

    def list_headers(self, from_utc_ns: int, to_utc_ns: int) -> Sequence[Header]:
        found = [
            header
            for header in self.headers
            if header.last_utc_ns >= from_utc_ns and header.first_utc_ns <= to_utc_ns
        ]
        while found and not found[0].starts_at_key:
            found.insert(0, self.headers[found[0].seq - 2])
        return found

    def open_fragment(self, header: Header) -> Fragment:
        self.opened += 1
        if header.seq in self.damaged:
            raise VigieError(Kind.DATA_LOSS, "its seal is broken")
        return self.fragments[header.seq - 1][1]


def encode(
    seconds: float,
    *,
    codec: str = "libx264",
    group_frames: int = FPS,
    b_frames: int = 0,
    begins_ns: int = BEGINS_NS,
    side_px: int = SIDE_PX,
) -> tuple[StreamHello, list[StreamPacket]]:
    """A grey picture that grows lighter from frame to frame, as packets of a camera."""
    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as container:
        options = {"bf": str(b_frames), "preset": "ultrafast", "x265-params": "log-level=none"}
        stream = container.add_stream(codec, rate=FPS, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width = stream.height = side_px
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = group_frames
        for number in range(round(seconds * FPS)):
            picture = np.full((side_px, side_px, 3), 60 + number % 120, np.uint8)
            picture[: number % side_px] = 200
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    made.seek(0)
    with av.open(made, "r") as container:
        return demux(container, begins_ns)


def demux(
    container: av.container.InputContainer, begins_ns: int, fps: int = FPS
) -> tuple[StreamHello, list[StreamPacket]]:
    """A file's packets as a camera's, at an even pace from a moment on."""
    stream = container.streams.video[0]
    base = stream.time_base or Fraction(1, FPS)
    hello = StreamHello(
        camera=CAMERA,
        codec=stream.codec_context.name,
        extradata=stream.codec_context.extradata or b"",
        width_px=stream.codec_context.width,
        height_px=stream.codec_context.height,
        time_base_num=base.numerator,
        time_base_den=base.denominator,
        is_masked=False,
        source_kind=SourceKind.CAMERA,
        rules=StreamRules("00" * 32, "00" * 32),
    )
    packets = [
        StreamPacket(
            encoded=bytes(packet),
            is_key=packet.is_keyframe,
            is_discontinuous=False,
            pts=packet.pts,
            dts=packet.dts,
            duration=packet.duration or 0,
            captured_utc_ns=begins_ns + number * 1_000_000_000 // fps,
            captured_monotonic_ns=begins_ns + number * 1_000_000_000 // fps,
            clock_error_ms=12,
        )
        for number, packet in enumerate(
            each for each in container.demux(stream) if each.size and each.dts is not None
        )
    ]
    return hello, packets


def gather(hello: StreamHello, packets: Sequence[StreamPacket]) -> Iterator[Fragment]:
    """As the vault does."""
    gatherer = Gatherer(hello.camera)
    yield from gatherer.begin(hello)
    for packet in packets:
        yield from gatherer.take(packet, Context(packet.captured_utc_ns, "kernel_ntp"))
    yield from gatherer.flush()


def record(seconds: float, **how: object) -> Footage:
    """A ring with so many seconds of one camera."""
    footage = Footage()
    for fragment in gather(*encode(seconds, **how)):  # type: ignore[arg-type]
        footage.add(fragment)
    return footage


def record_again(
    footage: Footage, seconds: float, gap: Gap, *, after_s: float, **how: object
) -> None:
    """The camera goes on after a gap; its stream's own clock begins anew."""
    begins_ns = footage.headers[-1].last_utc_ns + round(after_s * 1e9)
    hello, packets = encode(seconds, begins_ns=begins_ns, **how)  # type: ignore[arg-type]
    for number, fragment in enumerate(gather(hello, packets)):
        footage.add(replace(fragment, gap=None if number else gap))


@dataclass
class FakeRing:
    """A ring of one camera in memory, for the clip desk."""

    held: Footage
    gap_rows: list[GapRow] = field(default_factory=list)

    def __enter__(self) -> "FakeRing":
        return self

    def __exit__(self, *_: object) -> None:
        return

    def cameras(self) -> list[str]:
        return [CAMERA]

    def span(self, camera: str) -> tuple[int, int] | None:
        headers = self.held.headers
        return (headers[0].first_utc_ns, headers[-1].last_utc_ns) if headers else None

    def gaps(self, camera: str) -> list[GapRow]:
        return self.gap_rows

    def footage(self, camera: str) -> Footage:
        return self.held
