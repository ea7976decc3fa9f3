"""Intrusion: a thing enters a zone, or is present in it."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edge.eye.rules.geometry import Area
from edge.eye.rules.incident import limits_of
from edge.eye.rules.presence import Presence
from edge.eye.rules.scene import Scene
from edge.eye.rules.telling import looked_for, marks_of
from edge.site.model import Zone
from edge.site.rules import Intrusion
from edge.wire.event import Event


class IntrusionRule:
    """One intrusion rule of one camera."""

    def __init__(self, rule: Intrusion, zone: Zone, numbers: Iterator[int]) -> None:
        self._rule = rule
        self._is_looked_for = marks_of(looked_for(rule))
        self._area = Area(zone)
        limits = limits_of(rule.min_seconds, rule.leave_seconds, rule.cool_down_seconds)
        self._presence = Presence(rule, limits, numbers)
        self._came_from_outside: set[int] = set()

    def judge(self, scene: Scene, *, is_open: bool) -> list[Event]:
        """Events of one look; is_open: the rule's schedule holds."""
        tracks = scene.tracks
        is_inside = self._area.contains(tracks.feet_frac)
        self._note_outside(scene, is_inside)
        is_met = (
            is_inside
            & self._is_looked_for[tracks.classes]
            & tracks.have_come(self._rule.min_travel_frac)
        )
        rows = [int(row) for row in np.flatnonzero(is_met)] if is_open else []
        if self._rule.when == "entry":
            rows = [row for row in rows if int(tracks.numbers[row]) in self._came_from_outside]
        return self._presence.look(scene, rows)

    def _note_outside(self, scene: Scene, is_inside: npt.NDArray[np.bool_]) -> None:
        if self._rule.when != "entry":
            return
        tracks = scene.tracks
        outside = tracks.numbers[~is_inside & tracks.is_seen]
        alive = {int(number) for number in tracks.numbers}
        self._came_from_outside &= alive
        self._came_from_outside |= {int(number) for number in outside}
