"""From a frozen graph to layers: batch norm folded, unused classes and pre-processing left out.

A convolution is held back until something needs its result, so that the scale, shift and
activation that follow it can still be folded in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge.builder.frozen_graph import Array, Node
from edge.builder.layers import (
    Addition,
    Concatenation,
    Convolution,
    Floats,
    Input,
    Layer,
    Reshape,
    Shape,
)
from edge.builder.recipe import Recipe
from edge.errors import Kind, VigieError

INPUT_NAME = "image"
BOX_VALUES = 4
_DEPTHWISE = "DepthwiseConv2dNative"
_ARITHMETIC: Mapping[str, Callable[..., Array]] = {
    "Mul": np.multiply,
    "Add": np.add,
    "Sub": np.subtract,
    "Rsqrt": lambda values: np.asarray(1 / np.sqrt(values)),
}


@dataclass(slots=True)
class _Held:
    """A convolution that may still take in what follows it."""

    name: str
    source: str
    weights: Floats
    scale: Floats
    bias: Floats
    stride: int
    is_depthwise: bool
    has_relu6: bool = False
    is_written: bool = False


_Value = Array | _Held | str


@dataclass(slots=True)
class Folder:
    """Folds one graph; `layers` grows in running order as results are asked for."""

    graph: Mapping[str, Node]
    recipe: Recipe
    input_shape: Shape
    layers: list[Layer] = field(default_factory=list)
    _shapes: dict[str, Shape] = field(default_factory=dict)
    _values: dict[str, _Value] = field(default_factory=dict)

    def fold(self) -> list[Layer]:
        """Every layer that boxes and scores need, and no other.

        Raises:
            VigieError: INVALID_ARGUMENT for a node that is missing or of an unknown kind.
        """
        for node in (self.recipe.boxes_node, self.recipe.scores_node):
            self._value(node)
        return self.layers

    def _value(self, name: str) -> _Value:
        if name not in self._values:
            self._values[name] = self._evaluate(self._node(name))
        return self._values[name]

    def _node(self, name: str) -> Node:
        if name not in self.graph:
            raise VigieError(Kind.INVALID_ARGUMENT, f"the graph has no node '{name}'")
        return self.graph[name]

    def _evaluate(self, node: Node) -> _Value:
        if node.name == self.recipe.input_node:
            return self._write(Input(INPUT_NAME, self.input_shape))
        special: dict[str, Callable[[Node], _Value]] = {
            "Const": self._constant,
            "Identity": lambda alias: self._value(alias.inputs[0]),
            "Conv2D": self._hold,
            _DEPTHWISE: self._hold,
            "Reshape": self._reshape,
            "ConcatV2": self._concatenate,
        }
        return special.get(node.operation, self._combine)(node)

    def _constant(self, node: Node) -> Array:
        values = node.constant
        if values is None:
            raise VigieError(Kind.INVALID_ARGUMENT, f"node '{node.name}' holds no numbers")
        if "ClassPredictor/" in node.name and values.ndim:
            by_class = values.reshape(*values.shape[:-1], -1, self.recipe.trained_classes)
            kept = by_class[..., list(self.recipe.kept_classes)]
            values = kept.reshape(*values.shape[:-1], -1)
        return values

    def _hold(self, node: Node) -> _Held:
        source = self._written(node.inputs[0])
        weights = np.asarray(self._value(node.inputs[1]), np.float32)
        is_depthwise = node.operation == _DEPTHWISE
        channels = weights.shape[2] if is_depthwise else weights.shape[3]
        ones, zeros = np.ones(channels, np.float32), np.zeros(channels, np.float32)
        return _Held(node.name, source, weights, ones, zeros, node.strides[1], is_depthwise)

    def _combine(self, node: Node) -> _Value:
        values = [self._value(name) for name in node.inputs]
        arrays = [value for value in values if isinstance(value, np.ndarray)]
        if len(arrays) == len(values) and node.operation in _ARITHMETIC:
            return _ARITHMETIC[node.operation](*arrays)
        held = values[0]
        if isinstance(held, _Held) and _take_in(held, node.operation, arrays):
            return held
        if node.operation == "Add":
            left, right = (self._written(name) for name in node.inputs)
            return self._write(Addition(node.name, left, right, self._shapes[left]))
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"node '{node.name}' is a {node.operation}, which the builder does not know",
        )

    def _reshape(self, node: Node) -> str:
        source = self._written(node.inputs[0])
        count = int(np.prod(self._shapes[source][1:]))
        is_box = "BoxEnc" in node.name or node.name.endswith("/Reshape")
        values = BOX_VALUES if is_box else len(self.recipe.kept_classes)
        rows = count // values
        shape = (1, rows, 1, values) if is_box else (1, rows, values)
        return self._write(Reshape(node.name, source, shape))

    def _concatenate(self, node: Node) -> str:
        sources = tuple(self._written(name) for name in node.inputs[:-1])
        first = self._shapes[sources[0]]
        rows = sum(self._shapes[source][1] for source in sources)
        return self._write(Concatenation(node.name, sources, (1, rows, *first[2:])))

    def _written(self, name: str) -> str:
        """The name of the layer that gives a node's value, written now if it was held back."""
        value = self._value(name)
        if isinstance(value, str):
            return value
        if not isinstance(value, _Held):
            raise VigieError(Kind.INVALID_ARGUMENT, f"node '{name}' is a constant, not a layer")
        if not value.is_written:
            value.is_written = True
            self._write(_close(value, self._shapes[value.source]))
        return value.name

    def _write(self, layer: Layer) -> str:
        self.layers.append(layer)
        self._shapes[layer.name] = layer.shape
        return layer.name


def _take_in(held: _Held, operation: str, arrays: list[npt.NDArray[np.generic]]) -> bool:
    """Fold what follows a convolution into it; False when it cannot be folded."""
    if operation == "Relu6":
        held.has_relu6 = True
        return True
    if len(arrays) != 1:
        return False
    values = np.asarray(arrays[0], np.float32)
    if operation == "Mul":
        held.scale = held.scale * values
        held.bias = held.bias * values
        return True
    if operation in {"BiasAdd", "Add"}:
        held.bias = held.bias + values
        return True
    return False


def _close(held: _Held, source: Shape) -> Convolution:
    if held.is_depthwise:
        weights = (held.weights[..., 0] * held.scale)[None]
        channels = weights.shape[-1]
    else:
        weights = (held.weights * held.scale).transpose(3, 0, 1, 2)
        channels = weights.shape[0]
    height, width = (-(-side // held.stride) for side in source[1:3])
    return Convolution(
        name=held.name,
        source=held.source,
        weights=np.ascontiguousarray(weights, np.float32),
        bias=held.bias.astype(np.float32),
        stride=held.stride,
        is_depthwise=held.is_depthwise,
        has_relu6=held.has_relu6,
        shape=(1, height, width, channels),
    )
