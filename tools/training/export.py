"""From a trained net to TFLite: norms folded in, channels evened, bounds observed, int8."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from edge.builder.layers import (
    Addition,
    Concatenation,
    Convolution,
    Enlargement,
    Input,
    Layer,
    Logistic,
    MaxPool,
    Pad,
    Product,
    Shape,
)
from edge.builder.quantiser import Ranges, quantise
from edge.builder.tflite_writer import write_tflite
from tools.quantising.bounds import choose_ranges
from tools.quantising.evening import Floats, even_channels
from tools.quantising.learning import Begun, learn
from tools.quantising.observing import Show, observe
from tools.quantising.pairing import pair_pixels
from tools.training.net import Net, linear_name
from tools.training.start import folded
from tools.training.wiring import POOL, STRIDES_PX, Conv, Level, wire

INPUT_NAME = "image"
INPUT_RANGE = (-1.0, 127 / 128)
SMALLEST_PX = (32, 32)
KINDS = ("boxes", "objectness", "classes")


@dataclass(frozen=True, slots=True)
class Shaped:
    """A tensor of the file: its name and NHWC shape."""

    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Lessons:
    """In how many steps an int8 file learns to answer as its float, on which pictures.

    pictures: as for the bounds, and more of them.
    """

    pictures: Sequence[torch.Tensor]
    steps: int


@dataclass(frozen=True, slots=True)
class Rounded:
    """A full int8 file, and the layers and bounds that it was written of."""

    content: bytes
    layers: tuple[Layer, ...]
    ranges: Ranges


class LayerBoard:
    """Writes the wiring as layers; `layers` holds them in the order in which they run."""

    def __init__(self, net: Net, width_px: int, height_px: int) -> None:
        self._net = net
        self.image = Shaped(INPUT_NAME, (1, height_px, width_px, 3))
        self.layers: list[Layer] = [Input(INPUT_NAME, self.image.shape)]

    def convolve(self, conv: Conv, source: Shaped) -> Shaped:
        """See Board."""
        weights, bias = folded(self._net.layer(conv.name))
        kernel = weights.transpose((1, 2, 3, 0) if conv.is_depthwise else (0, 2, 3, 1))
        _, height, width, _ = source.shape
        high, wide = height // conv.stride, width // conv.stride
        taken, is_padded = self._pad(conv, source)
        made = Shaped(conv.name, (1, high, wide, conv.channels))
        linear = linear_name(conv) if conv.is_active else conv.name
        self.layers.append(
            Convolution(
                linear,
                taken.name,
                np.ascontiguousarray(kernel),
                bias,
                conv.stride,
                conv.is_depthwise,
                has_relu6=False,
                shape=made.shape,
                is_padded=is_padded,
            )
        )
        if conv.is_active:
            self.layers.append(Logistic(gate_name(conv), linear, made.shape))
            self.layers.append(Product(conv.name, linear, gate_name(conv), made.shape))
        return made

    def add(self, name: str, left: Shaped, right: Shaped) -> Shaped:
        """See Board."""
        self.layers.append(Addition(name, left.name, right.name, left.shape))
        return Shaped(name, left.shape)

    def stack(self, name: str, sources: tuple[Shaped, ...]) -> Shaped:
        """See Board."""
        shape = (*sources[0].shape[:3], sum(one.shape[3] for one in sources))
        self.layers.append(Concatenation(name, tuple(one.name for one in sources), shape, 3))
        return Shaped(name, shape)

    def pool(self, name: str, source: Shaped) -> Shaped:
        """See Board."""
        self.layers.append(MaxPool(name, source.name, POOL, 1, source.shape))
        return Shaped(name, source.shape)

    def enlarge(self, name: str, source: Shaped) -> Shaped:
        """See Board."""
        _, height, width, channels = source.shape
        made = Shaped(name, (1, 2 * height, 2 * width, channels))
        self.layers.append(Enlargement(name, source.name, made.shape))
        return made

    def channels(self, source: Shaped) -> int:
        """See Board."""
        return source.shape[3]

    def _pad(self, conv: Conv, source: Shaped) -> tuple[Shaped, bool]:
        """What is convolved. TensorFlow pads an even size after it, torch before it."""
        if conv.stride == 1 or conv.kernel % 2 == 0:
            return source, True
        _, height, width, channels = source.shape
        made = Shaped(padded_name(conv), (1, height + conv.pad, width + conv.pad, channels))
        before = (conv.pad, 0)
        self.layers.append(Pad(made.name, source.name, before, before, made.shape))
        return made, False


def export_float(net: Net, width_px: int, height_px: int) -> bytes:
    """The float TFLite file of a net for one input size."""
    return _lay(net, width_px, height_px)[0]


def export_int8(
    net: Net,
    width_px: int,
    height_px: int,
    pictures: Sequence[torch.Tensor],
    show: Show,
    *,
    lessons: Lessons | None = None,
) -> Rounded:
    """Channels evened, bounds as most pictures need them.

    pictures: NCHW, -1 to 1, one each. lessons: rounded, it also learns to answer as it did.
    """
    content, layers = _lay(net, width_px, height_px)
    answers = outputs_of(net)
    taken = [_as_taken(one) for one in pictures]
    with show("observing what each layer makes of pictures") as report:
        observed = observe(content, layers, taken, report)
    evened = even_channels(layers, list(answers.values()), observed)
    logits = [name for role, name in answers.items() if not role.startswith("boxes")]
    ranges = choose_ranges(
        evened.layers, evened.factors, observed, pixels=INPUT_RANGE, logits=logits
    )
    written = evened.layers
    if lessons is not None:
        heads = [Level(*(answers[f"{kind}_{one}"] for kind in KINDS)) for one in STRIDES_PX]
        shown = [_as_taken(one) for one in lessons.pictures]
        with show("learning to answer as before, rounded") as report:
            learned = learn(heads, Begun(written, ranges), shown, lessons.steps, report)
        written, ranges = learned.layers, learned.ranges
    content = pair_pixels(quantise(write_tflite(written, answers), ranges))
    return Rounded(content, written, ranges)


def _as_taken(picture: torch.Tensor) -> Floats:
    return np.asarray(picture.permute(0, 2, 3, 1).contiguous().numpy(), np.float32)


def outputs_of(net: Net) -> dict[str, str]:
    """Layers that answer, by the decoder's word for each."""
    levels = wire(LayerBoard(net, *SMALLEST_PX), Shaped(INPUT_NAME, (1, *SMALLEST_PX, 3)), net.plan)
    return {
        f"{kind}_{stride}": made.name
        for stride, level in zip(STRIDES_PX, levels, strict=True)
        for kind, made in zip(KINDS, (level.boxes, level.objectness, level.classes), strict=True)
    }


def _lay(net: Net, width_px: int, height_px: int) -> tuple[bytes, list[Layer]]:
    board = LayerBoard(net.eval(), width_px, height_px)
    wire(board, board.image, net.plan)
    return write_tflite(board.layers, outputs_of(net)), board.layers


def gate_name(conv: Conv) -> str:
    """What the logistic values are called that a convolution's are multiplied with."""
    return f"{conv.name}/gate"


def padded_name(conv: Conv) -> str:
    """What a convolution's padded source is called."""
    return f"{conv.name}/padded"
