"""Rounding as int8 rounds, for torch: gradients go through as if it were not there."""

import torch

from tools.quantising.bounds import Range

LEVELS = 255
LOWEST, HIGHEST = -128, 127
WEIGHT_HIGHEST = 127
# A logistic value is stored in these steps, whatever was measured.
GATE_STEP = 1 / 256
# Bounds nearer to zero than this would be no range.
BOUND_MIN = 1e-3


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


def logarithms_of(bounds: Range) -> torch.Tensor:
    """Of both bounds, as far as they are from zero."""
    return torch.tensor([-bounds[0], bounds[1]]).clamp(min=BOUND_MIN).log()
