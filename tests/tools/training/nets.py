"""Small nets in torch that the training's tests share."""

import numpy as np
import torch

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
