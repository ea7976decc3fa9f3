"""Tiny drawn scenes: tracks that walk where a test says, and a video of moving squares."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.detections import Detections
from edge.eye.rules.judge import Judge
from edge.eye.rules.scene import Scene
from edge.eye.tracker import Tracker
from edge.eye.tracks import WAY_POINTS, Tracks, no_tracks
from edge.mandate.gate import recording_permit
from edge.site.model import Camera, Line, Schedule, Site, SiteFile, Zone
from edge.site.rules import Rule
from edge.wire.event import Event, ObjectClass

START_UTC_MS = 1_790_000_000_000
PERSON = ObjectClass.OBJECT_CLASS_PERSON
CAR = ObjectClass.OBJECT_CLASS_CAR
YARD = Zone("yard", "north", ((0.4, 0.4), (0.8, 0.4), (0.8, 0.9), (0.4, 0.9)))
# Walking along it goes up the picture: its left hand is the picture's left.
GATE = Line("gate", "north", (0.5, 1.0), (0.5, 0.0))


@dataclass(frozen=True, slots=True)
class Thing:
    """A track at one look, by its foot. is_seen: found; otherwise expected but hidden."""

    number: int
    x_frac: float
    y_frac: float
    is_seen: bool = True
    is_still: bool = False
    score: float = 0.9
    best_score: float = 0.0
    object_class: int = PERSON
    travel_frac: float = 0.5
    height_frac: float = 0.2


def tracks_of(
    things: Sequence[Thing], now_ns: int, first_seen_ns: dict[int, int] | None = None
) -> Tracks:
    """What a tracker would say of these things. first_seen_ns: by number, else the beginning."""
    began = first_seen_ns or {}
    if not things:
        return no_tracks()
    count = len(things)
    boxes = [(t.x_frac - 0.02, t.y_frac - t.height_frac, t.x_frac + 0.02, t.y_frac) for t in things]
    scores = np.array([t.score for t in things], np.float32)
    return Tracks(
        numbers=np.array([t.number for t in things], np.int64),
        classes=np.array([t.object_class for t in things], np.uint8),
        boxes_frac=np.array(boxes, np.float32),
        scores=scores,
        best_scores=np.maximum(scores, [t.best_score for t in things]).astype(np.float32),
        is_seen=np.array([t.is_seen for t in things]),
        is_still=np.array([t.is_still for t in things]),
        first_seen_ns=np.array([began.get(t.number, 0) for t in things], np.int64),
        last_seen_ns=np.where([t.is_seen for t in things], now_ns, 0).astype(np.int64),
        travel_frac=np.array([t.travel_frac for t in things], np.float32),
        ways_frac=np.zeros((count, WAY_POINTS, 2), np.float32),
        way_lengths=np.zeros(count, np.int64),
    )


def site_of(*rules: Rule, schedules: tuple[Schedule, ...] = ()) -> SiteFile:
    """One camera, one zone, one line, these rules."""
    return SiteFile(
        version=1,
        site=Site("town"),
        cameras=(Camera("north", "file:x.mp4", analysis_width_px=320),),
        zones=(YARD,),
        lines=(GATE,),
        schedules=schedules,
        rules=rules,
    )


def judged(
    rule: Rule,
    looks: Iterable[Sequence[Thing]],
    step_seconds: float = 0.1,
    schedules: tuple[Schedule, ...] = (),
) -> list[Event]:
    """All events of a rule over these looks."""
    judge = Judge(site_of(rule, schedules=schedules), "north", itertools.count(1))
    events: list[Event] = []
    began: dict[int, int] = {}
    for index, things in enumerate(looks):
        now_ns = round(index * step_seconds * 1e9)
        began = {thing.number: now_ns for thing in things} | began
        scene = Scene(
            tracks_of(things, now_ns, began), START_UTC_MS + now_ns // 1_000_000, now_ns, 16 / 9
        )
        events += judge.judge(scene, recording_permit("north"))
    return events


def phases(events: Iterable[Event]) -> list[tuple[int, int]]:
    """Incident and phase (1 start, 2 update, 3 end) of each event."""
    return [(event.incident, int(event.phase)) for event in events]


def found(
    *boxes: tuple[float, float, float, float], score: float = 0.9, kind: int = PERSON
) -> Detections:
    """Detections of one class and score."""
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(count, 4),
        np.full(count, score, np.float32),
        np.full(count, kind, np.uint8),
    )


def tracked(
    tracker: Tracker, looks: Iterable[Detections], step_seconds: float = 0.1, begin_ns: int = 0
) -> list[Tracks]:
    """What the tracker says after each look."""
    return [
        tracker.update(look, begin_ns + round(index * step_seconds * 1e9))
        for index, look in enumerate(looks)
    ]


class BrightThings:
    """A detector for drawn videos: every bright patch is a person. Strict about its input."""

    input_width_px = 160
    input_height_px = 90
    keeps_aspect = True
    tall_px = clear_px = 24

    def find(self, rgb: npt.NDArray[np.uint8]) -> Detections:
        assert rgb.shape == (90, 160, 3)
        assert rgb.dtype == np.uint8
        bright = cv2.inRange(rgb, (200, 200, 200), (255, 255, 255))
        stats = np.asarray(cv2.connectedComponentsWithStats(bright)[2])[1:]
        boxes = [
            (left / 160, top / 90, (left + width) / 160, (top + height) / 90)
            for left, top, width, height, area in stats
            if area >= 12
        ]
        return found(*boxes)


def draw_walkers(path: Path, frames: int = 60, walkers: int = 2) -> None:
    """A video of bright patches that walk from left to right over grey noise, 10 fps."""
    rng = np.random.default_rng(7)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for index in range(frames):
            picture = rng.integers(60, 90, (180, 320, 3), np.uint8)
            for walker in range(walkers):
                left, top = 20 + 4 * index + 30 * walker, 40 + 50 * walker
                picture[top : top + 40, left : left + 16] = 235
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
