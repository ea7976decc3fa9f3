"""A small net of every step that a YOLOX has, as ONNX: sorted pixels, depthwise, a neck, heads.

Its channels differ in size by a hundred, which is what makes such nets hard in int8.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE_PX = 64
CLASSES = 5
STRIDES = (8, 16)
CARD = """
version = 1
name = "tiny"
title = "A drawn net, float"
file = "tiny.onnx"
sha256 = "{sha256}"
size_bytes = {size_bytes}
licence = "Apache-2.0"
source = "the tests"
notice = "None."
runtime = "onnx"

[input]
width_px = 64
height_px = 64
colour = "bgr"
layout = "nchw"
type = "float32"
resize = "letterbox"
pad = 114
scale = 1
offset = 0

[[outputs]]
role = "grid"
name = "output"
shape = [1, 80, 10]
type = "float32"

[decoder]
name = "yolox"
score_min = 0.3
overlap_max = 0.5
detections_max = 100
strides_px = [8, 16]

[classes]
count = 5
person = [0]
car = [2]
bag = [3, 4]
"""


@dataclass
class Builder:
    """Appends steps; every method gives the name of the value that it makes."""

    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, values: npt.ArrayLike) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def step(self, kind: str, *sources: str, **attributes: int | str | list[int]) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        node = helper.make_node(kind, list(sources), [name], name)
        node.attribute.extend(helper.make_attribute(*one) for one in attributes.items())
        self.nodes.append(node)
        return name

    def convolution(
        self,
        source: str,
        inner: int,
        outer: int,
        *,
        size: int = 1,
        stride: int = 1,
        groups: int = 1,
    ) -> str:
        spread = 1.5 / np.sqrt(size * size * inner / groups)
        weights = self.rng.normal(0, spread, (outer, inner // groups, size, size))
        bias = self.rng.normal(0, 0.3, outer)
        pad = (size - 1) // 2
        return self.step(
            "Conv",
            source,
            self.constant(weights.astype(np.float32)),
            self.constant(bias.astype(np.float32)),
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[pad] * 4,
            group=groups,
        )

    def smooth(self, source: str) -> str:
        return self.step("Mul", source, self.step("Sigmoid", source))

    def uneven(self, source: str, channels: int, stride: int = 1) -> str:
        """A pointwise step whose channels differ by a hundred; a depthwise one mends it."""
        sizes = np.asarray(np.geomspace(0.1, 10, channels), np.float32)
        wide = self.smooth(self._scaled(source, channels, sizes))
        return self.smooth(self._depthwise(wide, channels, np.float32(1) / sizes, stride))

    def _scaled(self, source: str, channels: int, sizes: npt.NDArray[np.float32]) -> str:
        made = self.convolution(source, channels, channels)
        for place in (-2, -1):
            values = numpy_helper.to_array(self.constants[place])
            scaled = values * sizes.reshape(-1, *[1] * (values.ndim - 1))
            self.constants[place] = numpy_helper.from_array(scaled, self.constants[place].name)
        return made

    def _depthwise(
        self, source: str, channels: int, sizes: npt.NDArray[np.float32], stride: int
    ) -> str:
        made = self.convolution(source, channels, channels, size=3, stride=stride, groups=channels)
        weights = numpy_helper.to_array(self.constants[-2])
        scaled = (weights * sizes.reshape(-1, 1, 1, 1)).astype(np.float32)
        self.constants[-2] = numpy_helper.from_array(scaled, self.constants[-2].name)
        return made

    def sorted_pixels(self, source: str) -> str:
        """Every second pixel, four times, as channels: YOLOX's first step."""
        parts = []
        for row, column in ((0, 0), (1, 0), (0, 1), (1, 1)):
            part = source
            for axis, start in ((2, row), (3, column)):
                bounds = np.array([[start], [1 << 30], [axis], [2]], np.int64)
                part = self.step("Slice", part, *(self.constant(one) for one in bounds))
            parts.append(part)
        return self.step("Concat", *parts, axis=1)

    def heads(self, levels: list[tuple[str, int]]) -> None:
        rows = []
        for source, channels in levels:
            boxes = self.convolution(source, channels, 4)
            sure = self.step("Sigmoid", self.convolution(source, channels, 1))
            kinds = self.step("Sigmoid", self.convolution(source, channels, CLASSES))
            joined = self.step("Concat", boxes, sure, kinds, axis=1)
            shape = self.constant(np.array([1, 5 + CLASSES, -1], np.int64))
            rows.append(self.step("Reshape", joined, shape))
        together = self.step("Concat", *rows, axis=2)
        self.nodes.append(helper.make_node("Transpose", [together], ["output"], perm=[0, 2, 1]))

    def write(self, path: Path, sides: tuple[int | str, ...] = (1, 3, SIDE_PX, SIDE_PX)) -> Path:
        given = [helper.make_tensor_value_info("images", TensorProto.FLOAT, list(sides))]
        answer = [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)]
        graph = helper.make_graph(self.nodes, "tiny", given, answer, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
        path.write_bytes(model.SerializeToString())
        return path


def tiny() -> Builder:
    """A whole net: stem, stride 8, stride 16 with pooling, a neck back up, two heads."""
    build = Builder()
    # Pixels go in as 0 to 255: the first step makes them small again.
    stem = build.convolution(build.sorted_pixels("images"), 12, 8, size=3)
    weights = numpy_helper.to_array(build.constants[-2]) / np.float32(128)
    build.constants[-2] = numpy_helper.from_array(weights, build.constants[-2].name)
    first = build.uneven(build.smooth(stem), 8, stride=2)
    inner = build.smooth(build.convolution(first, 8, 8))
    kept = build.step("Add", inner, build.uneven(inner, 8))
    fine = build.uneven(build.step("Concat", kept, inner, axis=1), 16, stride=2)
    coarse = build.uneven(fine, 16, stride=2)
    pools = [
        build.step("MaxPool", coarse, kernel_shape=[size] * 2, strides=[1, 1], pads=[size // 2] * 4)
        for size in (3, 5)
    ]
    coarse = build.smooth(build.convolution(build.step("Concat", coarse, *pools, axis=1), 48, 16))
    nothing, twice = build.constant(np.zeros(0, np.float32)), np.array([1, 1, 2, 2], np.float32)
    up = build.step("Resize", coarse, nothing, build.constant(twice), mode="nearest")
    joined = build.smooth(build.convolution(build.step("Concat", up, fine, axis=1), 32, 16))
    build.heads([(joined, 16), (coarse, 16)])
    return build
