"""Cameras and rings for tests: packets drawn or invented, a city's mandate, a clock of our own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Protocol

import av

from edge.clock import Clock
from edge.mandate.gate import Facts, Permit
from edge.vault.disk import Disk, SystemDisk
from edge.vault.places import VaultPlaces
from edge.vault.reader import RingReader
from edge.vault.record import Header
from edge.vault.recorder import Recorder, open_recorder
from edge.vault.scribe import QUEUE_BYTES
from edge.wire.packets import SourceKind, StreamHello, StreamPacket, StreamRules
from tests.edge.eye.camera.films import Film, write_film
from tests.fakes.clock import FakeClock
from tests.fakes.mandates import CAMERA, City, make_room

FPS = 25
FRAME_NS = 1_000_000_000 // FPS
MINUTE_NS = 60_000_000_000
DAY_NS = 86_400_000_000_000
CLOCK_ERROR_MS = 7
UNPROVEN_MS = None
RULES = StreamRules("aa" * 32, "bb" * 32)
"""What a stream says of its site file where a test gives it no other."""


@dataclass(frozen=True, slots=True)
class Movie:
    """What a capture child would send: one hello and packets with stamps from 0."""

    hello: StreamHello
    packets: tuple[StreamPacket, ...]

    def from_moment(self, utc_ns: int, monotonic_ns: int, count: int | None = None) -> "Movie":
        """The same, captured from a moment on."""
        moved = tuple(
            replace(
                each,
                captured_utc_ns=each.captured_utc_ns + utc_ns,
                captured_monotonic_ns=each.captured_monotonic_ns + monotonic_ns,
            )
            for each in self.packets[:count]
        )
        return Movie(self.hello, moved)


def invented(
    frames: int, *, group: int = FPS, size_bytes: int = 400, camera: str = CAMERA
) -> Movie:
    """Packets of a codec that nobody looks into, each unlike every other."""
    hello = StreamHello(camera, "mjpeg", b"", 640, 480, 1, 90_000, False, SourceKind.CAMERA, RULES)
    packets = tuple(
        StreamPacket(
            encoded=number.to_bytes(4, "big") * (size_bytes // 4),
            is_key=number % group == 0,
            is_discontinuous=False,
            pts=number * 3_600,
            dts=number * 3_600,
            duration=3_600,
            captured_utc_ns=number * FRAME_NS,
            captured_monotonic_ns=number * FRAME_NS,
            clock_error_ms=CLOCK_ERROR_MS,
        )
        for number in range(frames)
    )
    return Movie(hello, packets)


@cache
def filmed(
    folder: Path,
    codec: str = "libx264",
    container: str = "mp4",
    group: int = FPS,
    width_px: int = 160,
) -> Movie:
    """Packets of a real encoder: mp4 has lengths and a record, h264 and hevc have start codes."""
    options = {"g": str(group), "bf": "0", "preset": "ultrafast"}
    if codec == "libx265":
        options = {"preset": "ultrafast", "x265-params": f"keyint={group}:bframes=0:log-level=none"}
    path = write_film(
        folder / f"film-{codec}-{group}-{width_px}.{container}",
        Film(width_px=width_px, height_px=120, count=60, codec=codec, options=options),
    )
    with av.open(str(path)) as opened:
        stream = opened.streams.video[0]
        assert stream.time_base is not None
        hello = StreamHello(
            CAMERA,
            stream.codec_context.name,
            stream.codec_context.extradata or b"",
            width_px,
            120,
            stream.time_base.numerator,
            stream.time_base.denominator,
            False,
            SourceKind.FILE,
            RULES,
        )
        packets = tuple(
            StreamPacket(
                encoded=bytes(each),
                is_key=each.is_keyframe,
                is_discontinuous=False,
                pts=each.pts,
                dts=each.dts,
                duration=each.duration or 0,
                captured_utc_ns=number * FRAME_NS,
                captured_monotonic_ns=number * FRAME_NS,
                clock_error_ms=CLOCK_ERROR_MS,
            )
            for number, each in enumerate(packet for packet in opened.demux(stream) if packet.size)
        )
    return Movie(hello, packets)


class Asked(Protocol):
    """A gate, asked for one camera."""

    def __call__(self, camera: str, facts: Facts | None = None) -> Permit: ...


@dataclass(slots=True)
class Pole:
    """A vault's part of a pole, with a mandate and a clock that the test moves."""

    data: Path
    city: City = field(default_factory=City)
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def places(self) -> VaultPlaces:
        return VaultPlaces(self.data)

    def permits(self, clock: Clock | None = None) -> Asked:
        """A vault's gate under the city's mandate."""
        return make_room(self.data, clock or self.clock, room="vault").permit

    def record(
        self,
        *,
        disk: Disk | None = None,
        permit: Asked | None = None,
        quota_bytes: int = 10**9,
        queue_bytes: int = QUEUE_BYTES,
        retry_s: float = 0.001,
    ) -> Recorder:
        """A vault without its socket."""
        return open_recorder(
            self.places,
            permit or self.permits(),
            clock=self.clock,
            disk=disk or SystemDisk(),
            quota_bytes=quota_bytes,
            queue_bytes=queue_bytes,
            retry_s=retry_s,
        )

    def play(self, recorder: Recorder, movie: Movie) -> None:
        """Give a movie's packets, captured from now on; the clock goes on with them."""
        now = movie.from_moment(self.clock.utc_ns(), self.clock.monotonic_ns())
        recorder.begin(now.hello)
        self.go_on(recorder, now.packets)

    def go_on(self, recorder: Recorder, packets: Sequence[StreamPacket]) -> None:
        """Give packets whose times are set, each at its own moment."""
        for packet in packets:
            passed_ns = packet.captured_monotonic_ns - self.clock.monotonic_ns()
            self.clock.advance(max(0, passed_ns) / 1e9)
            recorder.take(CAMERA, packet)

    def headers(self, camera: str = CAMERA) -> list[Header]:
        """All headers in the ring."""
        with self.reading() as reader:
            return reader.footage(camera).list_headers(0, 2**62)

    def samples(self, camera: str = CAMERA) -> list[bytes]:
        """Every sample in the ring, opened."""
        with self.reading() as reader:
            footage = reader.footage(camera)
            found = []
            for header in footage.list_headers(0, 2**62):
                fragment = footage.open_fragment(header)
                place = 0
                for row in fragment.rows:
                    found.append(bytes(fragment.samples[place : place + row.sample_bytes]))
                    place += row.sample_bytes
            return found

    @contextmanager
    def reading(self) -> Iterator[RingReader]:
        with RingReader(self.places) as reader:
            yield reader

    def segments(self, camera: str = CAMERA) -> list[Path]:
        """Segment files, the oldest first."""
        return sorted((self.places.ring / camera).glob("*.seg"), key=lambda each: each.name[-12:])


def make_pole(data: Path, **mandate: object) -> Pole:
    """A pole whose city has signed one mandate; changes as `tests.fakes.mandates.statement`."""
    pole = Pole(data)
    pole.city.install(data, pole.city.mandate(**mandate))
    return pole
