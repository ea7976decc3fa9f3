"""A finished net laid together with the published one that it began as, weight by weight.

What a net learns from few sets it pays for with what it knew of all other places. Between the
nets all are at their best: M. Wortsman and others, "Robust fine-tuning of zero-shot models", 2022,
https://arxiv.org/abs/2109.01903.
"""

import copy
from collections.abc import Sequence

import torch
from torch import nn

from tools.training.net import Net


def blend(parts: Sequence[tuple[Net, float]], pictures: Sequence[torch.Tensor]) -> Net:
    """A net between several. parts: each with its share; the shares are 1 together.

    pictures: batches of float NCHW, -1 to 1, RGB, from which its batch norms learn anew what comes
    through them, which is between the nets' statistics only by chance.
    """
    net = copy.deepcopy(parts[0][0])
    states = [(one.state_dict(), share) for one, share in parts]
    for name, value in net.state_dict().items():
        if value.is_floating_point():
            value.copy_(sum(state[name] * share for state, share in states))
    _measure_norms(net, pictures)
    return net.eval()


@torch.no_grad()
def _measure_norms(net: Net, pictures: Sequence[torch.Tensor]) -> None:
    norms = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        # torch's word for: the plain mean of all batches.
        norm.momentum = None
    net.train()
    for batch in pictures:
        net(batch)
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum
