"""The whole eye on one screen: gate, detect, track, judge."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge.eye.attention import Attention, Canvas, Choice, Glance, Habits, View
from edge.eye.attention.canvas import compose
from edge.eye.attention.merge import looked_at, merge
from edge.eye.attention.places import places_of
from edge.eye.attention.plan import whole_crop
from edge.eye.detections import Detections
from edge.eye.frame import Frame
from edge.eye.gate import Gate, Motion
from edge.eye.health import CameraHealth
from edge.eye.picture import small_luma
from edge.eye.rules.judge import Judge
from edge.eye.rules.scene import Scene
from edge.eye.rules.telling import marks_of
from edge.eye.sway import Sway
from edge.eye.tracker import Tracker
from edge.eye.tracks import Tracks, no_tracks
from edge.mandate.gate import Permit
from edge.site.model import SiteFile
from edge.wire.event import Event

# A detector that is shown whole frames looks again even when nothing moves: soon if something is
# hidden or not yet sure, each second while something is there, and now and then at an empty street.
_REFRESH_HIDDEN_NS = 300_000_000
_REFRESH_TRACKS_NS = 1_000_000_000
# Glances at one frame of a recording, where no budget decides.
REPLAY_GLANCES = 4


class Detector(Protocol):
    """What the eye needs of a detector (edge/eye/detector)."""

    input_width_px: int
    input_height_px: int
    keeps_aspect: bool
    tall_px: int
    clear_px: int

    def find(self, rgb: npt.NDArray[np.uint8]) -> Detections:
        """Things in a picture, uint8 (height, width, 3) RGB."""
        ...


def canvas_of(detector: Detector) -> Canvas:
    """The picture that it takes."""
    return Canvas(
        detector.input_width_px,
        detector.input_height_px,
        detector.keeps_aspect,
        detector.tall_px,
        detector.clear_px,
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """What one step saw.

    found: None where the detector did not look, `is_due` if it should. tracks, events: where things
    are in this picture, however it has swayed. glances: what it looked at.
    """

    motion: Motion
    found: Detections | None
    is_due: bool
    tracks: Tracks
    events: list[Event]
    glances: tuple[Glance, ...] = ()


class Analysis:
    """The eye of one camera. All state between frames is here; time comes with the frames."""

    def __init__(
        self, site: SiteFile, camera: str, detector: Detector, numbers: Iterator[int]
    ) -> None:
        self._detector = detector
        self._canvas = canvas_of(detector)
        self._detection, self._places = site.detection, places_of(site, camera)
        self._attention = self._begin_attention()
        self._gate, self._sway = Gate(), Sway()
        self._swayed = np.zeros(2, np.float32)
        self._tracker = Tracker()
        self._judge = Judge(site, camera, numbers)
        self.health = CameraHealth(camera, site.health, numbers)
        self._tracks = no_tracks()
        self._looked_ns: int | None = None
        self._heeded: Permit | None = None
        self._allowed: frozenset[int] = frozenset()
        self._wanted: frozenset[int] = frozenset()
        self._is_wanted = marks_of(())

    def step(self, frame: Frame, permit: Permit, *, most_glances: int = REPLAY_GLANCES) -> Seen:
        """Look at one frame.

        permit: the mandate's word on this camera now. most_glances: for how many looks of the
        detector the budget has time.
        """
        now_ns, luma = frame.captured_monotonic_ns, small_luma(frame)
        self._heed(permit, now_ns)
        motion = self._gate.look(luma, now_ns)
        view = View(frame.size_px, motion, self._tracks_here(), now_ns)
        choice = self._choose(view, most_glances) if self._wanted else Choice(False, ())
        found = self._detect(frame, permit, choice.glances) if choice.glances else None
        if found is not None:
            self._swayed = self._sway.look(luma, now_ns)
            self._learn(view, choice.glances, found)
        scene = Scene(
            tracks=self._tracks,
            captured_utc_ms=max(0, frame.captured_utc_ns // 1_000_000),
            monotonic_ns=now_ns,
            aspect=frame.source_width_px / frame.source_height_px,
        )
        events = [self._told_here(event) for event in self._judge.judge(scene, permit)]
        events += self.health.look(luma, frame.captured_utc_ns, now_ns)
        return Seen(motion, found, choice.is_due, self._tracks_here(), events, choice.glances)

    def _heed(self, permit: Permit, now_ns: int) -> None:
        """What may be found follows the permit; what was found without it any more is forgotten."""
        if permit is not self._heeded:
            self._heeded, self._allowed = permit, self._judge.wanted_classes(permit)
        wanted = self._allowed if permit.holds(now_ns) else frozenset()
        if wanted != self._wanted:
            self._wanted = wanted
            self._is_wanted = marks_of(wanted)
            self._tracker, self._tracks = Tracker(), no_tracks()
            self._attention = self._begin_attention()
            self._looked_ns = None

    def _begin_attention(self) -> Attention:
        """Nothing has been looked at yet."""
        asked = self._detection
        habits = Habits(asked.whole_seconds, asked.sweep_seconds)
        return Attention(self._canvas, self._places, habits)

    def _choose(self, view: View, most: int) -> Choice:
        """What to look at, by the site's way of looking."""
        if self._detection.looks == "regions":
            return self._attention.choose(view, most)
        is_due = view.motion.is_active or self._is_refresh_due(view.now_ns)
        whole: Glance = (whole_crop(view.frame_px, self._canvas),)
        return Choice(is_due, (whole,) if is_due and most > 0 else ())

    def _detect(self, frame: Frame, permit: Permit, glances: tuple[Glance, ...]) -> Detections:
        """The only call that starts inference; what no permitted rule looks for does not exist."""
        if not permit.holds(frame.captured_monotonic_ns):
            raise PermissionError(f"inference on {frame.camera} without a permit")
        self._looked_ns = frame.captured_monotonic_ns
        found = [self._detector.find(compose(frame, each, self._canvas)) for each in glances]
        return merge(glances, found, frame.size_px, self._canvas).only(self._is_wanted)

    def _learn(self, view: View, glances: tuple[Glance, ...], found: Detections) -> None:
        """What was found becomes tracks, where it is at rest, and says where to look next."""
        at_rest = found.moved(-self._swayed)
        if self._detection.looks == "whole":
            self._tracks = self._tracker.update(at_rest, view.now_ns)
            return
        looked = looked_at(glances, view.frame_px, self._canvas).moved(-self._swayed)
        self._tracks = self._tracker.update(at_rest, view.now_ns, looked)
        self._attention.note(replace(view, tracks=self._tracks_here()), glances, found)

    def _tracks_here(self) -> Tracks:
        """Where the tracks are in a picture that has swayed as at the last look."""
        return self._tracks.moved(self._swayed)

    def _told_here(self, event: Event) -> Event:
        """Judged where things are at rest, told where they are seen."""
        if event.box is None:
            return event
        return replace(event, box=event.box.moved(*self._swayed.tolist()))

    def _is_refresh_due(self, now_ns: int) -> bool:
        if self._looked_ns is None:
            return True
        pause_ns = round(self._detection.whole_seconds * 1e9)
        if len(self._tracks):
            is_hidden = ~self._tracks.is_seen & ~self._tracks.is_still
            pause_ns = _REFRESH_HIDDEN_NS if is_hidden.any() else _REFRESH_TRACKS_NS
        return now_ns - self._looked_ns >= pause_ns
