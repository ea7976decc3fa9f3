"""From a card's TOML to a Card: every value typed, bounded, and named when it is wrong."""

import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from edge.errors import Kind, VigieError
from edge.eye.detector.card import (
    BOX_CODES,
    DECODERS,
    ELEMENT_TYPES,
    RUNTIMES,
    SPLIT_KINDS,
    Card,
    ModelInput,
    ModelOutput,
    SsdAnchors,
)
from edge.eye.detector.fields import HINT, Fields
from edge.wire.names import CLASS_NUMBERS

CARD_VERSION = 1
SIDE_MAX_PX = 4096
# Where a card says nothing: what detectors of street scenes need, of 300 to 416 pixels.
TALL_PX = 64
CLASSES_MAX = 1000
_OF_STRIDES = ("yolox", "split")
_ROLE = re.compile(rf"boxes|scores|classes|count|grid|({'|'.join(SPLIT_KINDS)})_[1-9][0-9]{{0,3}}")
_ROLE_RULE = "boxes, scores, classes, count or grid, or boxes_8 and the like of a stride"
_HEX_SHA256 = re.compile(r"[0-9a-f]{64}")
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_PLAIN_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def read_card(path: Path) -> Card:
    """Read and check one card.

    Raises: VigieError NOT_FOUND without the file, INVALID_ARGUMENT for anything wrong in it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as missing:
        raise VigieError(
            Kind.NOT_FOUND,
            "there is no model card",
            where=str(path),
            hint="List the cards with 'vigie models list'.",
        ) from missing
    except UnicodeDecodeError as garbage:
        raise VigieError(
            Kind.INVALID_ARGUMENT, "the model card is not text", where=str(path), hint=HINT
        ) from garbage
    return parse_card(text, path)


def parse_card(text: str, path: Path) -> Card:
    """Check a card's text; path is where it stands and what errors name.

    Raises: VigieError INVALID_ARGUMENT for the first thing that is wrong.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as broken:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"the model card is not valid TOML: {broken}",
            where=str(path),
            hint=HINT,
        ) from broken
    root = Fields(content, "", str(path))
    version = root.number("version", 1, 1000)
    if version != CARD_VERSION:
        root.refuse(f"version is {version}, and this vigie reads version {CARD_VERSION}")
    card = _read_root(root, path)
    root.refuse_unknown()
    _check_together(card, root)
    return card


def _read_root(root: Fields, path: Path) -> Card:
    decoder = root.table("decoder")
    kind = decoder.word("name", DECODERS)
    card = Card(
        path=path,
        name=root.matching("name", _PLAIN_NAME, "lower-case letters, digits, '.', '_' and '-'"),
        title=root.text("title"),
        file=root.matching("file", _PLAIN_FILE, "a file name without folders"),
        sha256=root.matching("sha256", _HEX_SHA256, "64 lower-case hexadecimal digits"),
        size_bytes=root.number("size_bytes", 1, 1 << 31),
        licence=root.text("licence"),
        source=root.text("source"),
        notice=root.text("notice"),
        address=root.address("address"),
        runtime=root.word("runtime", RUNTIMES, default="litert"),
        decoder=kind,
        input=_read_input(root.table("input")),
        outputs=tuple(_read_output(table) for table in root.tables("outputs")),
        classes=_read_classes(root.table("classes")),
        score_min=decoder.fraction("score_min"),
        overlap_max=decoder.fraction("overlap_max"),
        detections_max=decoder.number("detections_max", 1, 1000),
        anchors=_read_anchors(decoder) if kind == "ssd" else None,
        strides_px=decoder.numbers("strides_px", 1, 1024) if kind in _OF_STRIDES else (),
        box_code=decoder.word("box_code", BOX_CODES) if kind == "split" else "",
        levels=_read_levels(root),
    )
    decoder.refuse_unknown()
    return card


def _read_input(table: Fields) -> ModelInput:
    tall_px = table.number("tall_px", 8, SIDE_MAX_PX, default=TALL_PX)
    read = ModelInput(
        width_px=table.number("width_px", 16, SIDE_MAX_PX),
        height_px=table.number("height_px", 16, SIDE_MAX_PX),
        colour=table.word("colour", ("rgb", "bgr")),
        layout=table.word("layout", ("nhwc", "nchw")),
        element=table.word("type", ELEMENT_TYPES),
        resize=table.word("resize", ("stretch", "letterbox")),
        pad=table.number("pad", 0, 255, default=0),
        scale=table.real("scale"),
        offset=table.real("offset"),
        tall_px=tall_px,
        clear_px=table.number("clear_px", 8, tall_px, default=tall_px),
    )
    stored_zero = {"int8": -128.0, "uint8": 0.0}.get(read.element)
    if stored_zero is not None and (read.scale, read.offset) != (1.0, stored_zero):
        table.refuse(
            f"type {read.element} stores pixel {stored_zero:+.0f}: "
            f"scale must be 1 and offset {stored_zero:.0f}"
        )
    table.refuse_unknown()
    return read


def _read_output(table: Fields) -> ModelOutput:
    read = ModelOutput(
        role=table.matching("role", _ROLE, _ROLE_RULE),
        name=table.text("name"),
        shape=table.numbers("shape", 1, 1 << 24),
        element=table.word("type", ELEMENT_TYPES),
    )
    table.refuse_unknown()
    return read


def _read_classes(table: Fields) -> tuple[int, ...]:
    count = table.number("count", 1, CLASSES_MAX)
    numbers = [0] * count
    for word, number in CLASS_NUMBERS.items():
        for index in table.numbers(word, 0, count - 1, default=()):
            if numbers[index]:
                table.refuse(f"{word} names class {index} of the model a second time")
            numbers[index] = number
    table.refuse_unknown()
    if not any(numbers):
        table.refuse("no class of the model is named")
    return tuple(numbers)


def _read_levels(root: Fields) -> Mapping[int, float]:
    if not root.has("levels"):
        return {}
    table = root.table("levels")
    levels: dict[int, float] = {}
    for word, number in CLASS_NUMBERS.items():
        if table.has(word):
            levels[number] = table.fraction(word)
            if not 0 < levels[number] < 1:
                table.refuse(f"'{word}' must be above 0 and below 1, and is {levels[number]!r}")
    table.refuse_unknown()
    return levels


def _read_anchors(table: Fields) -> SsdAnchors:
    sizes = table.numbers("map_sizes", 1, SIDE_MAX_PX)
    scales = table.reals("scales")
    factors = table.reals("box_factors")
    if len(scales) != len(sizes) + 1:
        table.refuse(f"scales needs {len(sizes) + 1} values, one more than map_sizes")
    if len(factors) != 4 or min(factors) <= 0:
        table.refuse("box_factors needs 4 values above 0, for ty, tx, th and tw")
    return SsdAnchors(
        map_sizes=sizes,
        scales=scales,
        first_scale=table.fraction("first_scale"),
        box_factors=(factors[0], factors[1], factors[2], factors[3]),
    )


_ROLES = {
    "ssd": {"boxes", "scores"},
    "ssd_post": {"boxes", "scores", "classes", "count"},
    "yolox": {"grid"},
}


def _check_together(card: Card, root: Fields) -> None:
    roles = [output.role for output in card.outputs]
    wanted = _ROLES.get(card.decoder) or {
        f"{kind}_{stride}" for kind in SPLIT_KINDS for stride in card.strides_px
    }
    if sorted(roles) != sorted(wanted):
        root.refuse(
            f"decoder {card.decoder} needs the outputs {', '.join(sorted(wanted))}, "
            f"and the card names {', '.join(sorted(roles))}"
        )
    sizes = {output.role: math.prod(output.shape) for output in card.outputs}
    for role, (rows, values) in _grids(card, sizes).items():
        if sizes[role] != rows * values:
            root.refuse(
                f"decoder {card.decoder} needs {rows} x {values} values in the output {role}, "
                f"and the card's shape has {sizes[role]}"
            )


def _grids(card: Card, sizes: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Rows (boxes) and values in each, for each role, as anchors, strides and classes make them."""
    if card.anchors is not None:
        first, *others = card.anchors.map_sizes
        rows = 3 * first**2 + 6 * sum(cells**2 for cells in others)
        return {"scores": (rows, len(card.classes)), "boxes": (rows, 4)}
    if card.decoder == "ssd_post":
        return {"boxes": (sizes["scores"], 4), "classes": (sizes["scores"], 1), "count": (1, 1)}
    width, height = card.input.width_px, card.input.height_px
    cells = {stride: (width // stride) * (height // stride) for stride in card.strides_px}
    if card.decoder == "yolox":
        return {"grid": (sum(cells.values()), 5 + len(card.classes))}
    values = dict(zip(SPLIT_KINDS, (4, 1, len(card.classes)), strict=True))
    return {
        f"{kind}_{stride}": (rows, each)
        for stride, rows in cells.items()
        for kind, each in values.items()
    }
