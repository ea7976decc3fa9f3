"""Pixels taken in by twos: the first convolution gives the same sums, to the bit, in half the time.

XNNPACK's int8 convolutions go over the channels of one place at a time, eight at once; of the three
of a pixel five eighths of that work is for nothing, and in a net for small pictures the first layer
is the dearest. A row of pixels is, in memory, also half as many places of six channels, and a
kernel of six columns three of those; its weights need not even be moved.
"""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tools.quantising.tflite_file import constant, pack, unpack

PAIRED = b"image/pairs"
STRIDE, COLOURS = 2, 3


def pair_pixels(content: bytes) -> bytes:
    """The same int8 file with its first convolution over pairs; any other net as it is.

    Such a first convolution steps by two pixels over a picture of even width, and its kernel's
    columns begin at the first of a pair: they are 2, 6, 10 and so on, padded as SAME.
    """
    model = unpack(content)
    graph = model.subgraphs[0]
    first = graph.operators[0]
    image = graph.tensors[graph.inputs[0]]
    if not _fits(model, first, image):
        return content
    weights, options = graph.tensors[first.inputs[1]], first.builtinOptions
    weights.shape = _halved(weights.shape)
    options.strideW //= STRIDE
    shape = _halved(image.shape)
    paired = schema.TensorT()
    paired.name, paired.shape, paired.type = PAIRED, shape, image.type
    paired.quantization, paired.buffer = image.quantization, 0
    wanted = schema.TensorT()
    wanted.name, wanted.shape = PAIRED + b"/s", np.array(shape.shape, np.int32)
    wanted.type, wanted.buffer = schema.TensorType.INT32, len(model.buffers)
    model.buffers.append(constant(shape))
    place = len(graph.tensors)
    graph.tensors.extend((paired, wanted))
    graph.operators.insert(0, _reshaping(model, (int(graph.inputs[0]), place + 1), place, shape))
    first.inputs = np.array([place, *first.inputs[1:]], np.int32)
    return pack(model, len(content))


def _fits(model: schema.ModelT, first: schema.OperatorT, image: schema.TensorT) -> bool:
    tensors = model.subgraphs[0].tensors
    kind = model.operatorCodes[first.opcodeIndex].builtinCode
    is_of_pixels = kind == schema.BuiltinOperator.CONV_2D and int(image.shape[3]) == COLOURS
    if not is_of_pixels or image.type != schema.TensorType.INT8:
        return False
    columns, options = int(tensors[first.inputs[1]].shape[2]), first.builtinOptions
    is_plain = (options.strideW, options.padding) == (STRIDE, schema.Padding.SAME)
    begins_at_a_pair = columns % (2 * STRIDE) == STRIDE
    return is_plain and begins_at_a_pair and int(image.shape[2]) % STRIDE == 0


def _halved(shape: np.ndarray) -> np.ndarray:
    """Half as many columns of twice as many channels."""
    outer, rows, columns, channels = map(int, shape)
    return np.array([outer, rows, columns // STRIDE, STRIDE * channels], np.int32)


def _reshaping(
    model: schema.ModelT, taken: tuple[int, int], made: int, shape: np.ndarray
) -> schema.OperatorT:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.RESHAPE
    code.version = 1
    operator = schema.OperatorT()
    operator.opcodeIndex = len(model.operatorCodes)
    model.operatorCodes.append(code)
    operator.inputs, operator.outputs = np.array(taken, np.int32), np.array([made], np.int32)
    operator.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
    operator.builtinOptions = schema.ReshapeOptionsT()
    operator.builtinOptions.newShape = shape
    return operator
