"""Which channels of which layers are one and the same, so that a factor on one is on all of them.

A convolution makes new channels; pooling, padding, joining and copying hand them on, and a sum
makes the channels of both sides one. Found by sending numbers through the layers in place of
values, so that no rule of how a layer moves its channels is written twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge.builder.layers import (
    Addition,
    Concatenation,
    Convolution,
    Layer,
    Logistic,
    MaxPool,
    Pad,
    Product,
    Rectification,
    Reshape,
)

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Smooth:
    """x * logistic(x) of a convolution's result x, by the names of its three layers."""

    convolution: str
    logistic: str
    product: str


def find_smooth(layers: Sequence[Layer]) -> list[Smooth]:
    """Every such activation whose parts nothing else takes in."""
    by_name, users = {layer.name: layer for layer in layers}, users_of(layers)
    found = []
    for layer in layers:
        if isinstance(layer, Product):
            for source, gate in ((layer.left, layer.right), (layer.right, layer.left)):
                is_gate = isinstance(by_name[gate], Logistic) and users[gate] == [layer.name]
                is_own = sorted(users[source]) == sorted([gate, layer.name])
                if is_gate and is_own and isinstance(by_name[source], Convolution):
                    found.append(Smooth(source, gate, layer.name))
    return found


def users_of(layers: Sequence[Layer]) -> dict[str, list[str]]:
    """By each layer's name those that take it in."""
    users: dict[str, list[str]] = {layer.name: [] for layer in layers}
    for layer in layers:
        for source in sources_of(layer):
            users[source].append(layer.name)
    return users


def sources_of(layer: Layer) -> tuple[str, ...]:
    """Names of the layers that a layer takes in."""
    if isinstance(layer, Concatenation):
        return layer.sources
    if isinstance(layer, Addition | Product):
        return (layer.left, layer.right)
    source = getattr(layer, "source", None)
    return () if source is None else (str(source),)


@dataclass(slots=True)
class Channels:
    """Numbers of channels; `same` joins those that a sum makes one. Number 0 is never scaled."""

    numbers: dict[str, Numbers] = field(default_factory=dict)
    same: list[int] = field(default_factory=lambda: [0])

    def of(self, name: str) -> Numbers:
        """The numbers of a layer's channels, in order."""
        return np.array([self._first(int(one)) for one in self.numbers[name][0, 0, 0]], np.int64)

    def make(self, count: int) -> Numbers:
        """So many new ones."""
        begin = len(self.same)
        self.same.extend(range(begin, begin + count))
        return np.arange(begin, begin + count)

    def join(self, left: Iterable[int], right: Iterable[int]) -> None:
        """Make pairs one."""
        for one, other in zip(left, right, strict=True):
            first, second = sorted((self._first(int(one)), self._first(int(other))))
            self.same[second] = first

    def _first(self, number: int) -> int:
        while self.same[number] != number:
            number = self.same[number]
        return number


def number_channels(layers: Sequence[Layer], outputs: Iterable[str]) -> Channels:
    """Number every layer's channels. outputs: layers that answer, whose values must stay."""
    channels = Channels()
    smooth = {one.product: one.convolution for one in find_smooth(layers)}
    for layer in layers:
        channels.numbers[layer.name] = _number(layer, channels, smooth)
    for name in outputs:
        mine = channels.of(name)
        channels.join(mine, np.zeros_like(mine))
    return channels


def _number(layer: Layer, channels: Channels, smooth: dict[str, str]) -> Numbers:
    known = channels.numbers
    made = np.zeros(1, np.int64)
    match layer:
        case Convolution():
            made = channels.make(layer.shape[3])
        case Product() if layer.name in smooth:
            made = known[smooth[layer.name]]
        case Addition():
            channels.join(channels.of(layer.left), channels.of(layer.right))
            made = known[layer.left]
        case Concatenation():
            made = np.concatenate([known[name] for name in layer.sources], axis=layer.axis)
        case Reshape():
            made = known[layer.source].reshape(layer.shape)
        case MaxPool() | Rectification():
            made = known[layer.source]
        case Pad():
            made = known[layer.source][0, 0, 0]
        case _:
            pass
    return np.broadcast_to(made, layer.shape)
