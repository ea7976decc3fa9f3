"""All steps in order: read, observe, even, check, quantise, compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.builder.quantiser import quantise
from edge.builder.tflite_writer import write_tflite
from edge.errors import Kind, VigieError
from edge.eye.detector.card import Card
from edge.eye.detector.library import sha256_of
from edge.eye.detector.preprocess import Rgb, prepare
from edge.eye.detector.runtime import Values
from tools.quantising.agreement import Agreement, compare
from tools.quantising.bounds import choose_ranges
from tools.quantising.checking import Likeness, Loss, check_layers, losses, time_looks
from tools.quantising.evening import Evened, even_channels
from tools.quantising.learning import Begun, Learned, learn
from tools.quantising.observing import Show, observe
from tools.quantising.onnx_net import read_net
from tools.quantising.pairing import pair_pixels
from tools.quantising.result import check_card, float_input, kept_classes, result_card
from tools.training.wiring import Level

PICTURES_MIN = 8
# Enough for bounds to stand still: twice as many moved none by a tenth.
LOOKED_INTO = 8
SUFFIXES = {".jpg", ".jpeg", ".png"}
PIXEL_MAX = 255.0


@dataclass(frozen=True, slots=True)
class Made:
    """The int8 file with its card, and what was found on the way.

    calibrated, compared: how many pictures. milliseconds: median and least of a look of the ONNX
    file in ONNX Runtime, of our float file and of the int8 one, on one thread. learned: what
    training on as int8 rounds gained, where it was asked for.
    """

    card: Card
    content: bytes
    evened: Evened
    likeness: tuple[Likeness, ...]
    losses: tuple[Loss, ...]
    agreement: tuple[Agreement, ...]
    calibrated: int
    compared: int
    milliseconds: tuple[tuple[float, float], ...]
    learned: Learned | None = None


def find_pictures(folders: Sequence[Path], count: int) -> tuple[list[Path], list[Path]]:
    """So many to calibrate with and, of the others, as many to compare on, from all over.

    Raises: VigieError NOT_FOUND when there are too few.
    """
    found = sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.is_file()
    )
    if len(found) < 2 * PICTURES_MIN:
        raise VigieError(
            Kind.NOT_FOUND,
            f"there are {len(found)} pictures, and at least {2 * PICTURES_MIN} are needed",
            where=", ".join(map(str, folders)),
            hint="Give folders of JPEG or PNG pictures from the cameras that it will see: "
            "--pictures DIR",
        )
    chosen = _spread(found, min(count, len(found) // 2))
    others = sorted(set(found) - set(chosen))
    return chosen, _spread(others, min(count, len(others)))


def make_int8(
    card: Card,
    model: Path,
    pictures: tuple[list[Path], list[Path]],
    show: Show,
    train_steps: int = 0,
) -> Made:
    """Do everything. pictures: to calibrate with, to compare on. train_steps: 0: not trained on.

    Raises: VigieError NOT_FOUND, INVALID_ARGUMENT (card, file, pictures), INTERNAL.
    """
    check_card(card)
    net = read_net(model, is_bgr=card.input.colour == "bgr", kept_classes=kept_classes(card))
    check_card(card, net)
    plain = write_tflite(net.layers, net.outputs)
    turned = float_input(card.input)
    calibration = [prepare(read_picture(path), turned)[0] for path in pictures[0]]
    with show("observing what each layer makes of the pictures") as report:
        observed = observe(plain, net.layers, calibration, report)
    evened = even_channels(net.layers, list(net.outputs.values()), observed)
    whole = write_tflite(evened.layers, net.outputs)
    first = read_picture(pictures[0][0])
    both = (prepare(first, card.input)[0], calibration[0])
    with show("checking every layer against ONNX Runtime"):
        likeness = check_layers(model, net, whole, evened.factors, both)
    logits = [name for role, name in net.outputs.items() if not role.startswith("boxes")]
    pixels = (card.input.offset, PIXEL_MAX * card.input.scale + card.input.offset)
    ranges = choose_ranges(evened.layers, evened.factors, observed, pixels=pixels, logits=logits)
    learned = None
    if train_steps:
        with show("training on as int8 rounds") as report:
            heads = [Level(one.boxes, one.objectness, one.classes) for one in net.heads]
            learned = learn(heads, Begun(evened.layers, ranges), calibration, train_steps, report)
        content = quantise(write_tflite(learned.layers, net.outputs), learned.ranges)
    else:
        content = quantise(whole, ranges)
    content = pair_pixels(content)
    source = (
        f"tools/quantize of {model.name} (sha256 {sha256_of(model)}), "
        f"calibrated on {len(calibration)} pictures"
        f"{f', trained on for {train_steps} steps' if train_steps else ''}"
    )
    cards = (
        result_card(card, net, "float32", whole, source),
        result_card(card, net, "int8", content, source),
    )
    unseen = [read_picture(path) for path in pictures[1]]
    with show("looking at pictures that it was not calibrated with"):
        agreement = tuple(compare(cards, (whole, content), unseen))
    shown = [_as_both(picture, cards) for picture in unseen[:LOOKED_INTO]]
    with show("reckoning what int8 leaves of each layer"):
        lost = tuple(losses((whole, content), evened.layers, evened.factors, shown))
    with show("timing"):
        looked = (both[0], *shown[0])
        milliseconds = tuple(time_looks(model, (whole, content), looked))
    return Made(
        cards[1], content, evened, tuple(likeness), lost, agreement,
        len(calibration), len(unseen), milliseconds, learned,
    )  # fmt: skip


def read_picture(path: Path) -> Rgb:
    """A picture file as RGB. Raises: VigieError INVALID_ARGUMENT for what is none."""
    image = cv2.imread(str(path))
    if image is None:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            "this is no picture that can be read",
            where=str(path),
            hint="Take it out of the folder, or save it again as JPEG.",
        )
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _as_both(picture: Rgb, cards: tuple[Card, Card]) -> tuple[Values, Values]:
    whole, small = (prepare(picture, card.input)[0] for card in cards)
    return whole, small


def _spread(found: Sequence[Path], count: int) -> list[Path]:
    return [found[place * len(found) // count] for place in range(count)]
