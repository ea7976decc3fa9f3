"""A detector's layers in torch, as they are or with every rounding of the int8 file.

Values are NHWC, as in the file, batches in front.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from torch import nn

from edge.builder.layers import (
    Addition,
    Concatenation,
    Convolution,
    Enlargement,
    Input,
    Layer,
    Logistic,
    MaxPool,
    Pad,
    Product,
    Rectification,
    Reshape,
)
from edge.builder.quantiser import Ranges
from tools.quantising.evening import EVEN
from tools.quantising.rounding import (
    logarithms_of,
    round_gate,
    round_weight,
    round_within,
    step_of,
)

RELU6_MAX = 6.0


class RoundedNet(nn.Module):
    """Weights, biases and the bounds of what is made can be learned; bounds of what only moves,
    and the steps that take factors back, follow from them.

    Weights and biases are kept in steps of int8 as they are at first, so that one rate suits them
    all, however uneven channels are. ranges: bounds to begin with, by layer; None: nothing is
    rounded.
    """

    def __init__(self, layers: Sequence[Layer], ranges: Ranges | None = None) -> None:
        super().__init__()
        self._layers = tuple(layers)
        self._by_name = {layer.name: layer for layer in layers}
        self._fixed = {} if ranges is None else dict(ranges)
        self._is_rounded = ranges is not None
        self._steps: dict[str, torch.Tensor] = {}
        self._keys = {layer.name: f"n{place}" for place, layer in enumerate(layers)}
        self.weights, self.biases = nn.ParameterDict(), nn.ParameterDict()
        self.bounds = nn.ParameterDict()
        for layer in layers:
            key = self._keys[layer.name]
            if isinstance(layer, Convolution):
                weight, is_learned = _as_torch(layer), not layer.name.endswith(EVEN)
                step = step_of(weight)
                self._steps[key] = step
                self.weights[key] = nn.Parameter(weight / step, is_learned)
                self.biases[key] = nn.Parameter(
                    torch.from_numpy(layer.bias.copy()) / step.flatten(), is_learned
                )
            if self._is_rounded and _is_bounded(layer):
                self.bounds[key] = nn.Parameter(logarithms_of(self._fixed[layer.name]))

    def forward(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
        """What every layer makes of pictures (n, height, width, 3), by name."""
        made: dict[str, torch.Tensor] = {}
        for layer in self._layers:
            made[layer.name] = pictures if isinstance(layer, Input) else self.make(layer, made)
        return made

    def make(self, layer: Layer, made: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """What one layer makes of what those before it made."""
        value = self._make(layer, made)
        return self._rounded(layer, value) if self._is_rounded else value

    def ranges(self) -> dict[str, tuple[float, float]]:
        """Bounds of every layer's values as they are now."""
        found: dict[str, tuple[float, float]] = {}
        with torch.no_grad():
            for layer in self._layers:
                low, high = self._bounds_of(layer)
                found[layer.name] = (float(low), float(high))
        return found

    def written(self) -> tuple[Layer, ...]:
        """The layers with weights and biases as they are now."""
        return tuple(
            self._rewritten(layer) if isinstance(layer, Convolution) else layer
            for layer in self._layers
        )

    def _make(self, layer: Layer, made: Mapping[str, torch.Tensor]) -> torch.Tensor:
        match layer:
            case Addition():
                return made[layer.left] + made[layer.right]
            case Product():
                return made[layer.left] * made[layer.right]
            case Concatenation():
                return torch.cat([made[one] for one in layer.sources], layer.axis)
            case Convolution():
                return self._convolved(layer, made[layer.source])
            case Input():
                raise AssertionError(layer.name)
        return _moved(layer, made[layer.source])

    def _convolved(self, layer: Convolution, source: torch.Tensor) -> torch.Tensor:
        weight, bias = self._real(layer)
        taken = source.permute(0, 3, 1, 2)
        if layer.is_padded:
            taken = F.pad(taken, _same(layer, taken.shape[2:]))
        kernel = round_weight(weight) if self._is_rounded else weight
        groups = taken.shape[1] if layer.is_depthwise else 1
        value = F.conv2d(taken, kernel, bias, layer.stride, groups=groups).permute(0, 2, 3, 1)
        if layer.has_relu6:
            return value.clamp(0, RELU6_MAX)
        return value.relu() if layer.has_relu else value

    def _rounded(self, layer: Layer, value: torch.Tensor) -> torch.Tensor:
        if isinstance(layer, Logistic):
            return round_gate(value)
        if isinstance(layer, MaxPool | Pad | Enlargement | Reshape):
            return value
        return round_within(value, *self._bounds_of(layer))

    def _bounds_of(self, layer: Layer) -> tuple[torch.Tensor, torch.Tensor]:
        if self._keys[layer.name] in self.bounds:
            below, above = self.bounds[self._keys[layer.name]].exp()
            return -below, above
        if isinstance(layer, MaxPool | Pad | Enlargement | Reshape):
            return self._bounds_of(self._by_name[layer.source])
        if isinstance(layer, Concatenation):
            each = [self._bounds_of(self._by_name[one]) for one in layer.sources]
            lows, highs = (torch.stack(side) for side in zip(*each, strict=True))
            return lows.amin(), highs.amax()
        low, high = self._fixed[layer.name]
        return torch.tensor(low), torch.tensor(high)

    def _real(self, layer: Convolution) -> tuple[torch.Tensor, torch.Tensor]:
        """Weight and bias."""
        key = self._keys[layer.name]
        step = self._steps[key]
        return self.weights[key] * step, self.biases[key] * step.flatten()

    def _rewritten(self, layer: Convolution) -> Convolution:
        weight, bias = (value.detach().numpy() for value in self._real(layer))
        turned = weight.transpose((1, 2, 3, 0) if layer.is_depthwise else (0, 2, 3, 1))
        return replace(layer, weights=np.ascontiguousarray(turned), bias=bias)


def _is_bounded(layer: Layer) -> bool:
    """Whether it makes values of its own, whose bounds are nobody else's."""
    if isinstance(layer, Convolution):
        return not layer.name.endswith(EVEN)
    return isinstance(layer, Addition | Product | Rectification)


def _as_torch(layer: Convolution) -> torch.Tensor:
    order = (3, 0, 1, 2) if layer.is_depthwise else (0, 3, 1, 2)
    return torch.from_numpy(layer.weights.transpose(order).copy())


def _same(layer: Convolution, sides: torch.Size) -> tuple[int, int, int, int]:
    """Zeros left, right, above and below as TensorFlow puts them: what is odd goes after."""
    kernel = layer.weights.shape[1:3]
    pads = []
    for side, size in zip(sides, kernel, strict=True):
        total = max((-(-side // layer.stride) - 1) * layer.stride + size - side, 0)
        pads.append((total // 2, total - total // 2))
    (above, below), (left, right) = pads
    return left, right, above, below


def _moved(
    layer: Logistic | Rectification | MaxPool | Pad | Enlargement | Reshape, source: torch.Tensor
) -> torch.Tensor:
    """What a layer without weights makes of one other."""
    match layer:
        case Logistic():
            return source.sigmoid()
        case Rectification():
            return source.relu()
        case Pad():
            return F.pad(source, (0, 0, *layer.columns, *layer.rows))
        case Reshape():
            return source.reshape(-1, *layer.shape[1:])
    taken = source.permute(0, 3, 1, 2)
    if isinstance(layer, MaxPool):
        made = F.max_pool2d(taken, layer.kernel, layer.stride, layer.kernel // 2)
    else:
        made = F.interpolate(taken, scale_factor=2, mode="bilinear", align_corners=False)
    return made.permute(0, 2, 3, 1)
