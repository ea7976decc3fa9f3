"""A finished TFLite file taken apart, to change how it is laid out, and packed again."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edge.builder.tflite_writer import FILE_IDENTIFIER


def unpack(content: bytes) -> schema.ModelT:
    """Its tables, with all weights in them. Raises whatever flatbuffers does at other bytes."""
    model = schema.ModelT.InitFromPackedBuf(content)
    for buffer in model.buffers:
        # Weights may lie behind the table that names them; what is packed anew holds them itself.
        if buffer.offset:
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    return model


def pack(model: schema.ModelT, around_bytes: int) -> bytes:
    """The file again. around_bytes: about how large it will be."""
    builder = flatbuffers.Builder(2 * around_bytes)
    builder.Finish(model.Pack(builder), FILE_IDENTIFIER)
    return bytes(builder.Output())


def constant(values: np.ndarray) -> schema.BufferT:
    """A buffer that holds them."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
    return buffer
