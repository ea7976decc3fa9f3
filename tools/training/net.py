"""The net in torch: one module for each convolution that the wiring names."""

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from torch import nn

from tools.training.wiring import POOL, Conv, Level, Plan, wire

# As YOLOX trains: statistics move slowly enough for small batches.
NORM_MOMENTUM, NORM_EPSILON = 0.03, 1e-3
# What is written behind the name of values before their activation.
LINEAR = "/linear"


Watch = Callable[[str, torch.Tensor], torch.Tensor]


class ConvNorm(nn.Module):
    """A convolution, its batch norm where it has one, its activation where it is active."""

    def __init__(self, conv: Conv, inner: int, *, has_norm: bool) -> None:
        super().__init__()
        has_norm = has_norm and conv.is_active
        self.conv = nn.Conv2d(
            inner,
            conv.channels,
            conv.kernel,
            conv.stride,
            conv.pad,
            groups=inner if conv.is_depthwise else 1,
            bias=not has_norm,
        )
        self.norm = (
            nn.BatchNorm2d(conv.channels, eps=NORM_EPSILON, momentum=NORM_MOMENTUM)
            if has_norm
            else nn.Identity()
        )
        self.activation: nn.Module = nn.Identity()
        if conv.is_active:
            self.activation = nn.SiLU(inplace=True)

    def linear(self, source: torch.Tensor) -> torch.Tensor:
        """NCHW in, NCHW out, before the activation."""
        return self.norm(self.conv(source))

    def forward(self, source: torch.Tensor) -> torch.Tensor:
        """NCHW in, NCHW out."""
        return self.activation(self.linear(source))


class Net(nn.Module):
    """The detector. Takes float NCHW, -1 to 1, RGB; sides are multiples of 32.

    has_norm: batch norm stands after each active convolution; without, its effect is in the
    weights.
    """

    def __init__(self, plan: Plan, *, has_norm: bool = True) -> None:
        super().__init__()
        self.plan = plan
        self.layers = nn.ModuleDict()
        wire(_Fitter(self.layers, has_norm=has_norm), 3, plan)

    def forward(self, image: torch.Tensor) -> list[Level[torch.Tensor]]:
        """Answers by stride."""
        return wire(TorchBoard(self), image, self.plan)

    def layer(self, name: str) -> ConvNorm:
        """The module of one convolution."""
        found = self.layers[key_of(name)]
        assert isinstance(found, ConvNorm)
        return found


class TorchBoard:
    """Runs the wiring with a net's modules.

    watch: is shown every result and says what goes on in its place.
    """

    def __init__(self, net: Net, watch: Watch | None = None) -> None:
        self.net, self._watch = net, watch

    def note(self, name: str, value: torch.Tensor) -> torch.Tensor:
        """A result on its way to what takes it in."""
        return value if self._watch is None else self._watch(name, value)

    def convolve(self, conv: Conv, source: torch.Tensor) -> torch.Tensor:
        """See Board."""
        layer = self.net.layer(conv.name)
        if not conv.is_active:
            return self.note(conv.name, layer(source))
        linear = self.note(linear_name(conv), layer.linear(source))
        return self.note(conv.name, layer.activation(linear))

    def add(self, name: str, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """See Board."""
        return self.note(name, left + right)

    def stack(self, name: str, sources: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """See Board."""
        return self.note(name, torch.cat(sources, 1))

    def pool(self, name: str, source: torch.Tensor) -> torch.Tensor:
        """See Board."""
        return self.note(name, F.max_pool2d(source, POOL, 1, POOL // 2))

    def enlarge(self, name: str, source: torch.Tensor) -> torch.Tensor:
        """See Board."""
        wide = F.interpolate(source, scale_factor=2, mode="bilinear", align_corners=False)
        return self.note(name, wide)

    def channels(self, source: torch.Tensor) -> int:
        """See Board."""
        return source.shape[1]


class _Fitter:
    """Makes the modules; a tensor is its number of channels."""

    def __init__(self, layers: nn.ModuleDict, *, has_norm: bool) -> None:
        self._layers, self._has_norm = layers, has_norm

    def convolve(self, conv: Conv, source: int) -> int:
        self._layers[key_of(conv.name)] = ConvNorm(conv, source, has_norm=self._has_norm)
        return conv.channels

    def add(self, name: str, left: int, right: int) -> int:
        assert left == right
        return left

    def stack(self, name: str, sources: tuple[int, ...]) -> int:
        return sum(sources)

    def pool(self, name: str, source: int) -> int:
        return source

    def enlarge(self, name: str, source: int) -> int:
        return source

    def channels(self, source: int) -> int:
        return source


def linear_name(conv: Conv) -> str:
    """What a convolution's values are called before its activation."""
    return conv.name + LINEAR


def key_of(name: str) -> str:
    """A layer's name as torch lets modules be called."""
    return name.replace(".", "/")
