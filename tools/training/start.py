"""Where the net starts: YOLOX-nano's published weights, read from its ONNX file.

The published file has its batch norms folded in. Ours are put back so that they change nothing at
first, and are given the statistics that our pictures really have.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from tools.training.classes import ANIMAL, BAG, BICYCLE, BUS, CAR, MOTORCYCLE, PERSON, TRUCK
from tools.training.net import NORM_EPSILON, ConvNorm, Net

Weights = dict[str, tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]
# COCO's places whose mean a class of ours starts as.
FROM_COCO = {
    PERSON: (0,), BICYCLE: (1,), MOTORCYCLE: (3,), CAR: (2,), BUS: (5,), TRUCK: (7,),
    BAG: (24, 26, 28), ANIMAL: (16,),
}  # fmt: skip
MIDDLE = 128.0


def read_published(path: Path) -> Weights:
    """Weight (out, in, height, width) and bias of each convolution, by our layer names."""
    import onnx  # noqa: PLC0415 - only where a run begins
    from onnx import numpy_helper  # noqa: PLC0415

    graph = onnx.load(str(path)).graph
    constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    weights: Weights = {}
    for node in graph.node:
        if node.op_type == "Conv":
            kernel, bias = (np.asarray(constants[name], np.float32) for name in node.input[1:3])
            weights[layer_name(node.name)] = (kernel, bias)
    weights["stem.conv"] = (_regroup(weights["stem.conv"][0]), weights["stem.conv"][1])
    return weights


def layer_name(node: str) -> str:
    """`/backbone/backbone/dark2/dark2.1/m/m.0/conv1/conv/Conv` is dark2.1.m.0.conv1."""
    parts = [part for part in node.split("/") if part not in {"", "backbone", "head"}]
    if parts[-2:] == ["conv", "Conv"]:
        parts = parts[:-2]
    elif parts[-1] == "Conv":
        parts = parts[:-1]
    kept: list[str] = []
    for part in parts:
        if kept and part.startswith(kept[-1] + "."):
            kept[-1] = part
        else:
            kept.append(part)
    return re.sub(r"^stem$", "stem.conv", ".".join(kept))


def _regroup(kernel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """3 by 3 over regrouped pixels as 6 by 6 over the picture.

    The published order of the four pixels is top left, bottom left, top right, bottom right.
    """
    out, _, height, width = kernel.shape
    whole = np.zeros((out, 3, 2 * height, 2 * width), np.float32)
    for group, (down, right) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1))):
        whole[:, :, down::2, right::2] = kernel[:, 3 * group : 3 * group + 3]
    return whole


def start_from(weights: Weights, net: Net, pictures: Iterable[torch.Tensor]) -> None:
    """Fill our net and set its norms from some pictures (NCHW, -1 to 1)."""
    ours = dict(weights)
    for place in range(3):
        kernel, bias = weights[f"cls_preds.{place}"]
        rows = [list(FROM_COCO[kind]) for kind in range(net.plan.classes)]
        ours[f"cls_preds.{place}"] = (
            np.stack([kernel[one].mean(0) for one in rows]),
            np.stack([bias[one].mean() for one in rows]),
        )
    plain = Net(net.plan, has_norm=False)
    _fill(plain, ours)
    _take_signed_rgb(plain.layer("stem.conv"))
    restore_norms(plain, net, pictures)


def restore_norms(plain: Net, net: Net, pictures: Iterable[torch.Tensor]) -> None:
    """Give a net with norms the weights of one without, doing the same on these pictures."""
    sums: dict[str, list[torch.Tensor]] = {}
    hooks = [
        plain.layer(name).conv.register_forward_hook(_note(sums.setdefault(name, [])))
        for name in (key.replace("/", ".") for key in plain.layers)
    ]
    with torch.no_grad():
        for picture in pictures:
            plain.eval()(picture)
    for hook in hooks:
        hook.remove()
    for name, noted in sums.items():
        source, target = plain.layer(name).conv, net.layer(name)
        target.conv.weight.data.copy_(source.weight.data)
        assert source.bias is not None
        if isinstance(target.norm, torch.nn.BatchNorm2d):
            moments = torch.stack(noted).mean(0)
            mean, variance = moments[0], (moments[1] - moments[0] ** 2).clamp(min=1e-6)
            target.norm.running_mean.copy_(mean - source.bias.data)
            target.norm.running_var.copy_(variance)
            target.norm.weight.data.copy_((variance + NORM_EPSILON).sqrt())
            target.norm.bias.data.copy_(mean)
        else:
            target.conv.bias.data.copy_(source.bias.data)


def folded(layer: ConvNorm) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Weight (out, in, height, width) and bias with the norm's effect in them."""
    kernel = layer.conv.weight.detach().float()
    bias = layer.conv.bias
    if isinstance(layer.norm, torch.nn.BatchNorm2d):
        norm = layer.norm
        factor = norm.weight / (norm.running_var + norm.eps).sqrt()
        kernel = kernel * factor[:, None, None, None]
        bias = norm.bias - norm.running_mean * factor
    return kernel.detach().cpu().numpy(), bias.detach().float().cpu().numpy()


def _note(into: list[torch.Tensor]) -> "torch.utils.hooks.Callable":
    def hook(_: object, __: object, answer: torch.Tensor) -> None:
        into.append(torch.stack([answer.mean((0, 2, 3)), (answer**2).mean((0, 2, 3))]))

    return hook


def _fill(net: Net, weights: Weights) -> None:
    for key in net.layers:
        layer = net.layer(key.replace("/", "."))
        kernel, bias = weights[key.replace("/", ".")]
        layer.conv.weight.data.copy_(torch.from_numpy(kernel.copy()))
        assert layer.conv.bias is not None
        layer.conv.bias.data.copy_(torch.from_numpy(bias.copy()))


def _take_signed_rgb(layer: ConvNorm) -> None:
    """From BGR of 0 to 255 to RGB of -1 to 1: pixel = 128 x + 128."""
    kernel = layer.conv.weight.data.flip(1)
    assert layer.conv.bias is not None
    layer.conv.bias.data.add_(MIDDLE * kernel.sum((1, 2, 3)))
    layer.conv.weight.data.copy_(MIDDLE * kernel)
