"""Training for int8: the float net runs with every rounding that the file will make.

Norms are folded in first, as in the file. Bounds of every value are learned with the weights;
rounding lets gradients through as if it were not there.
"""

from collections.abc import Mapping

import torch
from torch import nn

from tools.training.calibration import Range
from tools.training.net import Net, TorchBoard, Watch, linear_name
from tools.training.scales import Scales
from tools.training.start import folded
from tools.training.wiring import Conv, Level, wire

LEVELS = 255
LOWEST, HIGHEST = -128, 127
WEIGHT_HIGHEST = 127
# A logistic value is stored in these steps, whatever was measured.
GATE_STEP = 1 / 256
# Bounds nearer to zero than this would be no range.
BOUND_MIN = 1e-3


class QuantisedNet(nn.Module):
    """A net without norms, and bounds of every value that the file rounds.

    Takes what Net takes and answers the same. Without ranges, bounds are to be loaded.
    """

    def __init__(self, net: Net, ranges: Mapping[str, Range] | None = None) -> None:
        super().__init__()
        self.net = net
        scales = Scales(net.plan)
        leaders = sorted(set(scales.leader.values()))
        self._keys = {name: f"n{leaders.index(leader)}" for name, leader in scales.leader.items()}
        told = None if ranges is None else scales.share(ranges)
        # As logarithms: bounds differ by orders, and are learned at one rate.
        self.bounds = nn.ParameterDict(
            {
                self._keys[leader]: nn.Parameter(
                    logarithms_of((-1.0, 1.0) if told is None else told[leader])
                )
                for leader in leaders
            }
        )

    def bounds_of(self, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Lower and upper bound of a value."""
        below, above = self.bounds[self._keys[name]].exp()
        return -below, above

    def ranges(self) -> dict[str, Range]:
        """Bounds as they are now, by name."""
        with torch.no_grad():
            pairs = {name: self.bounds_of(name) for name in self._keys}
        return {name: (float(low), float(high)) for name, (low, high) in pairs.items()}

    def forward(self, image: torch.Tensor) -> list[Level[torch.Tensor]]:
        """Answers by stride."""
        return wire(self.board(), image, self.net.plan)

    def board(self, watch: Watch | None = None) -> TorchBoard:
        """What the wiring runs on, with every rounding."""
        return _RoundingBoard(self, watch)


class _RoundingBoard(TorchBoard):
    """Runs the wiring with everything rounded that the file rounds."""

    def __init__(self, whole: QuantisedNet, watch: Watch | None) -> None:
        super().__init__(whole.net, watch)
        self._whole = whole

    def rounded(self, name: str, value: torch.Tensor) -> torch.Tensor:
        return round_within(value, *self._whole.bounds_of(name))

    def convolve(self, conv: Conv, source: torch.Tensor) -> torch.Tensor:
        layer = self.net.layer(conv.name).conv
        linear = nn.functional.conv2d(
            source,
            round_weight(layer.weight),
            layer.bias,
            layer.stride,
            layer.padding,
            groups=layer.groups,
        )
        if not conv.is_active:
            return self.note(conv.name, linear)
        linear = self.note(linear_name(conv), linear)
        return self.note(conv.name, linear * round_gate(linear.sigmoid()))


def round_gate(value: torch.Tensor) -> torch.Tensor:
    """A logistic value as int8 stores it."""
    return torch.fake_quantize_per_tensor_affine(value, GATE_STEP, LOWEST, LOWEST, HIGHEST)


def round_weight(weight: torch.Tensor) -> torch.Tensor:
    """To int8 with a step for each output channel, symmetric."""
    step = step_of(weight)
    return weight + ((weight / step).round() * step - weight).detach()


def step_of(weight: torch.Tensor) -> torch.Tensor:
    """The step of each output channel, (out, 1, 1, 1)."""
    return weight.detach().abs().amax((1, 2, 3), keepdim=True).clamp(min=1e-9) / WEIGHT_HIGHEST


def round_within(value: torch.Tensor, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """To int8 between two bounds around zero, which stays exact.

    The bounds learn what rounding and cutting cost (the idea is LSQ's, Esser and others, 2020).
    """
    step = (high - low) / LEVELS
    zero = (LOWEST - low / step).detach().round().clamp(LOWEST, HIGHEST)
    return torch._fake_quantize_learnable_per_tensor_affine(  # noqa: SLF001 - torch's own fused one
        value, step.reshape(1), zero.reshape(1), LOWEST, HIGHEST, 1.0
    )


def fold(net: Net) -> Net:
    """The same net with its norms in its weights."""
    plain = Net(net.plan, has_norm=False)
    for key in plain.layers:
        name = key.replace("/", ".")
        weight, bias = folded(net.layer(name))
        target = plain.layer(name).conv
        target.weight.data.copy_(torch.from_numpy(weight))
        assert target.bias is not None
        target.bias.data.copy_(torch.from_numpy(bias))
    return plain.to(memory_format=torch.channels_last).eval()


def logarithms_of(bounds: Range) -> torch.Tensor:
    """Of both bounds, as far as they are from zero."""
    return torch.tensor([-bounds[0], bounds[1]]).clamp(min=BOUND_MIN).log()
