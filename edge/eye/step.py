"""The whole eye on one screen: gate, detect, track, judge."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge.eye.detections import Detections
from edge.eye.frame import Frame
from edge.eye.gate import Gate, Motion
from edge.eye.health import CameraHealth
from edge.eye.picture import rgb_picture, small_luma
from edge.eye.rules.judge import Judge
from edge.eye.rules.scene import Scene
from edge.eye.tracker import Tracker
from edge.eye.tracks import Tracks, no_tracks
from edge.mandate.gate import Permit
from edge.site.model import SiteFile
from edge.wire.event import Event

# The detector looks again even when nothing moves: soon if something is hidden or not yet sure,
# each second while something is there, and now and then at an empty street.
_REFRESH_HIDDEN_NS = 300_000_000
_REFRESH_TRACKS_NS = 1_000_000_000
_REFRESH_EMPTY_NS = 2_000_000_000


class Detector(Protocol):
    """What the eye needs of a detector (edge/eye/detector)."""

    input_width_px: int
    input_height_px: int

    def find(self, rgb: npt.NDArray[np.uint8]) -> Detections:
        """Things in a picture, uint8 (height, width, 3) RGB."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What one step saw. found: None where the detector did not look, `is_due` if it should."""

    motion: Motion
    found: Detections | None
    is_due: bool
    tracks: Tracks
    events: list[Event]


class Analysis:
    """The eye of one camera. All state between frames is here; time comes with the frames."""

    def __init__(
        self, site: SiteFile, camera: str, detector: Detector, numbers: Iterator[int]
    ) -> None:
        self._detector = detector
        self._gate = Gate()
        self._tracker = Tracker()
        self._judge = Judge(site, camera, numbers)
        self.health = CameraHealth(camera, site.health, numbers)
        self._tracks = no_tracks()
        self._looked_ns: int | None = None
        self._heeded: Permit | None = None
        self._allowed: frozenset[int] = frozenset()
        self._wanted: frozenset[int] = frozenset()
        self._is_wanted = np.zeros(256, np.bool_)

    def step(self, frame: Frame, permit: Permit, *, may_detect: bool = True) -> Seen:
        """Look at one frame.

        permit: the mandate's word on this camera now. may_detect: whether the budget has time for
        the detector.
        """
        now_ns, luma = frame.captured_monotonic_ns, small_luma(frame)
        self._heed(permit, now_ns)
        motion = self._gate.look(luma, now_ns)
        is_due = bool(self._wanted) and (motion.is_active or self._is_refresh_due(now_ns))
        found = self._detect(frame, permit) if is_due and may_detect else None
        if found is not None:
            self._tracks = self._tracker.update(found, now_ns)
        scene = Scene(
            tracks=self._tracks,
            captured_utc_ms=max(0, frame.captured_utc_ns // 1_000_000),
            monotonic_ns=now_ns,
            aspect=frame.source_width_px / frame.source_height_px,
        )
        events = self._judge.judge(scene, permit)
        events += self.health.look(luma, frame.captured_utc_ns, now_ns)
        return Seen(motion, found, is_due, self._tracks, events)

    def _heed(self, permit: Permit, now_ns: int) -> None:
        """What may be found follows the permit; what was found without it any more is forgotten."""
        if permit is not self._heeded:
            self._heeded, self._allowed = permit, self._judge.wanted_classes(permit)
        wanted = self._allowed if permit.holds(now_ns) else frozenset()
        if wanted != self._wanted:
            self._wanted = wanted
            self._is_wanted = np.isin(np.arange(256), list(wanted))
            self._tracker, self._tracks = Tracker(), no_tracks()
            self._looked_ns = None

    def _detect(self, frame: Frame, permit: Permit) -> Detections:
        """The only call that starts inference; what no permitted rule looks for does not exist."""
        if not permit.holds(frame.captured_monotonic_ns):
            raise PermissionError(f"inference on {frame.camera} without a permit")
        self._looked_ns = frame.captured_monotonic_ns
        width_px, height_px = self._detector.input_width_px, self._detector.input_height_px
        found = self._detector.find(rgb_picture(frame, width_px, height_px))
        return found.only(self._is_wanted)

    def _is_refresh_due(self, now_ns: int) -> bool:
        if self._looked_ns is None:
            return True
        pause_ns = _REFRESH_EMPTY_NS
        if len(self._tracks):
            is_hidden = ~self._tracks.is_seen & ~self._tracks.is_still
            pause_ns = _REFRESH_HIDDEN_NS if is_hidden.any() else _REFRESH_TRACKS_NS
        return now_ns - self._looked_ns >= pause_ns
