"""How several cameras share one detector: fairly, and never beyond the site's budget.

Every camera earns its share of the budget and saves a little of it. What it does not use flows
over to all, so that quiet cameras give their time to a busy one and lose none of their own share.
Pure: time comes with the calls.
"""

from collections.abc import Collection, Mapping

_SECOND_NS = 1_000_000_000
# Time that was not used may be used later, but not more than this: heat is what it limits.
SAVED_SECONDS = 0.5
# One frame may not hold up the others for longer than so many looks take.
MOST_GLANCES = 8
# How much a new measurement counts in the cost of a look.
_LEARNING = 0.1


class _Purse:
    """What one camera may spend, nanoseconds."""

    __slots__ = ("allowed_ns", "limit", "own_ns", "used_ns")

    def __init__(self, own_ns: float, limit: float | None) -> None:
        """limit: of a second, or None."""
        self.own_ns = own_ns
        self.limit = limit
        self.allowed_ns = (limit or 0.0) * _SECOND_NS * SAVED_SECONDS
        self.used_ns = 0


class Budget:
    """Detector time in milliseconds per second, over all cameras."""

    def __init__(self, budget_ms_per_second: float, cameras: Mapping[str, float | None]) -> None:
        """cameras: the most that each may take, milliseconds per second; None: no more bounds."""
        self._rate = budget_ms_per_second / 1000
        self._part = 1.0
        # What one camera may save.
        self._most_ns = self._rate * _SECOND_NS * SAVED_SECONDS / max(1, len(cameras))
        self._purses = {
            name: _Purse(self._most_ns, None if most is None else most / 1000)
            for name, most in cameras.items()
        }
        self._common_ns = 0.0
        self._refilled_ns: int | None = None
        self._cost_ns = 0.0

    def slow_to(self, part: float) -> None:
        """From now on only this part of the budget is earned; 1: all of it."""
        self._part = part

    def order(self, cameras: Collection[str]) -> list[str]:
        """The cameras with a frame waiting, the one that has used least first."""
        return sorted(cameras, key=lambda name: self._purses[name].used_ns)

    def glances(self, camera: str, now_ns: int) -> int:
        """For how many looks this camera has time now."""
        self._refill(now_ns)
        left_ns = self._left_ns(self._purses[camera])
        if left_ns <= 0:
            return 0
        # A look that costs more than can ever be saved is taken too, and paid for afterwards.
        return max(1, min(MOST_GLANCES, int(left_ns / self._cost_ns))) if self._cost_ns else 1

    def spend(self, camera: str, cost_ns: int, glances: int) -> None:
        """Note what so many looks of a camera have cost."""
        purse = self._purses[camera]
        from_common = min(max(0.0, cost_ns - max(0.0, purse.own_ns)), max(0.0, self._common_ns))
        self._common_ns -= from_common
        purse.own_ns -= cost_ns - from_common
        purse.allowed_ns -= cost_ns
        purse.used_ns += cost_ns
        each_ns = cost_ns / max(1, glances)
        self._cost_ns += _LEARNING * (each_ns - self._cost_ns) if self._cost_ns else each_ns
        # A camera that had nothing to show may claim at most its savings' worth before the others.
        least = max(each.used_ns for each in self._purses.values()) - self._most_ns
        for each in self._purses.values():
            each.used_ns = max(each.used_ns, round(least))

    def _left_ns(self, purse: _Purse) -> float:
        left_ns = purse.own_ns + self._common_ns
        return left_ns if purse.limit is None else min(left_ns, purse.allowed_ns)

    def _refill(self, now_ns: int) -> None:
        before_ns, self._refilled_ns = self._refilled_ns, now_ns
        if before_ns is None:
            return
        passed_ns = max(0, now_ns - before_ns) * self._part
        earned_ns = passed_ns * self._rate / max(1, len(self._purses))
        for purse in self._purses.values():
            purse.own_ns += earned_ns
            self._common_ns += max(0.0, purse.own_ns - self._most_ns)
            purse.own_ns = min(purse.own_ns, self._most_ns)
            if purse.limit is not None:
                saved_ns = purse.limit * _SECOND_NS * SAVED_SECONDS
                purse.allowed_ns = min(saved_ns, purse.allowed_ns + passed_ns * purse.limit)
        # The deepest debts first: what quiet cameras leave pays for looks that cost much.
        for purse in sorted(self._purses.values(), key=lambda each: each.own_ns):
            paid_ns = min(max(0.0, -purse.own_ns), self._common_ns)
            purse.own_ns += paid_ns
            self._common_ns -= paid_ns
        self._common_ns = min(self._common_ns, self._rate * _SECOND_NS * SAVED_SECONDS)
