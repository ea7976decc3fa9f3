"""How a board that is too hot is spared: less time for the detector, in steps that are told."""

from dataclasses import dataclass

_SECOND_NS = 1_000_000_000
PARTS = (1.0, 0.7, 0.4, 0.2)
"""Of the budget, step by step. Never nothing: a pole that is hot still sees, only less often."""
# Heat follows the load slowly: a step shows its effect after a while.
_SLOWER_NS = 20 * _SECOND_NS
_FASTER_NS = 120 * _SECOND_NS
# Cooler than the limit by this much before a step is taken back.
_MARGIN_CELSIUS = 5.0


@dataclass(frozen=True, slots=True)
class HeatStep:
    """A step that has just been taken. part: of the budget that is left. is_slower: or faster."""

    part: float
    is_slower: bool

    @property
    def reason(self) -> str:
        """In a word, for an event."""
        return f"detector_at_{round(100 * self.part)}_percent"


class Heat:
    """Which step a board is at. Pure: readings and time come with the calls."""

    def __init__(self) -> None:
        self._step = 0
        self._changed_ns: int | None = None

    @property
    def part(self) -> float:
        """Of the budget, now."""
        return PARTS[self._step]

    def look(
        self, celsius: float | None, max_celsius: float, *, is_throttled: bool, now_ns: int
    ) -> HeatStep | None:
        """Judge one reading, about once a second; the step that was taken, or None.

        celsius: hottest sensor, None: there is none. is_throttled: the board slows itself down.
        """
        is_hot = is_throttled or (celsius is not None and celsius > max_celsius)
        is_cool = not is_throttled and (celsius is None or celsius < max_celsius - _MARGIN_CELSIUS)
        waited_ns = None if self._changed_ns is None else now_ns - self._changed_ns
        if (
            is_hot
            and self._step < len(PARTS) - 1
            and (waited_ns is None or waited_ns >= _SLOWER_NS)
        ):
            return self._go(self._step + 1, now_ns)
        if is_cool and self._step > 0 and waited_ns is not None and waited_ns >= _FASTER_NS:
            return self._go(self._step - 1, now_ns)
        return None

    def _go(self, step: int, now_ns: int) -> HeatStep:
        is_slower = step > self._step
        self._step, self._changed_ns = step, now_ns
        return HeatStep(PARTS[step], is_slower)
