"""Wrong way: a thing moves against a zone's allowed direction.

What counts is how far a thing has come against the direction since its farthest point along it
within the zone: that is blind to jitter, to standing, and to a correct way before turning.
"""

import math
from collections.abc import Iterator

import numpy as np

from edge.eye.rules.geometry import Area
from edge.eye.rules.incident import limits_of
from edge.eye.rules.presence import Presence
from edge.eye.rules.scene import Scene
from edge.eye.rules.telling import looked_for, marks_of
from edge.site.model import Point, Zone
from edge.site.rules import WrongWay
from edge.wire.event import Event


class WrongWayRule:
    """One wrong-way rule of one camera."""

    def __init__(self, rule: WrongWay, zone: Zone, numbers: Iterator[int]) -> None:
        self._rule = rule
        self._is_looked_for = marks_of(looked_for(rule))
        self._area = Area(zone)
        limits = limits_of(rule.min_seconds, rule.leave_seconds, rule.cool_down_seconds)
        self._presence = Presence(rule, limits, numbers)
        # Clockwise from up, on a picture whose y grows downwards.
        heading = math.radians(rule.allowed_deg)
        self._against = (-math.sin(heading), math.cos(heading))
        self._least_cosine = math.cos(math.radians(rule.tolerance_deg))
        self._farthest_along: dict[int, Point] = {}

    def judge(self, scene: Scene, *, is_open: bool) -> list[Event]:
        """Events of one look; is_open: the rule's schedule holds."""
        tracks = scene.tracks
        is_met = self._area.contains(tracks.feet_frac) & self._is_looked_for[tracks.classes]
        feet = tracks.feet_frac
        farthest: dict[int, Point] = {}
        rows: list[int] = []
        for row in (int(row) for row in np.flatnonzero(is_met)):
            number = int(tracks.numbers[row])
            foot = (float(feet[row, 0]), float(feet[row, 1]))
            origin = self._farthest_along.get(number, foot)
            if self._progress(origin, foot, scene.aspect) < 0:
                origin = foot
            farthest[number] = origin
            if is_open and self._is_wrong(origin, foot, scene.aspect):
                rows.append(row)
        self._farthest_along = farthest
        return self._presence.look(scene, rows)

    def _is_wrong(self, origin: Point, foot: Point, aspect: float) -> bool:
        progress = self._progress(origin, foot, aspect)
        gone = math.hypot((foot[0] - origin[0]) * aspect, foot[1] - origin[1])
        return (
            math.dist(origin, foot) >= self._rule.min_travel_frac
            and progress >= self._least_cosine * gone
        )

    def _progress(self, origin: Point, foot: Point, aspect: float) -> float:
        """How far against the direction, in heights of the picture."""
        gone_x, gone_y = (foot[0] - origin[0]) * aspect, foot[1] - origin[1]
        return gone_x * self._against[0] + gone_y * self._against[1]
