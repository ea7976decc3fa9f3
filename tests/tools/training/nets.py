"""Small nets in torch that the training's tests share."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from tools.quantising.observing import Report
from tools.training.net import Net
from tools.training.wiring import make_plan


def tiny(*, has_norm: bool = True) -> Net:
    torch.manual_seed(5)
    return Net(make_plan((8, 16, 32, 64), 8), has_norm=has_norm)


def settle_norms(net: Net, picture: torch.Tensor) -> None:
    """Give an untrained net statistics that keep its values alive to the end."""
    for one in net.modules():
        if isinstance(one, torch.nn.BatchNorm2d):
            one.momentum = 1.0
    with torch.no_grad():
        net.train()(picture)
    net.eval()


def settled_net() -> tuple[Net, torch.Tensor]:
    """An untrained net that has seen one picture, and the picture."""
    net = tiny()
    chance = np.random.default_rng(1)
    picture = torch.from_numpy(chance.integers(-128, 128, (1, 3, 128, 96))).float() / 128
    settle_norms(net, picture)
    return net, picture


def uneven_net() -> tuple[Net, torch.Tensor]:
    """A net in which some channels are far larger than others, and a picture."""
    net, picture = settled_net()
    for layer in net.layers.values():
        if isinstance(layer.norm, torch.nn.BatchNorm2d):
            layer.norm.weight.data[1:] *= 0.05
    settle_norms(net, picture)
    return net, picture


@contextmanager
def hidden(_what: str) -> Iterator[Report]:
    """Progress that nobody is shown."""
    yield lambda _done, _total: None
