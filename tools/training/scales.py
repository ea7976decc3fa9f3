"""Which values are stored in the same steps: what is put together or only moved must be."""

from collections.abc import Mapping

from tools.training.calibration import Range
from tools.training.net import linear_name
from tools.training.wiring import Conv, Plan, wire

IMAGE = "image"


class Scales:
    """`leader` says for each value, by name, whose steps it is stored in."""

    def __init__(self, plan: Plan) -> None:
        self._above: dict[str, str] = {}
        self._channels = {IMAGE: 3}
        wire(self, IMAGE, plan)
        self.leader = {name: self._find(name) for name in self._above}

    def share(self, ranges: Mapping[str, Range]) -> dict[str, Range]:
        """A range for every value: the widest of those that share steps."""
        wide: dict[str, Range] = {}
        for name, (low, high) in ranges.items():
            leader = self.leader[name]
            before = wide.get(leader, (low, high))
            wide[leader] = (min(low, before[0]), max(high, before[1]))
        return {name: wide[leader] for name, leader in self.leader.items()}

    def convolve(self, conv: Conv, source: str) -> str:
        """See Board."""
        if conv.is_active:
            self._made(linear_name(conv), conv.channels)
        return self._made(conv.name, conv.channels)

    def add(self, name: str, left: str, right: str) -> str:
        """See Board."""
        return self._made(name, self._channels[left])

    def stack(self, name: str, sources: tuple[str, ...]) -> str:
        """See Board."""
        return self._made(name, sum(self._channels[one] for one in sources), sources)

    def pool(self, name: str, source: str) -> str:
        """See Board."""
        return self._made(name, self._channels[source], (source,))

    def enlarge(self, name: str, source: str) -> str:
        """See Board."""
        return self._made(name, self._channels[source], (source,))

    def channels(self, source: str) -> int:
        """See Board."""
        return self._channels[source]

    def _made(self, name: str, channels: int, alike: tuple[str, ...] = ()) -> str:
        self._channels[name] = channels
        self._above[name] = name
        for one in alike:
            self._above[self._find(one)] = self._find(name)
        return name

    def _find(self, name: str) -> str:
        while self._above[name] != name:
            name = self._above[name]
        return name
