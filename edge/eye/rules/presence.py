"""What intrusion, loitering and wrong way share: per track, a condition that holds for a while."""

from collections.abc import Iterator, Sequence

from edge.eye.rules.incident import Incidents, Limits
from edge.eye.rules.scene import Scene, Sighting
from edge.eye.rules.telling import event_of_stay
from edge.site.rules import Rule
from edge.wire.event import Event


class Presence:
    """The incidents of one rule, one per track.

    min_travel_frac: how far a track must have gone before an incident of its own may begin; the
    time before counts.
    """

    def __init__(
        self, rule: Rule, limits: Limits, numbers: Iterator[int], min_travel_frac: float = 0.0
    ) -> None:
        self._rule = rule
        self._min_travel_frac = min_travel_frac
        self._incidents = Incidents(limits, numbers, {})

    def look(self, scene: Scene, met_rows: Sequence[int]) -> list[Event]:
        """Advance by one look in which the tracks of these rows meet the condition."""
        tracks = scene.tracks
        met: dict[int, Sighting | None] = {
            int(tracks.numbers[row]): Sighting(tracks, row)
            for row in met_rows
            # A hidden thing is taken to be where it was only if it stood still there.
            if tracks.is_seen[row] or tracks.is_still[row]
        }
        rows = {int(number): row for row, number in enumerate(tracks.numbers)}
        elsewhere = [
            number for number, row in rows.items() if number not in met and tracks.is_seen[row]
        ]

        have_come = tracks.have_come(self._min_travel_frac)

        def may_decide(subject: int) -> bool:
            row = rows[subject]
            has_come = have_come[row]
            is_sure = tracks.is_seen[row] and tracks.scores[row] >= self._rule.min_score
            return bool(is_sure and has_come)

        told = self._incidents.look(scene, met, may_decide, elsewhere)
        self._incidents.forget(list(rows))
        return [event_of_stay(self._rule, each, scene) for each in told]

    def restart(self, track: int, now_ns: int) -> None:
        """Let a track's waiting time begin anew."""
        self._incidents.restart(track, now_ns)
