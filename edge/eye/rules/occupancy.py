"""Occupancy: how many things are in a zone; an incident while it is above a limit."""

from collections.abc import Iterator

import numpy as np

from edge.eye.rules.geometry import Area
from edge.eye.rules.incident import END, Incidents, Told, limits_of
from edge.eye.rules.scene import Scene
from edge.eye.rules.telling import looked_for, marks_of
from edge.site.model import Zone
from edge.site.rules import Occupancy
from edge.wire.event import Event, ObjectClass

# A thing hidden for less than this is still there.
_HIDDEN_NS = 2_000_000_000
_ZONE = 0


class OccupancyRule:
    """One occupancy rule of one camera."""

    def __init__(self, rule: Occupancy, zone: Zone, numbers: Iterator[int]) -> None:
        self._rule = rule
        self._classes = looked_for(rule)
        self._is_looked_for = marks_of(self._classes)
        self._area = Area(zone)
        clear = rule.max_things if rule.clear_things is None else rule.clear_things
        self._clear_things = clear
        limits = limits_of(rule.min_seconds, rule.min_seconds, rule.cool_down_seconds)
        self._incidents = Incidents(limits, numbers, {})
        self._is_lasting = False

    def judge(self, scene: Scene, *, is_open: bool) -> list[Event]:
        """Events of one look; is_open: the rule's schedule holds."""
        things = self._things(scene) if is_open else 0
        least = self._clear_things if self._is_lasting else self._rule.max_things
        is_met = is_open and things > least
        told = self._incidents.look(
            scene, {_ZONE: None} if is_met else {}, lambda _: True, elsewhere=(_ZONE,)
        )
        self._incidents.forget((_ZONE,))
        for each in told:
            self._is_lasting = each.phase != END
        return [self._event(each, scene, things) for each in told]

    def _things(self, scene: Scene) -> int:
        tracks = scene.tracks
        is_there = tracks.is_still | (scene.monotonic_ns - tracks.last_seen_ns <= _HIDDEN_NS)
        is_counted = (
            self._area.contains(tracks.feet_frac)
            & is_there
            & self._is_looked_for[tracks.classes]
            & (tracks.best_scores >= self._rule.min_score)
        )
        return int(np.count_nonzero(is_counted))

    def _event(self, told: Told, scene: Scene, things: int) -> Event:
        only = self._classes[0] if len(self._classes) == 1 else 0
        return Event(
            captured_utc_ms=scene.captured_utc_ms,
            rule=self._rule.name,
            phase=told.phase,
            incident=told.stay.incident,
            object_class=ObjectClass.ValueType(only),
            duration_ms=told.duration_ms,
            measured=things,
        )
