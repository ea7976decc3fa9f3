"""Count: how many things crossed a line in each period, told once a period.

Each period is an incident of its own, told when it is over: a START with `measured` and the
period's length as its duration. A period without a crossing is told too: zero is an answer.
"""

from collections.abc import Iterator

from edge.eye.rules.crossing import Crossings
from edge.eye.rules.scene import Scene
from edge.eye.rules.telling import looked_for
from edge.site.model import Line
from edge.site.rules import Count
from edge.wire.event import Event, ObjectClass, Phase


class CountRule:
    """One count rule of one camera."""

    def __init__(self, rule: Count, line: Line, numbers: Iterator[int]) -> None:
        self._rule = rule
        self._classes = looked_for(rule)
        self._crossings = Crossings(line, self._classes, rule.min_travel_frac)
        self._numbers = numbers
        self._period_ns = round(rule.period_seconds * 1e9)
        self._begun_ns: int | None = None
        self._counted = 0

    def judge(self, scene: Scene, *, is_open: bool) -> list[Event]:
        """Events of one look; periods go on, uncounted and untold, while is_open is False."""
        if self._begun_ns is None:
            self._begun_ns = scene.monotonic_ns
        events: list[Event] = []
        if scene.monotonic_ns - self._begun_ns >= self._period_ns:
            if is_open or self._counted:
                events.append(self._tell(scene))
            periods = (scene.monotonic_ns - self._begun_ns) // self._period_ns
            self._begun_ns += periods * self._period_ns
            self._counted = 0
        for crossing in self._crossings.look(scene.tracks):
            row = crossing.sighting.row
            is_wanted = self._rule.direction in {"both", crossing.direction.value}
            is_sure = scene.tracks.best_scores[row] >= self._rule.min_score
            self._counted += bool(is_open and is_wanted and is_sure)
        return events

    def _tell(self, scene: Scene) -> Event:
        only = self._classes[0] if len(self._classes) == 1 else 0
        return Event(
            captured_utc_ms=scene.captured_utc_ms,
            rule=self._rule.name,
            phase=Phase.PHASE_START,
            incident=next(self._numbers),
            object_class=ObjectClass.ValueType(only),
            duration_ms=self._period_ns // 1_000_000,
            measured=self._counted,
        )
