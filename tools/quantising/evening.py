"""Makes the channels of a layer alike in size, where int8 would lose the small ones.

int8 gives a layer one step for all its channels, and that of the largest swallows the others: in a
net of depthwise convolutions the first few layers alone can lose nearly everything. A factor on a
channel, taken back by whatever takes the channel in, costs nothing after a linear layer. Over
x * logistic(x) it passes when the logistic function still sees the old x: one more depthwise step
before it, so it is done only where it gains much.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edge.builder.layers import Convolution, Input, Layer, Logistic
from tools.quantising.channels import Channels, Smooth, find_smooth, number_channels
from tools.quantising.observing import Observations, Observed

Floats = npt.NDArray[np.float32]
# Below it x * logistic(x) is nothing: 0.015 at most.
FLAT = np.float32(6.0)
# Where x * logistic(x) is least, and what it is there.
DIP_AT, DIP = np.float32(1.2785), np.float32(-0.2785)
STEPS = 255
# How much of an error in x comes out of x * logistic(x), squared and on average.
PASSED = 0.6
# A layer that leaves those after it so much of what they mean is left as it is, in decibels.
ENOUGH_DB = 24.0
GAIN_MIN_DB = 3.0
# One channel that hardly varies must not speak for a whole layer.
LOSS_MAX = 4.0
EVEN = "/even"


@dataclass(frozen=True, slots=True)
class Judged:
    """One activation: how much of what follows it is left in int8, before and after, in decibels.

    That is the variance of what its users make over that of the error which its steps put there.
    """

    product: str
    before_db: float
    after_db: float
    is_evened: bool


@dataclass(frozen=True, slots=True)
class Evened:
    """The same net with even channels. factors: by layer, where they are not all 1."""

    layers: tuple[Layer, ...]
    factors: Mapping[str, Floats]
    judged: tuple[Judged, ...]


def even_channels(
    layers: Sequence[Layer], outputs: Sequence[str], observed: Observations
) -> Evened:
    """Even those activations that int8 would lose. outputs: layers whose values must stay."""
    channels, smooth = number_channels(layers, outputs), find_smooth(layers)
    everywhere = _choose_factors(channels, smooth, layers, observed)
    users = _users(layers, channels)
    judged = [_judge(one, channels, everywhere, users, observed) for one in smooth]
    wanted = [one for one, word in zip(smooth, judged, strict=True) if word.is_evened]
    factors = _choose_factors(channels, wanted, layers, observed)
    by_layer = {
        layer.name: mine
        for layer in layers
        if len(layer.shape) == 4 and layer.name in channels.numbers
        for mine in [factors[channels.of(layer.name)]]
        if (mine != 1).any()
    }
    return Evened(tuple(_rewrite(layers, by_layer, smooth)), by_layer, tuple(judged))


def span_of(observed: Observed) -> tuple[Floats, Floats]:
    """Bounds of each channel of x that count in x * logistic(x); 0 lies between them."""
    low = np.minimum(np.maximum(observed.low, -FLAT), 0)
    return low, np.maximum(observed.high, 0)


def smoothed(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Bounds of x * logistic(x) for those of x."""
    lowest = np.where(low < -DIP_AT, DIP, low / (1 + np.exp(-low)))
    return lowest.astype(np.float32), (high / (1 + np.exp(-high))).astype(np.float32)


def _choose_factors(
    channels: Channels,
    wanted: Sequence[Smooth],
    layers: Sequence[Layer],
    observed: Observations,
) -> Floats:
    """A factor for each number of a channel: its layer's largest channel over itself; else 1."""
    shares = np.zeros(len(channels.same), np.float32)
    is_fixed = np.zeros(len(channels.same), bool)
    is_fixed[0] = True
    spans = {one.convolution: observed[one.convolution] for one in wanted}
    for layer in layers:
        if not isinstance(layer, Convolution):
            continue
        mine = channels.of(layer.name)
        if layer.name not in spans:
            is_fixed[mine] = True
            continue
        low, high = span_of(spans[layer.name])
        size = np.maximum(high - low, np.float32(1e-3))
        np.maximum.at(shares, mine, size / size.max())
    return np.where(is_fixed | (shares == 0), np.float32(1), 1 / np.maximum(shares, 1e-6)).astype(
        np.float32
    )


Users = Mapping[int, Sequence[tuple[Convolution, int]]]


def _users(layers: Sequence[Layer], channels: Channels) -> Users:
    """By each channel's number the convolutions that take it in, with its place in them."""
    users: dict[int, list[tuple[Convolution, int]]] = {}
    inputs = {layer.name for layer in layers if isinstance(layer, Input)}
    for layer in layers:
        if isinstance(layer, Convolution) and layer.source not in inputs:
            for place, number in enumerate(channels.of(layer.source)):
                users.setdefault(int(number), []).append((layer, place))
    return users


def _judge(
    one: Smooth, channels: Channels, factors: Floats, users: Users, observed: Observations
) -> Judged:
    numbers = channels.of(one.convolution)
    mine = factors[numbers]
    span = span_of(observed[one.convolution])
    before = _left_db(numbers, _error(span, np.ones_like(mine)), users, observed)
    after = _left_db(numbers, _error(span, mine), users, observed)
    is_evened = before < ENOUGH_DB and after - before >= GAIN_MIN_DB
    return Judged(one.product, before, after, is_evened)


def _error(span: tuple[Floats, Floats], factors: Floats) -> Floats:
    """Variance of the error of each channel of x * logistic(x)."""
    total = np.float32(0)
    for (low, high), share in ((span, PASSED), (smoothed(*span), 1.0)):
        step = ((high * factors).max() - (low * factors).min()) / STEPS
        total = total + share * step**2 / 12
    return np.asarray(total / factors**2, np.float32)


def _left_db(
    numbers: npt.NDArray[np.int64], error: Floats, users: Users, seen: Observations
) -> float:
    """Decibels between what the worst of the users makes and what it makes of the error."""
    taken: dict[str, tuple[Convolution, list[tuple[int, int]]]] = {}
    for mine, number in enumerate(numbers):
        for user, place in users.get(int(number), ()):
            taken.setdefault(user.name, (user, []))[1].append((mine, place))
    worst = 1e-6
    for user, pairs in taken.values():
        own, places = (list(side) for side in zip(*pairs, strict=True))
        power = (user.weights**2).sum((1, 2))[:, places] * error[own]
        variance = seen[user.name].variance
        if user.is_depthwise:
            made, variance = power[0], variance[places]
        else:
            made = power.sum(1)
        lost = np.minimum(made / np.maximum(variance, 1e-9), LOSS_MAX).mean()
        worst = max(worst, float(lost))
    return float(-10 * np.log10(worst))


def _rewrite(
    layers: Sequence[Layer], factors: Mapping[str, Floats], smooth: Sequence[Smooth]
) -> Iterator[Layer]:
    gates = {one.logistic: one.convolution for one in smooth}
    activated = {one.convolution for one in smooth}
    for layer in layers:
        if isinstance(layer, Convolution):
            yield _scaled(layer, factors)
            if layer.name in factors and layer.name in activated:
                yield _taken_back(layer, factors[layer.name])
        elif isinstance(layer, Logistic) and gates.get(layer.name) in factors:
            yield replace(layer, source=layer.source + EVEN)
        else:
            yield layer


def _scaled(layer: Convolution, factors: Mapping[str, Floats]) -> Convolution:
    weights, bias = layer.weights, layer.bias
    if layer.source in factors:
        weights = weights / factors[layer.source]
    if layer.name in factors:
        made = factors[layer.name]
        weights = weights * (made if layer.is_depthwise else made[:, None, None, None])
        bias = bias * made
    return replace(layer, weights=np.ascontiguousarray(weights, np.float32), bias=bias)


def _taken_back(layer: Convolution, factors: Floats) -> Convolution:
    """The old x, for the logistic function alone."""
    weights = np.ascontiguousarray((1 / factors)[None, None, None, :], np.float32)
    nothing = np.zeros_like(factors)
    return Convolution(layer.name + EVEN, layer.name, weights, nothing, 1, True, False, layer.shape)
