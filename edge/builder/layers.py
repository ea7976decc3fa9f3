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
    """A convolution with padding SAME, its batch norm and bias folded in.

    weights: float32; (out, height, width, in), or (1, height, width, channels) where depthwise.
    bias: float32, one for each output channel.
    """

    name: str
    source: str
    weights: Floats
    bias: Floats
    stride: int
    is_depthwise: bool
    has_relu6: bool
    shape: Shape


@dataclass(frozen=True, slots=True)
class Addition:
    """The sum of two layers of one shape."""

    name: str
    left: str
    right: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Reshape:
    """The same values in another shape."""

    name: str
    source: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Layers one after the other along axis 1."""

    name: str
    sources: tuple[str, ...]
    shape: Shape


Layer = Input | Convolution | Addition | Reshape | Concatenation
