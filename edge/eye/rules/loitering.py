"""Loitering: a thing stays in a zone longer than it takes to walk through."""

import math
from collections.abc import Iterator

import numpy as np

from edge.eye.rules.geometry import Area
from edge.eye.rules.incident import limits_of
from edge.eye.rules.presence import Presence
from edge.eye.rules.scene import Scene
from edge.eye.rules.telling import looked_for, marks_of
from edge.site.model import Point, Zone
from edge.site.rules import Loitering
from edge.wire.event import Event


class LoiteringRule:
    """One loitering rule of one camera."""

    def __init__(self, rule: Loitering, zone: Zone, numbers: Iterator[int]) -> None:
        self._rule = rule
        self._is_looked_for = marks_of(looked_for(rule))
        self._area = Area(zone)
        limits = limits_of(rule.min_seconds, rule.leave_seconds, rule.cool_down_seconds)
        self._presence = Presence(rule, limits, numbers, rule.min_travel_frac)
        self._began_at: dict[int, Point] = {}

    def judge(self, scene: Scene, *, is_open: bool) -> list[Event]:
        """Events of one look; is_open: the rule's schedule holds."""
        tracks = scene.tracks
        is_met = self._area.contains(tracks.feet_frac) & self._is_looked_for[tracks.classes]
        rows = [int(row) for row in np.flatnonzero(is_met)] if is_open else []
        self._note_straying(scene, rows)
        return self._presence.look(scene, rows)

    def _note_straying(self, scene: Scene, rows: list[int]) -> None:
        """Begin a thing's time anew when it goes farther than max_radius_frac."""
        feet = scene.tracks.feet_frac
        began_at: dict[int, Point] = {}
        for row in rows:
            number = int(scene.tracks.numbers[row])
            foot = (float(feet[row, 0]), float(feet[row, 1]))
            origin = self._began_at.get(number, foot)
            if math.dist(origin, foot) > self._rule.max_radius_frac:
                origin = foot
                self._presence.restart(number, scene.monotonic_ns)
            began_at[number] = origin
        self._began_at = began_at
