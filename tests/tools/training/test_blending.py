"""A blended net: weights between two nets', statistics of its own."""

import copy

import pytest

pytest.importorskip("torch", reason="needs the environment that trains (make train-test)")

import torch
from torch import nn

from tools.training.blending import blend
from tools.training.net import Net
from tools.training.wiring import make_plan


def tiny(seed: int) -> Net:
    torch.manual_seed(seed)
    return Net(make_plan((8, 16, 32, 64), 8))


def pictures() -> list[torch.Tensor]:
    torch.manual_seed(9)
    return [torch.rand(2, 3, 64, 64) * 2 - 1 for _ in range(3)]


def norms(net: Net) -> list[nn.BatchNorm2d]:
    return [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]


@pytest.mark.parametrize("shares", [(0.0, 1.0), (0.25, 0.75), (1.0, 0.0), (0.3, 0.5, 0.2)])
def test_every_weight_lies_between_those_of_the_nets(shares: tuple[float, ...]) -> None:
    parts = [(tiny(seed), share) for seed, share in enumerate(shares)]
    blended = blend(parts, pictures())
    for name, value in blended.named_parameters():
        expected = sum(net.get_parameter(name) * share for net, share in parts)
        torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-7)


def test_its_norms_know_what_comes_through_it_and_the_two_nets_are_as_they_were() -> None:
    finished, begun = tiny(1), tiny(2)
    before = [copy.deepcopy(net.state_dict()) for net in (finished, begun)]
    blended = blend([(finished, 0.5), (begun, 0.5)], pictures())
    first = blended.layer("stem.conv")
    through = torch.stack([first.conv(picture).mean((0, 2, 3)) for picture in pictures()])
    assert isinstance(first.norm, nn.BatchNorm2d)
    torch.testing.assert_close(first.norm.running_mean, through.mean(0), rtol=1e-4, atol=1e-5)
    assert not blended.training
    assert [norm.momentum for norm in norms(blended)] == [norm.momentum for norm in norms(finished)]
    for net, kept in zip((finished, begun), before, strict=True):
        torch.testing.assert_close(net.state_dict(), kept)
