"""The model card: what a model file is, what it takes, what it answers, under which licence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# `onnx` runs on no device: tools/quantize makes of it what does.
RUNTIMES = ("litert", "tflite-runtime", "onnx")
DECODERS = ("ssd", "ssd_post", "yolox", "split")
# What a head of kind `split` answers with at each stride, and how it writes a box.
SPLIT_KINDS = ("boxes", "objectness", "classes")
BOX_CODES = ("centre", "edges")
ELEMENT_TYPES = ("int8", "uint8", "float32")
# The reported score at which a class is as sure in every model that says its levels.
LEVEL = 0.35


@dataclass(frozen=True, slots=True)
class ModelInput:
    """The picture a model takes.

    colour: `rgb` or `bgr`; layout: `nhwc` or `nchw`; element: the tensor's type.
    resize: `stretch` fills the input; `letterbox` keeps the aspect, top left, padded with `pad`.
    A stored value is pixel * scale + offset; integer inputs have scale 1.
    tall_px: how tall a thing must be in the picture to be found well; crops are made for it.
    clear_px: from which height on a sharper crop finds hardly more: the whole frame will do.
    """

    width_px: int
    height_px: int
    colour: str
    layout: str
    element: str
    resize: str
    pad: int
    scale: float
    offset: float
    tall_px: int
    clear_px: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape, batch of one."""
        if self.layout == "nchw":
            return (1, 3, self.height_px, self.width_px)
        return (1, self.height_px, self.width_px, 3)


@dataclass(frozen=True, slots=True)
class ModelOutput:
    """One tensor a model answers with; role is the decoder's word for it."""

    role: str
    name: str
    shape: tuple[int, ...]
    element: str


@dataclass(frozen=True, slots=True)
class SsdAnchors:
    """Default boxes of an SSD head, largest feature map first.

    map_sizes: cells along one side of each map. scales: one for each map, then one beyond the
    last, in fractions of the frame. box_factors: divisors of (ty, tx, th, tw).
    """

    map_sizes: tuple[int, ...]
    scales: tuple[float, ...]
    first_scale: float
    box_factors: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Card:
    """One model, as its maker and its licence describe it.

    classes: number of edge.wire ObjectClass for each class of the model, 0 where it is not used.
    address: where the publisher offers the file, None where it is built or brought by a person.
    score_min: detections below it are not reported. overlap_max: two boxes of one class that
    overlap by more (intersection over union) are one thing. detections_max: best ones kept.
    box_code: how a head of kind `split` writes boxes, in strides: `centre` (centre from the cell's
    corner, logarithms of the sides) or `edges` (left, top, right, bottom from the cell's middle).
    levels: by ObjectClass number, the model's own score that is reported as LEVEL, and every other
    score with it; a class without one, and every class of most models, is reported as it is.
    """

    path: Path
    name: str
    title: str
    file: str
    sha256: str
    size_bytes: int
    licence: str
    source: str
    notice: str
    address: str | None
    runtime: str
    decoder: str
    input: ModelInput
    outputs: tuple[ModelOutput, ...]
    classes: tuple[int, ...]
    score_min: float
    overlap_max: float
    detections_max: int
    anchors: SsdAnchors | None
    strides_px: tuple[int, ...]
    box_code: str
    levels: Mapping[int, float] = field(default_factory=dict)
