"""From a run's best checkpoint to files that a device takes: float, int8, and the card."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from edge.whole_file import write_whole
from tools.quantising.observing import Show
from tools.quantising.pairing import pair_pixels
from tools.training.answers import Seen, decide, read_cells
from tools.training.classes import CLASSES, FAMILIES, FAMILY_NAMES
from tools.training.export import KINDS, Lessons, export_float, export_int8
from tools.training.holdout import Shown, to_input
from tools.training.net import Net
from tools.training.reshaping import reshape
from tools.training.wiring import STRIDES_PX, Level

LAYERS = {"boxes": "reg_preds", "objectness": "obj_preds", "classes": "cls_preds"}


@dataclass(frozen=True, slots=True)
class Release:
    """Both files of one net, for one input size."""

    name: str
    width_px: int
    height_px: int
    float_file: bytes
    int8_file: bytes


def make_release(
    net: Net,
    name: str,
    pictures: Sequence[torch.Tensor],
    show: Show,
    *,
    lessons: Lessons | None = None,
) -> Release:
    """Both files of a net. pictures: to calibrate with, of the size that ships."""
    height_px, width_px = pictures[0].shape[2:]
    made = export_int8(net, width_px, height_px, pictures, show, lessons=lessons)
    return Release(name, width_px, height_px, export_float(net, width_px, height_px), made.content)


def make_reshaped(net: Net, name: str, size_px: tuple[int, int], content: bytes) -> Release:
    """Both files of a net that was brought back from an int8 file, which keeps every bit."""
    content = pair_pixels(reshape(content, *size_px))
    return Release(name, *size_px, export_float(net, *size_px), content)


def write_release(folder: Path, made: Release, levels: Mapping[str, float]) -> None:
    """The int8 file with its card, and the float file with its own beside it.

    levels: by family, the score at which the tracker may begin a track.
    """
    for content, element in ((made.int8_file, "int8"), (made.float_file, "float32")):
        name = made.name if element == "int8" else f"{made.name}-float"
        write_whole(folder / name / f"{name}.tflite", content, mode=0o644, folder_mode=0o755)
        card = write_card(made, name, content, element, levels)
        write_whole(folder / name / "card.toml", card.encode(), mode=0o644, folder_mode=0o755)


def write_card(
    made: Release, name: str, content: bytes, element: str, levels: Mapping[str, float]
) -> str:
    """The card's text."""
    offset, scale = ("-128", "1") if element == "int8" else ("-1", "0.0078125")
    outputs = "\n".join(
        f'[[outputs]]\nrole = "{kind}_{stride}"\nname = "{LAYERS[kind]}.{place}"\n'
        f"shape = [1, {made.height_px // stride}, {made.width_px // stride}, {channels}]\n"
        f'type = "{element}"\n'
        for place, stride in enumerate(STRIDES_PX)
        for kind, channels in zip(KINDS, (4, 1, len(CLASSES)), strict=True)
    )
    classes = "\n".join(f"{word} = [{place}]" for place, word in enumerate(CLASSES))
    return CARD.format(
        name=name,
        element=element,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        width_px=made.width_px,
        height_px=made.height_px,
        scale=scale,
        offset=offset,
        outputs=outputs,
        strides=list(STRIDES_PX),
        count=len(CLASSES),
        classes=classes,
        levels="\n".join(
            f"{word} = {levels[FAMILY_NAMES[family]]}"
            for word, family in zip(CLASSES, FAMILIES, strict=True)
        ),
    )


def look(content: bytes, shown: Sequence[Shown]) -> list[Seen]:
    """What a TFLite file sees in held-out pictures of its input's size."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - only here

    runner = Interpreter(model_content=content, num_threads=1)
    runner.allocate_tensors()
    taken, outputs = runner.get_input_details()[0], runner.get_output_details()
    seen: list[Seen] = []
    for one in shown:
        picture = to_input([one.picture], torch.device("cpu")).permute(0, 2, 3, 1).numpy()
        if taken["dtype"] is np.int8:
            picture = np.round(picture * 128).astype(np.int8)
        runner.set_tensor(taken["index"], np.ascontiguousarray(picture))
        runner.invoke()
        said = [_real(runner.get_tensor(each["index"]), each["quantization"]) for each in outputs]
        levels = [Level(*said[3 * place : 3 * place + 3]) for place in range(len(STRIDES_PX))]
        seen.extend(decide(guess) for guess in read_cells(levels))
    return seen


def _real(raw: np.ndarray, scale: tuple[float, int]) -> torch.Tensor:
    """NCHW, in real numbers."""
    step, zero = scale
    values = raw.astype(np.float32)
    real = (values - zero) * np.float32(step) if step else values
    return torch.from_numpy(real).permute(0, 3, 1, 2)


CARD = """\
# Vigie's own detector for poles, made by tools/train; what of, and what it misses: README.md.
version = 1
name = "{name}"
title = "{name}, made for cameras on poles, {element}"
file = "{name}.tflite"
sha256 = "{sha256}"
size_bytes = {size_bytes}
licence = "Apache-2.0"
source = "tools/train, manifest tools/training/street.toml"
notice = "Begun from YOLOX nano, Copyright Megvii Inc., Apache License 2.0; see NOTICE."
runtime = "litert"

[input]
width_px = {width_px}
height_px = {height_px}
colour = "rgb"
layout = "nhwc"
type = "{element}"
resize = "letterbox"
pad = 114
scale = {scale}
offset = {offset}
# People who are smaller at the input are found much less often: README.md, held-out pictures.
tall_px = 64
# Shown so tall, people are found about as well as in a sharper crop: docs/design/looking.md.
clear_px = 26

{outputs}
[decoder]
name = "split"
box_code = "centre"
score_min = 0.2
overlap_max = 0.5
detections_max = 100
strides_px = {strides}

# What is a two-wheeler takes in its rider.
[classes]
count = {count}
{classes}

# From which score on a class is right as often as the manifest asks (`sure`): found on held-out
# pictures and pictures of nothing.
[levels]
{levels}
"""
