"""The same net for pictures of another shape: only the sizes of what flows through it change.

Every layer is a convolution or goes value by value, so each weight, bound and step stays what it
was, to the bit; a picture that a camera gives wide is then shown without empty margins.
"""

import struct

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edge.errors import Kind, VigieError
from tools.quantising.tflite_file import constant, pack, unpack
from tools.training.wiring import STRIDES_PX

# Where a stride begins, a picture gets one row and one column more.
PADDED_PX = 1
Shape = tuple[int, int, int, int]


def reshape(content: bytes, width_px: int, height_px: int) -> bytes:
    """A file of this project's for an input of that size, multiples of 32, at least 64.

    Raises: VigieError DATA_LOSS for a file that is none of these nets.
    """
    try:
        model = unpack(content)
        graph = model.subgraphs[0]
        taken = graph.tensors[graph.inputs[0]].shape
        scale = _Scale((int(taken[1]), int(taken[2])), (height_px, width_px))
        for place in {*graph.inputs, *(made for one in graph.operators for made in one.outputs)}:
            tensor = graph.tensors[place]
            tensor.shape = np.array(scale.change(tuple(map(int, tensor.shape))), np.int32)
    except (ValueError, IndexError, TypeError, AttributeError, struct.error) as broken:
        raise VigieError(Kind.DATA_LOSS, f"the file holds none of these nets: {broken}") from broken
    for one in graph.operators:
        made = graph.tensors[one.outputs[0]].shape
        match one.builtinOptionsType:
            case schema.BuiltinOptions.ResizeBilinearOptions:
                model.buffers[graph.tensors[one.inputs[1]].buffer] = constant(made[1:3])
            case schema.BuiltinOptions.ReshapeOptions:
                one.builtinOptions.newShape = made
                model.buffers[graph.tensors[one.inputs[1]].buffer] = constant(made)
    return pack(model, len(content))


class _Scale:
    """From sides of tensors for one input to those for another; both as (height, width)."""

    def __init__(self, before: tuple[int, int], after: tuple[int, int]) -> None:
        # Pixels taken in by twos: tools/quantising/pairing.py.
        self._sides = {(before[0], before[1] // 2): (after[0], after[1] // 2)}
        stride = 1
        while stride <= max(STRIDES_PX):
            for more in (0, PADDED_PX):
                key = (before[0] // stride + more, before[1] // stride + more)
                self._sides[key] = (after[0] // stride + more, after[1] // stride + more)
            stride *= 2

    def change(self, shape: tuple[int, ...]) -> Shape:
        """Raises ValueError for what is no tensor of the net's."""
        if len(shape) != 4 or shape[1:3] not in self._sides:
            raise ValueError(f"a tensor is {shape}")
        return (shape[0], *self._sides[shape[1], shape[2]], shape[3])
