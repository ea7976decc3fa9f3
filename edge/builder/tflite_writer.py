"""Writes layers as a float TFLite file, with the schema that ships with ai-edge-litert."""

from collections.abc import Sequence

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from edge.builder.layers import (
    Addition,
    Concatenation,
    Convolution,
    Enlargement,
    Input,
    Layer,
    Logistic,
    MaxPool,
    Pad,
    Product,
    Rectification,
    Reshape,
)

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3
FIRST_BUFFER_BYTES = 1 << 24
# Codes up to here also stand in the field that old readers look at.
LAST_OLD_OPERATOR_CODE = 127
INPUT_SIGNATURE = "image"


def write_tflite(layers: Sequence[Layer], outputs: dict[str, str]) -> bytes:
    """The file's bytes. outputs: signature name to layer name, in order."""
    writer = _Writer()
    for layer in layers:
        writer.add(layer)
    return writer.finish(outputs)


class _Writer:
    """Collects tensors, operators and buffers in the order in which layers are added."""

    def __init__(self) -> None:
        self._model = schema.ModelT()
        self._model.version = SCHEMA_VERSION
        self._model.description = "vigie"
        self._model.operatorCodes = []
        self._model.buffers = [schema.BufferT()]
        self._graph = schema.SubGraphT()
        self._graph.name = "main"
        self._graph.tensors = []
        self._graph.operators = []
        self._model.subgraphs = [self._graph]
        self._codes: dict[int, int] = {}
        self._places: dict[str, int] = {}

    def add(self, layer: Layer) -> None:
        """Append one layer; what it takes in was added before."""
        match layer:
            case Input():
                self._places[layer.name] = self._tensor(layer.name, layer.shape)
                self._graph.inputs = np.array([self._places[layer.name]], np.int32)
            case Convolution():
                self._convolution(layer)
            case Addition():
                sources = [layer.left, layer.right]
                self._operator(layer, "ADD", sources, "AddOptions", schema.AddOptionsT())
            case Product():
                sources = [layer.left, layer.right]
                self._operator(layer, "MUL", sources, "MulOptions", schema.MulOptionsT())
            case Logistic():
                self._operator(layer, "LOGISTIC", [layer.source])
            case Rectification():
                self._operator(layer, "RELU", [layer.source])
            case MaxPool() | Pad() | Enlargement():
                self._resize(layer)
            case Reshape():
                self._reshape(layer)
            case Concatenation():
                options = schema.ConcatenationOptionsT()
                options.axis = layer.axis
                sources = list(layer.sources)
                self._operator(layer, "CONCATENATION", sources, "ConcatenationOptions", options)

    def finish(self, outputs: dict[str, str]) -> bytes:
        """Name inputs and outputs and pack everything."""
        self._graph.outputs = np.array([self._places[name] for name in outputs.values()], np.int32)
        signature = schema.SignatureDefT()
        signature.signatureKey = "serving_default"
        signature.subgraphIndex = 0
        signature.inputs = [_named(INPUT_SIGNATURE, int(self._graph.inputs[0]))]
        signature.outputs = [_named(role, self._places[name]) for role, name in outputs.items()]
        self._model.signatureDefs = [signature]
        builder = flatbuffers.Builder(FIRST_BUFFER_BYTES)
        builder.Finish(self._model.Pack(builder), FILE_IDENTIFIER)
        return bytes(builder.Output())

    def _convolution(self, layer: Convolution) -> None:
        place = self._tensor(layer.name, layer.shape)
        weights = self._tensor(f"{layer.name}/w", layer.weights.shape, layer.weights)
        bias = self._tensor(f"{layer.name}/b", layer.bias.shape, layer.bias)
        if layer.is_depthwise:
            kind, options = "DEPTHWISE_CONV_2D", schema.DepthwiseConv2DOptionsT()
            options.depthMultiplier = 1
        else:
            kind, options = "CONV_2D", schema.Conv2DOptionsT()
        options.padding = schema.Padding.SAME if layer.is_padded else schema.Padding.VALID
        options.strideH = options.strideW = layer.stride
        options.dilationHFactor = options.dilationWFactor = 1
        activations = schema.ActivationFunctionType
        options.fusedActivationFunction = activations.RELU6 if layer.has_relu6 else activations.NONE
        if layer.has_relu:
            options.fusedActivationFunction = activations.RELU
        name = "DepthwiseConv2DOptions" if layer.is_depthwise else "Conv2DOptions"
        self._append(kind, [self._places[layer.source], weights, bias], place, name, options)
        self._places[layer.name] = place

    def _reshape(self, layer: Reshape) -> None:
        place = self._tensor(layer.name, layer.shape)
        shape = np.array(layer.shape, np.int32)
        wanted = self._tensor(f"{layer.name}/s", shape.shape, shape, schema.TensorType.INT32)
        options = schema.ReshapeOptionsT()
        options.newShape = shape
        sources = [self._places[layer.source], wanted]
        self._append("RESHAPE", sources, place, "ReshapeOptions", options)
        self._places[layer.name] = place

    def _resize(self, layer: MaxPool | Pad | Enlargement) -> None:
        match layer:
            case MaxPool():
                self._pool(layer)
            case Pad():
                self._pad(layer)
            case Enlargement():
                self._enlarge(layer)

    def _pool(self, layer: MaxPool) -> None:
        options = schema.Pool2DOptionsT()
        options.padding = schema.Padding.SAME
        options.strideH = options.strideW = layer.stride
        options.filterHeight = options.filterWidth = layer.kernel
        self._operator(layer, "MAX_POOL_2D", [layer.source], "Pool2DOptions", options)

    def _pad(self, layer: Pad) -> None:
        place = self._tensor(layer.name, layer.shape)
        around = np.array([(0, 0), layer.rows, layer.columns, (0, 0)], np.int32)
        wanted = self._tensor(f"{layer.name}/p", around.shape, around, schema.TensorType.INT32)
        sources = [self._places[layer.source], wanted]
        self._append("PAD", sources, place, "PadOptions", schema.PadOptionsT())
        self._places[layer.name] = place

    def _enlarge(self, layer: Enlargement) -> None:
        place = self._tensor(layer.name, layer.shape)
        size = np.array(layer.shape[1:3], np.int32)
        wanted = self._tensor(f"{layer.name}/s", size.shape, size, schema.TensorType.INT32)
        options = schema.ResizeBilinearOptionsT()
        options.halfPixelCenters = True
        sources = [self._places[layer.source], wanted]
        self._append("RESIZE_BILINEAR", sources, place, "ResizeBilinearOptions", options)
        self._places[layer.name] = place

    def _operator(
        self,
        layer: Layer,
        kind: str,
        sources: list[str],
        name: str = "NONE",
        options: object = None,
    ) -> None:
        place = self._tensor(layer.name, layer.shape)
        self._append(kind, [self._places[source] for source in sources], place, name, options)
        self._places[layer.name] = place

    def _append(
        self, kind: str, sources: list[int], place: int, name: str, options: object
    ) -> None:
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(getattr(schema.BuiltinOperator, kind))
        operator.inputs = np.array(sources, np.int32)
        operator.outputs = np.array([place], np.int32)
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        operator.builtinOptions = options
        self._graph.operators.append(operator)

    def _code(self, kind: int) -> int:
        if kind not in self._codes:
            code = schema.OperatorCodeT()
            code.builtinCode = kind
            code.deprecatedBuiltinCode = min(kind, LAST_OLD_OPERATOR_CODE)
            code.version = 1
            self._codes[kind] = len(self._model.operatorCodes)
            self._model.operatorCodes.append(code)
        return self._codes[kind]

    def _tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        values: npt.NDArray[np.generic] | None = None,
        kind: int = schema.TensorType.FLOAT32,
    ) -> int:
        tensor = schema.TensorT()
        tensor.name = name
        tensor.shape = np.array(shape, np.int32)
        tensor.type = kind
        tensor.buffer = 0
        if values is not None:
            stored = schema.BufferT()
            stored.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
            tensor.buffer = len(self._model.buffers)
            self._model.buffers.append(stored)
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1


def _named(name: str, place: int) -> "schema.TensorMapT":
    named = schema.TensorMapT()
    named.name = name
    named.tensorIndex = place
    return named
