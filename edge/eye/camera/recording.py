"""The replay's way in: a recording or a scene, here, in order, nothing dropped."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from edge.eye.camera.facts import LossReason
from edge.eye.camera.opening import open_source
from edge.eye.camera.preparation import Preparation
from edge.eye.camera.source import CameraError, PacketSink, Picture, Source, load_address
from edge.eye.frame import Frame
from edge.site.model import Camera


@dataclass(slots=True)
class Totals:
    """What a replay has read so far; the caller's to read while it runs."""

    frames_captured: int = 0
    packets: int = 0
    video_bytes: int = 0
    damaged_packets: int = 0


@dataclass(frozen=True, slots=True)
class Replay:
    """How to read a recording.

    start_utc_ns, start_monotonic_ns: the times given to its first picture; every other time
        follows from the stream's own stamps, so two replays are the same to the byte.
    is_looped: begin anew at the end, without end; time goes on growing.
    """

    start_utc_ns: int
    start_monotonic_ns: int = 0
    is_looped: bool = False
    totals: Totals = field(default_factory=Totals)


def frames(camera: Camera, replay: Replay) -> Iterator[Frame]:
    """Every frame of a `file:` or `sim:` camera that analysis_fps chooses, masked and scaled.

    A caller that wants the recording's own pace waits until each frame's captured_monotonic_ns
    itself. Raises: CameraError.
    """
    address = load_address(camera.source)
    if not address.is_replayable:
        raise CameraError(
            LossReason.UNSUPPORTED,
            f"{address.shown} is live and cannot be replayed",
            where=f"camera {camera.name}",
            hint="Replay a recording: file:PATH.",
        )
    preparation = Preparation(camera)
    for picture in pictures(camera, replay):
        number = replay.totals.frames_captured - 1
        if preparation.chooses(picture.stream_ns):
            yield preparation.make_frame(
                picture,
                number,
                replay.start_utc_ns + picture.stream_ns,
                replay.start_monotonic_ns + picture.stream_ns,
            )


def pictures(camera: Camera, replay: Replay, sink: PacketSink | None = None) -> Iterator[Picture]:
    """Every picture, with stream_ns counted on through all rounds of a looped recording.

    A masked camera's packets are counted and kept from the sink. Raises: CameraError, also for a
    recording without a single picture.
    """
    address = load_address(camera.source)
    offset_ns = 0
    for _ in itertools.count() if replay.is_looped else range(1):
        last_ns, period_ns = -1, 1
        source = open_source(address, None if camera.masks else sink)
        try:
            for picture in source.pictures():
                _add(source, replay.totals)
                period_ns = max(1, picture.stream_ns - max(0, last_ns))
                last_ns = picture.stream_ns
                yield Picture(
                    offset_ns + last_ns, picture.width_px, picture.height_px, picture.develop
                )
            _add(source, replay.totals, pictures=0)
        finally:
            source.close()
        if last_ns < 0:
            raise CameraError(
                LossReason.GARBAGE,
                f"not one picture in {address.shown} can be decoded",
                hint="It is damaged, cut off, or something else; play it with ffplay to see.",
            )
        offset_ns += last_ns + period_ns


def _add(source: Source, totals: Totals, pictures: int = 1) -> None:
    traffic = source.traffic
    totals.frames_captured += pictures
    totals.packets += traffic.packets
    totals.video_bytes += traffic.video_bytes
    totals.damaged_packets += traffic.damaged_packets
    traffic.packets = traffic.video_bytes = traffic.damaged_packets = 0
