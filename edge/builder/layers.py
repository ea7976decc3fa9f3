"""The few layers a folded detector is made of, in the order in which they run."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """The picture: float32, NHWC, values -1 to 1."""

    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution, its batch norm and bias folded in.

    weights: float32; (out, height, width, in), or (1, height, width, channels) where depthwise.
    bias: float32, one for each output channel. is_padded: SAME, as TensorFlow means it, else VALID.
    """

    name: str
    source: str
    weights: Floats
    bias: Floats
    stride: int
    is_depthwise: bool
    has_relu6: bool
    shape: Shape
    is_padded: bool = True
    has_relu: bool = False


@dataclass(frozen=True, slots=True)
class Addition:
    """The sum of two layers of one shape."""

    name: str
    left: str
    right: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Product:
    """Two layers of one shape, multiplied value by value."""

    name: str
    left: str
    right: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Logistic:
    """1 / (1 + exp(-x)) of every value."""

    name: str
    source: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Rectification:
    """Every value, 0 where it is below."""

    name: str
    source: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class MaxPool:
    """The greatest of a square of places around each, padding SAME."""

    name: str
    source: str
    kernel: int
    stride: int
    shape: Shape


@dataclass(frozen=True, slots=True)
class Pad:
    """Zeros around: rows above and below, columns left and right."""

    name: str
    source: str
    rows: tuple[int, int]
    columns: tuple[int, int]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Enlargement:
    """Twice as wide and high, in between by straight lines from middle to middle."""

    name: str
    source: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Reshape:
    """The same values in another shape."""

    name: str
    source: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Layers one after the other along one axis."""

    name: str
    sources: tuple[str, ...]
    shape: Shape
    axis: int = 1


Layer = (
    Input
    | Convolution
    | Addition
    | Product
    | Logistic
    | Rectification
    | MaxPool
    | Pad
    | Enlargement
    | Reshape
    | Concatenation
)
