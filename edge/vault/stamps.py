"""Capture times that never go back, with their error, whatever the wall clock does.

A label follows the wall clock while that runs evenly. A step forwards is taken over at once and
said. After a step back the label goes on at half the pace until the clock has caught up, and until
then the difference is part of the stated error. Pure: both clocks come in as arguments.
"""

from dataclasses import dataclass

# Apart by more than this, the wall clock was set; below it is slewed, smeared or read late.
STEP_NS = 250_000_000
# A capture child's clock may be ahead of the vault's by what lies between two readings.
_MOST_AHEAD_NS = 2_000_000_000
# A smeared leap second runs 12 ppm off, a disciplined clock 500 ppm; 1/16 follows both.
_FOLLOW = 16


@dataclass(frozen=True, slots=True)
class Stamp:
    """One label. error_ms: None while the clock is not proven. has_stepped: labels leave out time.

    monotonic_ns: as captured, for whoever must measure.
    """

    utc_ns: int
    error_ms: int | None
    monotonic_ns: int
    has_stepped: bool


class Timekeeper:
    """Labels of one camera; knows the last one over restarts."""

    def __init__(self, last_utc_ns: int = 0) -> None:
        """last_utc_ns: the newest label in the ring; 0: there is none."""
        self._last_utc_ns = last_utc_ns
        self._last_monotonic_ns: int | None = None

    @property
    def last_utc_ns(self) -> int:
        """The newest label given."""
        return self._last_utc_ns

    def stamp(
        self,
        captured_utc_ns: int,
        captured_monotonic_ns: int,
        error_ms: int | None,
        now_utc_ns: int,
    ) -> Stamp:
        """The label of a packet.

        now_utc_ns: the vault's own clock: a capture time that lies after it is not believed.
        """
        wall_ns = min(captured_utc_ns, now_utc_ns + _MOST_AHEAD_NS)
        label_ns, has_stepped = self._label(wall_ns, captured_monotonic_ns)
        self._last_utc_ns = label_ns
        self._last_monotonic_ns = captured_monotonic_ns
        if error_ms is not None:
            off_ns = max(abs(label_ns - wall_ns), captured_utc_ns - wall_ns)
            error_ms = max(error_ms, -(-off_ns // 1_000_000) if off_ns > 1_000_000 else 0)
        return Stamp(label_ns, error_ms, captured_monotonic_ns, has_stepped)

    def _label(self, wall_ns: int, monotonic_ns: int) -> tuple[int, bool]:
        least_ns = self._last_utc_ns + 1
        if self._last_monotonic_ns is None:
            return max(wall_ns, least_ns), False
        passed_ns = max(0, monotonic_ns - self._last_monotonic_ns)
        even_ns = self._last_utc_ns + passed_ns
        drift_ns = wall_ns - even_ns
        if drift_ns > STEP_NS:
            return wall_ns, True
        if drift_ns < -STEP_NS:
            return max(least_ns, even_ns - passed_ns // 2), False
        follow_ns = passed_ns // _FOLLOW
        return max(least_ns, even_ns + max(-follow_ns, min(follow_ns, drift_ns))), False
