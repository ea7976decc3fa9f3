"""How several cameras share one detector: fairly, and never beyond the site's budget."""

from collections.abc import Iterable

_SECOND_NS = 1_000_000_000
# Time that was not used may be used later, but not more than this: heat is what it limits.
_SAVED_SECONDS = 0.5
# A camera that had nothing to show may claim at most this much arrears before the others.
_ARREARS_NS = _SECOND_NS // 4


class Budget:
    """Detector time in milliseconds per second, over all cameras.

    The camera that has used least goes first; what nobody uses is not lost to the others.
    """

    def __init__(self, budget_ms_per_second: float, cameras: Iterable[str]) -> None:
        self._rate = budget_ms_per_second / 1000
        self._saved_ns = self._rate * _SECOND_NS * _SAVED_SECONDS
        self._left_ns = self._saved_ns
        self._refilled_ns: int | None = None
        self._used_ns = dict.fromkeys(cameras, 0)

    def order(self, cameras: Iterable[str]) -> list[str]:
        """The cameras with a frame waiting, the one that has used least first."""
        return sorted(cameras, key=lambda camera: self._used_ns[camera])

    def allows(self, now_ns: int) -> bool:
        """Whether the detector may run now."""
        if self._refilled_ns is not None:
            earned_ns = (now_ns - self._refilled_ns) * self._rate
            self._left_ns = min(self._saved_ns, self._left_ns + earned_ns)
        self._refilled_ns = now_ns
        return self._left_ns > 0

    def spend(self, camera: str, cost_ns: int) -> None:
        """Note what one look of a camera has cost."""
        self._left_ns -= cost_ns
        self._used_ns[camera] += cost_ns
        least = max(self._used_ns.values()) - _ARREARS_NS
        for name, used_ns in self._used_ns.items():
            self._used_ns[name] = max(used_ns, least)
