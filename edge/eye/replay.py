"""A recording through the real eye: the same events every time, fast or at its own pace."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from edge.eye.camera import frames
from edge.eye.camera.recording import Replay
from edge.eye.frame import Frame
from edge.eye.step import Analysis, Detector, Seen
from edge.mandate.gate import recording_permit
from edge.site.model import Camera, SiteFile
from edge.wire.event import Event

# Where a recording does not say when it was made, it was made here: 2026-01-01 12:00 UTC.
DEFAULT_START_UTC_NS = 1_767_268_800_000_000_000


@dataclass(frozen=True, slots=True)
class Looked:
    """One frame of a replay and what was seen in it. The frame's arrays are gone at the next."""

    frame: Frame
    seen: Seen


def replay(
    site: SiteFile,
    camera: Camera,
    detector: Detector,
    *,
    start_utc_ns: int = DEFAULT_START_UTC_NS,
    wait_until_ns: Callable[[int], None] | None = None,
) -> Iterator[Looked]:
    """Look at every frame that the camera's analysis_fps chooses, in order.

    camera: one of the site's, its source a recording or a scene. wait_until_ns: called with each
    frame's time since the start, to keep the recording's own pace; None: as fast as possible.

    Raises: VigieError where the recording cannot be read.
    """
    analysis = Analysis(site, camera.name, detector, itertools.count(1))
    permit = recording_permit(camera.name)
    for frame in frames(camera, Replay(start_utc_ns)):
        if wait_until_ns is not None:
            wait_until_ns(frame.captured_monotonic_ns)
        yield Looked(frame, analysis.step(frame, permit))


def replay_events(
    site: SiteFile,
    camera: Camera,
    detector: Detector,
    start_utc_ns: int = DEFAULT_START_UTC_NS,
    on_look: Callable[[Looked], None] = lambda _: None,
) -> list[Event]:
    """All events of a recording. on_look: told of each frame when it has been looked at."""
    events: list[Event] = []
    for look in replay(site, camera, detector, start_utc_ns=start_utc_ns):
        events += look.seen.events
        on_look(look)
    return events


def with_source(site: SiteFile, camera: Camera, source: str) -> tuple[SiteFile, Camera]:
    """The site with one camera looking at something else."""
    changed = replace(camera, source=source)
    cameras = tuple(changed if each.name == camera.name else each for each in site.cameras)
    return replace(site, cameras=cameras), changed
