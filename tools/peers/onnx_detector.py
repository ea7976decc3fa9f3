"""`ssd-coco15` for onnxruntime: our folded layers as ONNX, made int8 by its own tools.

Runs in the environment of requirements/peers.lock. Weights and graph are those of our own float
model; int8 is onnxruntime's static quantisation, calibrated on pictures of the clip that is
measured. Of its three settings for x86 the fastest is taken: unsigned activations, signed weights
by channel.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from edge.builder.build import DOWNLOADS
from edge.builder.folding import Folder
from edge.builder.frozen_graph import read_graph
from edge.builder.layers import Addition, Concatenation, Convolution, Input, Layer, Reshape
from edge.builder.package import find_wheel, read_graph_in_wheel
from edge.builder.recipe import Recipe, read_recipe

SIDE_PX = 300
OPSET, IR_VERSION = 17, 9
CALIBRATION_PICTURES, CALIBRATION_EVERY = 20, 10
Blob = npt.NDArray[np.float32]


def blob_of(picture: npt.NDArray[np.uint8]) -> Blob:
    """The model's input of a BGR picture: float32 (1, 3, 300, 300), -1 to 1."""
    middle = (127.5, 127.5, 127.5)
    blob = cv2.dnn.blobFromImage(picture, 1 / 127.5, (SIDE_PX, SIDE_PX), middle, swapRB=True)
    return np.asarray(blob, np.float32)


def make_int8(card_dir: Path, models: Path, clip: Path, folder: Path) -> Path:
    """Write the int8 model into a folder; its path. The package must have been fetched before."""
    logging.getLogger().setLevel(logging.ERROR)  # advice about shapes that are all known here
    recipe = read_recipe(card_dir)
    wheel = find_wheel(recipe, models / DOWNLOADS)
    if wheel is None:
        raise SystemExit("run: vigie models build ssd-coco15 --models .cache/models")
    graph = read_graph(read_graph_in_wheel(recipe, wheel))
    layers = Folder(graph, recipe, (1, SIDE_PX, SIDE_PX, 3)).fold()
    real, whole = folder / "float.onnx", folder / "int8.onnx"
    onnx.save(to_onnx(layers, recipe), str(real))
    quantize_static(
        str(real),
        str(whole),
        _Pictures(clip),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    return whole


def to_onnx(layers: list[Layer], recipe: Recipe) -> onnx.ModelProto:
    """The float model, NCHW as ONNX wants it; boxes and scores have the shapes of the layers."""
    writer = _Writer()
    for layer in layers:
        writer.add(layer)
    return writer.finish((recipe.boxes_node, recipe.scores_node))


class _Writer:
    def __init__(self) -> None:
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._constants = [_constant("zero", np.float32(0)), _constant("six", np.float32(6))]

    def add(self, layer: Layer) -> None:
        self._shapes[layer.name] = layer.shape
        match layer:
            case Input():
                batch, height, width, channels = layer.shape
                self._inputs.append(_info(layer.name, [batch, channels, height, width]))
            case Convolution():
                self._convolution(layer)
            case Addition():
                self._node("Add", [layer.left, layer.right], layer.name)
            case Reshape():
                wanted = np.array(layer.shape, np.int64)
                self._constants.append(_constant(f"{layer.name}/s", wanted))
                self._node("Transpose", [layer.source], f"{layer.name}/t", perm=[0, 2, 3, 1])
                self._node("Reshape", [f"{layer.name}/t", f"{layer.name}/s"], layer.name)
            case Concatenation():
                self._node("Concat", list(layer.sources), layer.name, axis=1)

    def finish(self, outputs: tuple[str, ...]) -> onnx.ModelProto:
        infos = [_info(name, list(self._shapes[name])) for name in outputs]
        graph = helper.make_graph(self._nodes, "ssd", self._inputs, infos, self._constants)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        return model

    def _convolution(self, layer: Convolution) -> None:
        order = (3, 0, 1, 2) if layer.is_depthwise else (0, 3, 1, 2)
        weights = np.ascontiguousarray(layer.weights.transpose(order))
        names = [layer.source, f"{layer.name}/w", f"{layer.name}/b"]
        self._constants += [_constant(names[1], weights), _constant(names[2], layer.bias)]
        sizes = zip(self._shapes[layer.source][1:3], weights.shape[2:], strict=True)
        before, after = zip(*(_padding(*size, layer.stride) for size in sizes), strict=True)
        linear = f"{layer.name}/linear" if layer.has_relu6 else layer.name
        self._node(
            "Conv",
            names,
            linear,
            kernel_shape=list(weights.shape[2:]),
            strides=[layer.stride] * 2,
            pads=[*before, *after],
            group=weights.shape[0] if layer.is_depthwise else 1,
        )
        if layer.has_relu6:
            self._node("Clip", [linear, "zero", "six"], layer.name)

    def _node(
        self, kind: str, sources: list[str], name: str, **attributes: int | list[int]
    ) -> None:
        node = helper.make_node(kind, sources, [name], name=name)
        node.attribute.extend(helper.make_attribute(*one) for one in attributes.items())
        self._nodes.append(node)


class _Pictures(CalibrationDataReader):  # type: ignore[misc]
    """Every tenth picture of a clip."""

    def __init__(self, clip: Path) -> None:
        self._pictures = self._read(clip)

    def get_next(self) -> dict[str, Blob] | None:
        return next(self._pictures, None)

    def _read(self, clip: Path) -> Iterator[dict[str, Blob]]:
        capture = cv2.VideoCapture(str(clip))
        for number in range(CALIBRATION_PICTURES * CALIBRATION_EVERY):
            is_read, picture = capture.read()
            if not is_read:
                break
            if number % CALIBRATION_EVERY == 0:
                yield {"image": blob_of(np.asarray(picture, np.uint8))}
        capture.release()


def _padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Padding SAME as TensorFlow means it: the odd pixel comes after."""
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def _constant(name: str, values: npt.NDArray[np.generic] | np.float32) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(values), name)


def _info(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
