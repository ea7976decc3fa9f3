"""A narrower net from a finished one: of each layer the channels that say most."""

import re
from dataclasses import dataclass

import torch

from tools.training.net import ConvNorm, Net
from tools.training.start import folded
from tools.training.wiring import Conv, Plan, wire

# These are added to what goes by them, so both keep the same channels.
_ADDED = re.compile(r"(dark[234]\.1)\.m\.\d+\.conv2\.pconv")


@dataclass(frozen=True, slots=True)
class Kept:
    """Which channels of the wide net a tensor still has, and how many that net gave it."""

    places: torch.Tensor
    wide: int


def slim(wide: Net, plan: Plan) -> Net:
    """A net of a plan with no more channels anywhere than the wide one."""
    net = Net(plan)
    wire(_Slimmer(wide, net), Kept(torch.arange(3), 3), plan)
    return net.to(memory_format=torch.channels_last)


class _Slimmer:
    """Fills a net with parts of another, layer by layer."""

    def __init__(self, wide: Net, net: Net) -> None:
        self._wide, self._net = wide, net
        self._kept: dict[str, Kept] = {}

    def convolve(self, conv: Conv, source: Kept) -> Kept:
        source_layer, target = self._wide.layer(conv.name), self._net.layer(conv.name)
        count = source_layer.conv.out_channels
        kept = Kept(self._choose(conv, source, source_layer), count)
        _fill(target, source_layer, kept.places, None if conv.is_depthwise else source.places)
        self._kept[conv.name] = kept
        return kept

    def add(self, name: str, left: Kept, right: Kept) -> Kept:
        assert torch.equal(left.places, right.places), name
        return left

    def stack(self, name: str, sources: tuple[Kept, ...]) -> Kept:
        parts, before = [], 0
        for one in sources:
            parts.append(one.places + before)
            before += one.wide
        return Kept(torch.cat(parts), before)

    def pool(self, name: str, source: Kept) -> Kept:
        return source

    def enlarge(self, name: str, source: Kept) -> Kept:
        return source

    def channels(self, source: Kept) -> int:
        return len(source.places)

    def _choose(self, conv: Conv, source: Kept, layer: ConvNorm) -> torch.Tensor:
        if conv.is_depthwise:
            return source.places
        if added := _ADDED.fullmatch(conv.name):
            return self._kept[f"{added[1]}.conv1"].places
        weight = torch.from_numpy(folded(layer)[0])[:, source.places]
        strongest = weight.flatten(1).norm(dim=1).argsort(descending=True, stable=True)
        return strongest[: conv.channels].sort().values


def _fill(
    target: ConvNorm, source: ConvNorm, out: torch.Tensor, inner: torch.Tensor | None
) -> None:
    weight = source.conv.weight.data[out]
    target.conv.weight.data.copy_(weight if inner is None else weight[:, inner])
    pairs = [(target.conv.bias, source.conv.bias)]
    if isinstance(target.norm, torch.nn.BatchNorm2d):
        pairs += [
            (getattr(target.norm, name), getattr(source.norm, name))
            for name in ("weight", "bias", "running_mean", "running_var")
        ]
    for into, taken in pairs:
        if into is not None and taken is not None:
            into.data.copy_(taken.data[out])
