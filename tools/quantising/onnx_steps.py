"""One step of an ONNX graph after the other as the builder's layers, pictures turned to NHWC.

Padding, channel order and the first step that sorts pixels into channels are written as an int8
delegate takes them: nothing is left that would run outside it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import onnx

from edge.builder.layers import (
    Addition,
    Concatenation,
    Convolution,
    Layer,
    Logistic,
    MaxPool,
    Pad,
    Product,
    Rectification,
    Reshape,
    Shape,
)
from tools.quantising.onnx_graph import Graph, attributes_of, four_of, one_of

INPUT_NAME = "image"
Floats = npt.NDArray[np.float32]
# Axes of ONNX's pictures are batch, channels, rows, columns.
_CHANNELS, _ROWS, _COLUMNS = 1, 2, 3


@dataclass(slots=True)
class Steps:
    """Layers in the order in which they run. kept: rows that a convolution keeps, by its value.

    is_bgr: the model was trained on BGR; the picture goes in as RGB whatever it wants.
    """

    graph: Graph
    is_bgr: bool
    kept: Mapping[str, tuple[int, ...]]
    layers: list[Layer] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)

    def layer(self, name: str) -> str:
        """The layer that holds a value, written with all that it needs."""
        # A deep net is deeper than Python's stack: what comes first is written first.
        waiting = [name]
        while waiting:
            missing = [one for one in self._sources(waiting[-1]) if one not in self.written]
            if missing:
                waiting.extend(missing)
                continue
            top = waiting.pop()
            if top not in self.written:
                self.written[top] = self._make(top)
        return self.written[name]

    def write(self, layer: Layer) -> str:
        """Append a layer."""
        self.layers.append(layer)
        self.shapes[layer.name] = layer.shape
        return layer.name

    def _sources(self, name: str) -> list[str]:
        if name in self.written:
            return []
        node = self.graph.maker(name)
        if node.op_type == "Conv" and self._sorts_pixels(node.input[0]):
            return []
        count = {"Conv": 1, "Resize": 1, "Upsample": 1}.get(node.op_type, len(node.input))
        # A step that nobody knows is refused by its own name, not by that of what it needs.
        wanted = node.input[:count] if node.op_type in self._known() else ()
        return [one for one in wanted if one and not self.graph.is_constant(one)]

    def _known(self) -> Mapping[str, Callable[[onnx.NodeProto], str]]:
        return {
            "Conv": self._convolution,
            "Sigmoid": lambda one: self._plain(one, Logistic),
            "Relu": lambda one: self._plain(one, Rectification),
            "Mul": lambda one: self._pair(one, Product),
            "Add": lambda one: self._pair(one, Addition),
            "MaxPool": self._pool,
            "Concat": self._join,
            "Resize": self._enlarge,
            "Upsample": self._enlarge,
            "Identity": lambda one: self.written[one.input[0]],
        }

    def _make(self, name: str) -> str:
        node, known = self.graph.maker(name), self._known()
        if node.op_type not in known:
            self.graph.refuse(
                f"its step '{node.name or name}' is a {node.op_type}, which is not known here; "
                f"known are {', '.join(sorted(known))}"
            )
        return known[node.op_type](node)

    def _convolution(self, node: onnx.NodeProto) -> str:
        attributes, name = attributes_of(node), node.output[0]
        weights = np.asarray(self.graph.constant(node.input[1]), np.float32)
        bias = np.zeros(len(weights), np.float32)
        if len(node.input) > 2:
            bias = np.asarray(self.graph.constant(node.input[2]), np.float32)
        stride, pads = one_of(attributes, "strides", 1), four_of(attributes, "pads")
        if self._sorts_pixels(node.input[0]):
            weights = self._unsorted(node.input[0], weights)
            source, stride, pads = INPUT_NAME, 2 * stride, tuple(2 * pad for pad in pads)
        else:
            source = self.written[node.input[0]]
        inner, groups = self.shapes[source][3], attributes.get("group", 1)
        is_depthwise = groups == inner == len(weights) and groups != 1
        is_whole = groups == 1 and weights.shape[1] == inner
        way = attributes.get("auto_pad", b"NOTSET")
        is_plain = one_of(attributes, "dilations", 1) == 1 and way in (b"NOTSET", b"VALID")
        if not (is_depthwise or is_whole) or not is_plain or stride < 1 or weights.ndim != 4:
            self.graph.refuse(
                f"its convolution '{node.name}' has groups, holes, strides or padding that are "
                "not known here"
            )
        if source == INPUT_NAME and self.is_bgr:
            weights = weights[:, ::-1]
        if self.kept.get(name):
            rows = list(self.kept[name])
            weights, bias = weights[rows], bias[rows]
        taken, shape, is_padded = self._padded(name, source, weights.shape[2:], stride, pads)
        order = (1, 2, 3, 0) if is_depthwise else (0, 2, 3, 1)
        turned = np.ascontiguousarray(weights.transpose(order))
        shape = (*shape, len(weights))
        return self.write(
            Convolution(name, taken, turned, bias, stride, is_depthwise, False, shape, is_padded)
        )

    def _padded(
        self, name: str, source: str, kernel: tuple[int, ...], stride: int, pads: tuple[int, ...]
    ) -> tuple[str, Shape, bool]:
        """What to convolve, the result's shape without channels, whether padding is SAME."""
        _, *sides, channels = self.shapes[source]
        sizes, around, is_same = [], [], True
        for side, size, before, after in zip(sides, kernel, pads[:2], pads[2:], strict=True):
            result = (side + before + after - size) // stride + 1
            # What the last window does not reach needs no padding.
            needed = max((result - 1) * stride + size - side - before, 0)
            same = max((-(-side // stride) - 1) * stride + size - side, 0)
            is_same &= result == -(-side // stride) and before == same // 2
            sizes.append(result)
            around.append((before, needed))
        if is_same or not any(any(pair) for pair in around):
            return source, (1, *sizes), is_same
        shape = (1, sides[0] + sum(around[0]), sides[1] + sum(around[1]), channels)
        padded = Pad(f"{name}/padded", source, around[0], around[1], shape)
        return self.write(padded), (1, *sizes), False

    def _sorts_pixels(self, name: str) -> bool:
        """Whether a value is the picture's every second pixel, four times, as channels."""
        node = self.graph.makers.get(name)
        return (
            node is not None
            and node.op_type == "Concat"
            and all(self._corner(one) is not None for one in node.input)
        )

    def _unsorted(self, name: str, weights: Floats) -> Floats:
        """Weights over sorted channels as weights of twice the size over the picture itself."""
        outer, _, height, width = weights.shape
        wide = np.zeros((outer, 3, 2 * height, 2 * width), np.float32)
        for place, part in enumerate(self.graph.makers[name].input):
            corner = self._corner(part)
            assert corner is not None
            row, column = corner
            wide[:, :, row::2, column::2] = weights[:, 3 * place : 3 * place + 3]
        return wide

    def _corner(self, name: str) -> tuple[int, int] | None:
        """Row and column at which every second pixel is taken from the picture, if that is so."""
        start, step = {_ROWS: 0, _COLUMNS: 0}, {_ROWS: 1, _COLUMNS: 1}
        while self.written.get(name) != INPUT_NAME:
            node = self.graph.makers.get(name)
            if node is None or node.op_type != "Slice" or len(node.input) < 5:
                return None
            first, _, axes, steps = (self.graph.constant(one).ravel() for one in node.input[1:5])
            for axis, begin, stride in zip(axes, first, steps, strict=True):
                if int(axis) not in start or step[int(axis)] != 1:
                    return None
                start[int(axis)], step[int(axis)] = int(begin), int(stride)
            name = node.input[0]
        return (start[_ROWS], start[_COLUMNS]) if set(step.values()) == {2} else None

    def _plain(self, node: onnx.NodeProto, kind: type[Logistic] | type[Rectification]) -> str:
        source = self.written[node.input[0]]
        return self.write(kind(node.output[0], source, self.shapes[source]))

    def _pair(self, node: onnx.NodeProto, kind: type[Product] | type[Addition]) -> str:
        if any(self.graph.is_constant(name) for name in node.input):
            self.graph.refuse(
                f"its step '{node.name}' reckons with a constant, which is not known here"
            )
        left, right = (self.written[name] for name in node.input)
        if self.shapes[left] != self.shapes[right]:
            self.graph.refuse(f"its step '{node.name}' joins shapes that differ")
        return self.write(kind(node.output[0], left, right, self.shapes[left]))

    def _pool(self, node: onnx.NodeProto) -> str:
        attributes = attributes_of(node)
        kernel, stride = one_of(attributes, "kernel_shape", 1), one_of(attributes, "strides", 1)
        source = self.written[node.input[0]]
        if stride != 1 or set(four_of(attributes, "pads")) != {(kernel - 1) // 2}:
            self.graph.refuse(
                f"its pooling '{node.name}' changes the picture's size, which is not known here"
            )
        return self.write(MaxPool(node.output[0], source, kernel, 1, self.shapes[source]))

    def _join(self, node: onnx.NodeProto) -> str:
        if attributes_of(node).get("axis") not in (_CHANNELS, _CHANNELS - 4):
            self.graph.refuse(f"its step '{node.name}' joins along another axis than channels")
        sources = tuple(self.written[name] for name in node.input)
        channels = sum(self.shapes[source][3] for source in sources)
        shape = (*self.shapes[sources[0]][:3], channels)
        return self.write(Concatenation(node.output[0], sources, shape, 3))

    def _enlarge(self, node: onnx.NodeProto) -> str:
        """Nearest neighbours at twice the size, by copying: no delegate takes the step itself."""
        scales = [self.graph.constant(name) for name in node.input[1:] if name]
        factors = next((one for one in scales if one.size == 4 and one.dtype == np.float32), None)
        mode = attributes_of(node).get("mode")
        if mode != b"nearest" or factors is None or factors.tolist() != [1, 1, 2, 2]:
            self.graph.refuse(
                f"its step '{node.name}' is no enlarging by two with nearest neighbours"
            )
        source, name = self.written[node.input[0]], node.output[0]
        _, height, width, channels = self.shapes[source]
        line = 2 * width * channels
        wide, flat = (1, height, width, 2 * channels), (1, height, 1, line)
        twice = self.write(Concatenation(f"{name}/twice", (source, source), wide, 3))
        rows = self.write(Reshape(f"{name}/rows", twice, flat))
        tall = (1, height, 2, line)
        doubled = self.write(Concatenation(f"{name}/doubled", (rows, rows), tall, 2))
        return self.write(Reshape(name, doubled, (1, 2 * height, 2 * width, channels)))
