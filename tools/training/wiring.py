"""The detector's shape, written once: torch, counting and export all follow it.

It is YOLOX-nano's: CSPDarknet of depthwise convolutions, a path-aggregating neck, a decoupled head
at strides 8, 16 and 32. Its layer names are those of the published net, so its weights can start
from there. Every name stands for one tensor.
"""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

STRIDES_PX = (8, 16, 32)
# Channels of the published net's four stages.
PUBLISHED = (32, 64, 128, 256)
DEPTHS = (1, 3, 3, 1)
POOL = 5

Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class Conv:
    """One convolution. pad: zeros on each side; is_active: followed by the activation."""

    name: str
    channels: int
    kernel: int = 1
    stride: int = 1
    is_depthwise: bool = False
    is_active: bool = True

    @property
    def pad(self) -> int:
        """Zeros on each side, so that stride 1 keeps the size and stride 2 halves it."""
        return (self.kernel - 1) // 2


class Board(Protocol[Kind]):
    """What can be done with tensors; each call names its result."""

    def convolve(self, conv: Conv, source: Kind) -> Kind:
        """A convolution, its normalisation and activation."""
        ...

    def add(self, name: str, left: Kind, right: Kind) -> Kind:
        """The sum of two."""
        ...

    def stack(self, name: str, sources: tuple[Kind, ...]) -> Kind:
        """Channels of several one after the other."""
        ...

    def pool(self, name: str, source: Kind) -> Kind:
        """The maximum over 5 by 5 places, same size."""
        ...

    def enlarge(self, name: str, source: Kind) -> Kind:
        """Twice as wide and high."""
        ...

    def channels(self, source: Kind) -> int:
        """How many channels a tensor has."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """Channels of one size of the net. stages: at strides 4, 8, 16, 32; hidden: of the head."""

    classes: int
    stem: int
    stages: tuple[int, ...]
    hidden: int


def make_plan(stages: tuple[int, ...], classes: int) -> Plan:
    """Stem and head in the published net's proportion to the stages."""
    return Plan(classes, stages[0] // 2, stages, stages[1])


@dataclass(frozen=True, slots=True)
class Level(Generic[Kind]):
    """The three answers at one stride, before any logistic function."""

    boxes: Kind
    objectness: Kind
    classes: Kind


def wire(board: Board[Kind], image: Kind, plan: Plan) -> list[Level[Kind]]:
    """Answers by stride."""
    stages = _backbone(board, image, plan)
    neck = _neck(board, stages, plan)
    return [_head(board, place, one, plan) for place, one in enumerate(neck)]


def _backbone(board: Board[Kind], image: Kind, plan: Plan) -> list[Kind]:
    kept = []
    # The published net regroups 2 by 2 pixels first; a stride of 2 over 6 by 6 is the same.
    at = board.convolve(Conv("stem.conv", plan.stem, 6, 2), image)
    for place, channels in enumerate(plan.stages):
        name = f"dark{place + 2}"
        at = _separable(board, f"{name}.0", at, channels, 2)
        is_last = place == len(plan.stages) - 1
        if is_last:
            at = _pyramid(board, f"{name}.1", at, channels)
        at = _stage(
            board,
            f"{name}.{2 if is_last else 1}",
            at,
            channels,
            DEPTHS[place],
            has_shortcut=not is_last,
        )
        kept.append(at)
    return kept[1:]


def _neck(board: Board[Kind], stages: list[Kind], plan: Plan) -> list[Kind]:
    fine, middle, coarse = stages
    _, low, mid, high = plan.stages
    lateral = board.convolve(Conv("lateral_conv0", mid), coarse)
    at = board.stack("c3_p4.in", (board.enlarge("lateral_conv0.up", lateral), middle))
    at = _stage(board, "C3_p4", at, mid, 1, has_shortcut=False)
    reduced = board.convolve(Conv("reduce_conv1", low), at)
    at = board.stack("c3_p3.in", (board.enlarge("reduce_conv1.up", reduced), fine))
    fine_out = _stage(board, "C3_p3", at, low, 1, has_shortcut=False)
    at = _separable(board, "bu_conv2", fine_out, low, 2)
    middle_out = _stage(
        board, "C3_n3", board.stack("c3_n3.in", (at, reduced)), mid, 1, has_shortcut=False
    )
    at = _separable(board, "bu_conv1", middle_out, mid, 2)
    coarse_out = _stage(
        board, "C3_n4", board.stack("c3_n4.in", (at, lateral)), high, 1, has_shortcut=False
    )
    return [fine_out, middle_out, coarse_out]


def _head(board: Board[Kind], place: int, source: Kind, plan: Plan) -> Level[Kind]:
    stem = board.convolve(Conv(f"stems.{place}", plan.hidden), source)
    what, where = stem, stem
    for step in range(2):
        what = _separable(board, f"cls_convs.{place}.{step}", what, plan.hidden, 1)
    for step in range(2):
        where = _separable(board, f"reg_convs.{place}.{step}", where, plan.hidden, 1)

    def answer(kind: str, channels: int, source: Kind) -> Kind:
        return board.convolve(Conv(f"{kind}_preds.{place}", channels, is_active=False), source)

    return Level(
        answer("reg", 4, where), answer("obj", 1, where), answer("cls", plan.classes, what)
    )


def _separable(board: Board[Kind], name: str, source: Kind, channels: int, stride: int) -> Kind:
    inner = board.channels(source)
    spread = Conv(f"{name}.dconv", inner, 3, stride, is_depthwise=True)
    return board.convolve(Conv(f"{name}.pconv", channels), board.convolve(spread, source))


def _stage(
    board: Board[Kind], name: str, source: Kind, channels: int, depth: int, *, has_shortcut: bool
) -> Kind:
    """A cross-stage-partial block: half goes through bottlenecks, half goes by."""
    half = channels // 2
    at = board.convolve(Conv(f"{name}.conv1", half), source)
    aside = board.convolve(Conv(f"{name}.conv2", half), source)
    for number in range(depth):
        inner = board.convolve(Conv(f"{name}.m.{number}.conv1", half), at)
        inner = _separable(board, f"{name}.m.{number}.conv2", inner, half, 1)
        at = board.add(f"{name}.m.{number}.sum", inner, at) if has_shortcut else inner
    return board.convolve(Conv(f"{name}.conv3", channels), board.stack(f"{name}.both", (at, aside)))


def _pyramid(board: Board[Kind], name: str, source: Kind, channels: int) -> Kind:
    """Maxima over 5, 9 and 13 places, as three poolings in a row."""
    at = board.convolve(Conv(f"{name}.conv1", channels // 2), source)
    pooled = [at]
    for number in range(3):
        pooled.append(board.pool(f"{name}.pool{number}", pooled[-1]))
    return board.convolve(
        Conv(f"{name}.conv2", channels), board.stack(f"{name}.all", tuple(pooled))
    )
