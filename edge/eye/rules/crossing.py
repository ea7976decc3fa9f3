"""Which tracks cross a line, each crossing once, however they jitter on it.

A track has a side only while its foot is clear of the line by a part of its own height. It has
crossed when it is clear on the other side, and the place where it last changed sides lies
between the line's ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from edge.eye.rules.geometry import Border
from edge.eye.rules.scene import Sighting
from edge.eye.rules.telling import marks_of
from edge.eye.tracks import Tracks
from edge.site.model import Line, Point

# A foot this part of the box's height away from the line is clear of it.
_CLEAR_PART = 0.1
_CLEAR_LEAST_FRAC = 0.004


class Direction(Enum):
    """Sides as the left and right hand of who walks along the line, as seen on the picture."""

    LEFT_TO_RIGHT = "left_to_right"
    RIGHT_TO_LEFT = "right_to_left"


@dataclass(frozen=True, slots=True)
class Crossing:
    """One track that has just crossed."""

    sighting: Sighting
    direction: Direction


@dataclass(slots=True)
class _Walk:
    """Where a track is with one line; is_left: its clear side; changed_at: place along it."""

    foot_frac: Point
    distance: float
    is_left: bool | None = None
    changed_at: float = -1.0


class Crossings:
    """One line and the tracks near it."""

    def __init__(self, line: Line, classes: Sequence[int], min_travel_frac: float) -> None:
        self._border = Border(line)
        self._is_looked_for = marks_of(classes)
        self._min_travel_frac = min_travel_frac
        self._walks: dict[int, _Walk] = {}

    def look(self, tracks: Tracks) -> list[Crossing]:
        """Crossings that this look completes, in the order of track numbers."""
        alive = {int(number) for number in tracks.numbers}
        self._walks = {each: walk for each, walk in self._walks.items() if each in alive}
        rows = np.flatnonzero(self._is_looked_for[tracks.classes] & tracks.is_seen)
        crossings = []
        for row in rows:
            sighting = Sighting(tracks, int(row))
            direction = self._walk_on(sighting)
            if direction and float(tracks.travel_frac[row]) >= self._min_travel_frac:
                crossings.append(Crossing(sighting, direction))
        return crossings

    def _walk_on(self, sighting: Sighting) -> Direction | None:
        foot = sighting.foot_frac
        distance = self._border.distance(foot)
        walk = self._walks.setdefault(sighting.number, _Walk(foot, distance))
        if (distance < 0) != (walk.distance < 0):
            part = walk.distance / (walk.distance - distance)
            start, end = self._border.place(walk.foot_frac), self._border.place(foot)
            walk.changed_at = start + part * (end - start)
        walk.foot_frac, walk.distance = foot, distance
        if abs(distance) < max(_CLEAR_LEAST_FRAC, _CLEAR_PART * sighting.height_frac):
            return None
        was_left, walk.is_left = walk.is_left, distance < 0
        if was_left is None or was_left == walk.is_left or not 0.0 <= walk.changed_at <= 1.0:
            return None
        return Direction.LEFT_TO_RIGHT if was_left else Direction.RIGHT_TO_LEFT
