"""Line crossing: a thing's foot point crosses a line; each crossing is an incident of its own.

A crossing is momentary, so it is told once, as a START without a duration.
"""

from collections.abc import Iterator

from edge.eye.rules.crossing import Crossings
from edge.eye.rules.scene import Scene
from edge.eye.rules.telling import event_of_sighting, looked_for
from edge.site.model import Line
from edge.site.rules import LineCrossing
from edge.wire.event import Event, Phase


class LineCrossingRule:
    """One line-crossing rule of one camera."""

    def __init__(self, rule: LineCrossing, line: Line, numbers: Iterator[int]) -> None:
        self._rule = rule
        self._crossings = Crossings(line, looked_for(rule), rule.min_travel_frac)
        self._numbers = numbers
        self._told_ns: int | None = None

    def judge(self, scene: Scene, *, is_open: bool) -> list[Event]:
        """Events of one look; is_open: the rule's schedule holds."""
        events: list[Event] = []
        for crossing in self._crossings.look(scene.tracks):
            sighting = crossing.sighting
            is_wanted = self._rule.direction in {"both", crossing.direction.value}
            best = float(sighting.tracks.best_scores[sighting.row])
            is_sure = best >= self._rule.min_score
            if is_open and is_wanted and is_sure and self._is_cool(scene.monotonic_ns):
                self._told_ns = scene.monotonic_ns
                events.append(
                    event_of_sighting(
                        self._rule,
                        sighting,
                        scene,
                        Phase.PHASE_START,
                        next(self._numbers),
                        deciding_score=best,
                    )
                )
        return events

    def _is_cool(self, now_ns: int) -> bool:
        told = self._told_ns
        return told is None or now_ns - told >= self._rule.cool_down_seconds * 1e9
