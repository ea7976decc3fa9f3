"""A float TFLite file against the net it came from, layer by layer on one picture."""

from dataclasses import dataclass

import numpy as np
import torch

from tools.quantising.observing import LookedInto
from tools.training.net import Net, TorchBoard
from tools.training.wiring import wire


@dataclass(frozen=True, slots=True)
class Likeness:
    """One layer: its greatest distance, and the spread (standard deviation) of its values."""

    name: str
    worst: float
    spread: float


def compare_layers(net: Net, content: bytes, picture: torch.Tensor) -> list[Likeness]:
    """Every layer alone, in the order in which they run: each takes in what the file's took in.

    picture: NCHW, -1 to 1, of the file's size.
    """
    file, likenesses = LookedInto(content), []
    file.run(np.ascontiguousarray(picture.permute(0, 2, 3, 1).numpy()))

    def watch(name: str, value: torch.Tensor) -> torch.Tensor:
        given = torch.from_numpy(file.real(name)).permute(0, 3, 1, 2)
        worst = float((given - value).abs().max())
        likenesses.append(Likeness(name, worst, float(value.std())))
        return given

    with torch.no_grad():
        wire(TorchBoard(net, watch), picture, net.plan)
    return likenesses
