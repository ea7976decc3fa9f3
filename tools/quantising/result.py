"""The card of what comes out: one that `vigie models add` and the loader take."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from edge.errors import Kind, VigieError
from edge.eye.detector.card import Card, ModelInput, ModelOutput
from edge.wire.names import CLASS_NUMBERS
from tools.quantising.onnx_net import Net

SUFFIX = "-int8"
# Pixels of an int8 model are stored as pixel - 128.
SIGNED = -128.0


def check_card(card: Card, net: Net | None = None) -> None:
    """Refuse a card that does not describe such a net. Raises: VigieError INVALID_ARGUMENT."""
    wanted: dict[str, tuple[object, object]] = {
        "runtime": (card.runtime, "onnx"),
        "the decoder's name": (card.decoder, "yolox"),
        "the input's type": (card.input.element, "float32"),
        "the input's layout": (card.input.layout, "nchw"),
    }
    if net is not None:
        size = (net.width_px, net.height_px)
        strides = tuple(head.stride_px for head in net.heads)
        wanted = {
            "the input's width and height": ((card.input.width_px, card.input.height_px), size),
            "the count of classes": (len(card.classes), net.class_count),
            "strides_px": (tuple(sorted(card.strides_px)), strides),
        }
    for what, (said, right) in wanted.items():
        if said != right:
            raise VigieError(
                Kind.INVALID_ARGUMENT,
                f"{what} is {said} in the card of '{card.name}', and must be {right}",
                where=str(card.path),
                hint="models/yolox-nano/card.toml in the repository is a card of such a model.",
            )


def kept_classes(card: Card) -> tuple[int, ...]:
    """Places of the classes that the card uses; the others are cut off."""
    return tuple(place for place, number in enumerate(card.classes) if number)


def result_card(card: Card, net: Net, element: str, content: bytes, source: str) -> Card:
    """The card of a file of ours, float32 or int8, made of the ONNX file of `card`."""
    shapes = {layer.name: layer.shape for layer in net.layers}
    name = card.name + SUFFIX
    return replace(
        card,
        path=Path(),
        name=name,
        title=f"{card.title.removesuffix(', float')}, {element}",
        file=f"{name}.tflite",
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        source=source,
        address=None,
        runtime="litert",
        decoder="split",
        box_code="centre",
        strides_px=tuple(head.stride_px for head in net.heads),
        input=_input(card.input, element),
        outputs=tuple(
            ModelOutput(role, layer, shapes[layer], element) for role, layer in net.outputs.items()
        ),
        classes=tuple(card.classes[place] for place in net.kept_classes),
    )


def float_input(asked: ModelInput) -> ModelInput:
    """The ONNX file's picture as our float file takes it: RGB, NHWC, the same values."""
    return replace(asked, colour="rgb", layout="nhwc")


def _input(asked: ModelInput, element: str) -> ModelInput:
    turned = float_input(asked)
    if element == "float32":
        return turned
    return replace(turned, element=element, scale=1.0, offset=SIGNED)


def write_card(card: Card) -> str:
    """A card as TOML."""
    lines = [
        "# Written by tools/quantize.",
        "version = 1",
        *(_line(key, getattr(card, key)) for key in _TEXTS[:3]),
        _line("sha256", card.sha256),
        _line("size_bytes", card.size_bytes),
        *(_line(key, getattr(card, key)) for key in _TEXTS[3:]),
        "",
        "[input]",
        *(_line(key, getattr(card.input, key)) for key in ("width_px", "height_px")),
        *(_line(key, getattr(card.input, key)) for key in ("colour", "layout")),
        _line("type", card.input.element),
        *(_line(key, getattr(card.input, key)) for key in ("resize", "pad", "scale", "offset")),
    ]
    for output in card.outputs:
        lines += ["", "[[outputs]]", _line("role", output.role), _line("name", output.name)]
        lines += [_line("shape", list(output.shape)), _line("type", output.element)]
    lines += ["", "[decoder]", _line("name", card.decoder), _line("box_code", card.box_code)]
    lines += [_line(key, getattr(card, key)) for key in ("score_min", "overlap_max")]
    lines += [_line("detections_max", card.detections_max)]
    lines += [_line("strides_px", list(card.strides_px))]
    lines += ["", "[classes]", _line("count", len(card.classes))]
    for word, number in CLASS_NUMBERS.items():
        places = [place for place, mine in enumerate(card.classes) if mine == number]
        if places:
            lines.append(_line(word, places))
    return "\n".join(lines) + "\n"


_TEXTS = ("name", "title", "file", "licence", "source", "notice", "runtime")


def _line(key: str, value: object) -> str:
    # Strings, numbers and lists of JSON are those of TOML too.
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"
