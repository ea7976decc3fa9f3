"""What the eye signals: from annotated boxes, from a detector, and where there is nothing.

Annotated boxes go through tracker and rules alone, so that what is wrong there is theirs; a
detector goes through the whole eye, gate and all.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.eye.replay import DEFAULT_START_UTC_NS, replay_events, with_source
from edge.eye.rules.judge import Judge
from edge.eye.rules.scene import Scene
from edge.eye.step import Detector
from edge.eye.tracker import Tracker
from edge.mandate.gate import recording_permit
from edge.site.model import Camera, Site, SiteFile, Zone
from edge.site.rules import Count, Intrusion, LineCrossing, Loitering, ObjectWord, Rule
from edge.wire.event import Event, Phase
from tools.evaluation.events import SignalScore, score_signals
from tools.evaluation.negatives import LOOKS_PER_SECOND, Negative
from tools.evaluation.tracking import Rows, as_detections
from tools.evaluation.truth import Happening, expected, expected_counts, read_paths

KINDS: dict[type[Rule], str] = {
    LineCrossing: "line crossing",
    Intrusion: "zone entry",
    Loitering: "dwell",
    Count: "count",
}
# Signals that hard negatives must not give, by the group that is absent.
WATCHED: dict[str, tuple[ObjectWord, ...]] = {
    "person": ("person",),
    "two_wheeler": ("bicycle", "motorcycle"),
    "vehicle": ("car", "bus", "truck"),
}
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Annotated:
    """Annotated tracks of one clip, MOT rows, with its rate and its size in pixels."""

    fps: float
    width_px: int
    height_px: int
    rows: Rows


@dataclass(frozen=True, slots=True)
class FalseSignals:
    """Signals of things that are not in a clip: all of them wrong."""

    clip: str
    absent: str
    source: str
    hours: float
    signals: int


def replay_clip(
    site: SiteFile, clip: Path, detector: Detector, on_look: Callable[[object], None]
) -> list[Event]:
    """What the whole eye signals on a clip. on_look: told of each frame."""
    changed, camera = with_source(site, site.cameras[0], f"file:{clip}")
    return replay_events(changed, camera, detector, on_look=on_look)


def judge_annotated(site: SiteFile, truth: Annotated) -> list[Event]:
    """What the rules signal when every annotated box is seen, and surely."""
    camera = site.cameras[0].name
    tracker, judge = Tracker(), Judge(site, camera, itertools.count(1))
    permit = recording_permit(camera)
    size = np.array([truth.width_px, truth.height_px] * 2, float)
    rows = truth.rows.copy()
    rows[:, 6] = 1.0
    events: list[Event] = []
    for number in range(1, int(rows[:, 0].max()) + 1):
        now_ns = round((number - 1) / truth.fps * _NS)
        tracks = tracker.update(as_detections(rows[rows[:, 0] == number], size), now_ns)
        captured_ms = (DEFAULT_START_UTC_NS + now_ns) // 1_000_000
        scene = Scene(tracks, captured_ms, now_ns, truth.width_px / truth.height_px)
        events += judge.judge(scene, permit)
    return events


def score_events(
    site: SiteFile, truth: Annotated, source: str, events: Iterable[Event]
) -> list[SignalScore]:
    """One score for each kind of rule, all rules of the kind together."""
    paths = read_paths(truth.rows, truth.fps, truth.width_px, truth.height_px)
    starts = [one for one in events if one.phase == Phase.PHASE_START]
    by_rule = score_signals(source, _happenings(starts), expected(site, paths))
    scores = []
    for kind, name in KINDS.items():
        rules = {rule.name: rule for rule in site.rules if type(rule) is kind}
        found = [one for one in by_rule if one.rule in rules]
        if kind is Count:
            found = _score_counts(source, rules, starts, expected_counts(site, paths))
        sums = [sum(getattr(one, each) for one in found) for each in _FIGURES]
        scores.append(SignalScore(source, name, *sums))
    return scores


def count_false_signals(
    clip: Negative, source: str, detector: Detector, on_look: Callable[[object], None]
) -> FalseSignals:
    """What a zone over the whole frame signals where nothing of its classes is."""
    groups = [group for group in clip.absent if group in WATCHED]
    watched = [word for group in groups for word in WATCHED[group]]
    camera = Camera("negative", f"file:{clip.path}", analysis_fps=float(LOOKS_PER_SECOND))
    everywhere = Zone("all", "negative", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    rule = Intrusion(name="nobody", function="intrusion", zone="all", classes=tuple(watched))
    site = SiteFile(
        version=1, site=Site("negative"), cameras=(camera,), zones=(everywhere,), rules=(rule,)
    )
    events = replay_events(site, camera, detector, on_look=on_look)
    signals = [one for one in events if one.rule == "nobody" and one.phase == Phase.PHASE_START]
    return FalseSignals(clip.path.stem, ", ".join(groups), source, clip.hours, len(signals))


_FIGURES = ("matched", "signalled", "happened")


def _happenings(starts: Sequence[Event]) -> list[Happening]:
    return [
        Happening(one.rule, _seconds(one), (box.left_frac + box.right_frac) / 2, box.bottom_frac)
        for one in starts
        for box in [one.box]
        if box is not None
    ]


def _score_counts(
    source: str,
    rules: dict[str, Rule],
    starts: Sequence[Event],
    happened: dict[tuple[str, int], int],
) -> list[SignalScore]:
    """Periods that were told; what goes on when the clip ends never is."""
    told: dict[tuple[str, int], int] = {}
    for one in starts:
        rule = rules.get(one.rule)
        if isinstance(rule, Count):
            # It is told at the first look after the period.
            period = int(_seconds(one) // rule.period_seconds) - 1
            told[one.rule, period] = one.measured or 0
    return [
        SignalScore(source, rule, min(count, true), count, true)
        for (rule, period), count in told.items()
        for true in [happened.get((rule, period), 0)]
    ]


def _seconds(event: Event) -> float:
    return event.captured_utc_ms / 1e3 - DEFAULT_START_UTC_NS / _NS
