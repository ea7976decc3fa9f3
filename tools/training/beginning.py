"""A fresh net, from the published weights kept in one small file."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from edge.errors import Kind, VigieError
from edge.whole_file import write_whole
from tools.training import checkpoint
from tools.training.batches import Steps
from tools.training.classes import CLASSES
from tools.training.manifest import Size
from tools.training.net import Net
from tools.training.slimming import slim
from tools.training.start import Weights, start_from
from tools.training.wiring import PUBLISHED, make_plan

# So many batches tell the statistics of our pictures well enough.
BATCHES = 4


def write_weights(path: Path, weights: Weights) -> None:
    """Keep published weights without their format."""
    content = io.BytesIO()
    arrays = {f"{name}:kernel": kernel for name, (kernel, _) in weights.items()}
    arrays |= {f"{name}:bias": bias for name, (_, bias) in weights.items()}
    np.savez(content, allow_pickle=False, **arrays)
    write_whole(path, content.getvalue(), mode=0o644, folder_mode=0o755)


def read_weights(path: Path) -> Weights:
    """Read them again. Raises: VigieError FAILED_PRECONDITION when there are none."""
    try:
        with np.load(path) as kept:
            names = [
                name.removesuffix(":kernel") for name in kept.files if name.endswith(":kernel")
            ]
            return {name: (kept[f"{name}:kernel"], kept[f"{name}:bias"]) for name in names}
    except FileNotFoundError as missing:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "the weights to begin with are not there",
            where=str(path),
            hint="Run: tools/train prepare --data DIR --models DIR",
        ) from missing


def begin(size: Size, weights: Weights, steps: Steps, guide: Net | None) -> Net:
    """A net of a size: as published; a narrower one as parts of its guide, or else by chance."""
    plan = make_plan(size.stages, len(CLASSES))
    if guide is not None:
        return slim(guide, plan)
    net = Net(plan)
    if size.stages == PUBLISHED:
        start_from(weights, net, look(steps))
    return net


def read_net(run: Path, size: Size, name: str = checkpoint.BEST) -> Net:
    """The averaged net of a run's checkpoint. Raises: VigieError NOT_FOUND, DATA_LOSS."""
    standing = checkpoint.load(run / name)
    if standing is None:
        raise VigieError(Kind.NOT_FOUND, "the run has no checkpoint yet", where=str(run / name))
    net = Net(make_plan(size.stages, len(CLASSES)))
    net.load_state_dict(standing.average)
    return net.to(memory_format=torch.channels_last).eval()


def look(steps: Steps) -> Sequence[torch.Tensor]:
    """A few composed batches, NCHW, -1 to 1."""
    return [steps[number].to(torch.device("cpu"))[0] for number in range(min(BATCHES, len(steps)))]
