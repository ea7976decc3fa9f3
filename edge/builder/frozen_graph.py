"""Reads a TensorFlow frozen graph without TensorFlow.

Only the fields that a convolutional detector uses are declared; protobuf does the decoding.
Field numbers: tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape}.proto.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from edge.errors import Kind, VigieError

Array = npt.NDArray[np.generic]

_DTYPES: Mapping[int, str] = {1: "<f4", 3: "<i4", 9: "<i8"}
_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "vigie.frozen"
# (message, field, number, type, message type or None, repeated)
_FIELDS = (
    ("GraphDef", "node", 1, _Field.TYPE_MESSAGE, "NodeDef", True),
    ("NodeDef", "name", 1, _Field.TYPE_STRING, None, False),
    ("NodeDef", "op", 2, _Field.TYPE_STRING, None, False),
    ("NodeDef", "input", 3, _Field.TYPE_STRING, None, True),
    ("NodeDef", "attr", 5, _Field.TYPE_MESSAGE, "AttrEntry", True),
    ("AttrEntry", "key", 1, _Field.TYPE_STRING, None, False),
    ("AttrEntry", "value", 2, _Field.TYPE_MESSAGE, "AttrValue", False),
    ("AttrValue", "list", 1, _Field.TYPE_MESSAGE, "ListValue", False),
    ("AttrValue", "tensor", 8, _Field.TYPE_MESSAGE, "TensorProto", False),
    ("ListValue", "i", 3, _Field.TYPE_INT64, None, True),
    ("TensorProto", "dtype", 1, _Field.TYPE_INT32, None, False),
    ("TensorProto", "tensor_shape", 2, _Field.TYPE_MESSAGE, "TensorShapeProto", False),
    ("TensorProto", "tensor_content", 4, _Field.TYPE_BYTES, None, False),
    ("TensorProto", "float_val", 5, _Field.TYPE_FLOAT, None, True),
    ("TensorProto", "int_val", 7, _Field.TYPE_INT32, None, True),
    ("TensorShapeProto", "dim", 2, _Field.TYPE_MESSAGE, "Dim", True),
    ("Dim", "size", 1, _Field.TYPE_INT64, None, False),
)


class _Dim(Protocol):
    size: int


class _ShapeDef(Protocol):
    dim: Sequence[_Dim]


class _TensorDef(Protocol):
    dtype: int
    tensor_shape: _ShapeDef
    tensor_content: bytes
    float_val: Sequence[float]
    int_val: Sequence[int]


class _ListDef(Protocol):
    i: Sequence[int]


class _AttrDef(Protocol):
    list: _ListDef
    tensor: _TensorDef


class _EntryDef(Protocol):
    key: str
    value: _AttrDef


class _NodeDef(Protocol):
    name: str
    op: str
    input: Sequence[str]
    attr: Sequence[_EntryDef]


class _GraphDef(Protocol):
    node: Sequence[_NodeDef]


@dataclass(frozen=True, slots=True)
class Node:
    """One operation.

    inputs: names of nodes, without output numbers or control marks.
    constant: value of a Const of a numeric type; None otherwise.
    strides: of a convolution, in the order of its layout; empty otherwise.
    """

    name: str
    operation: str
    inputs: tuple[str, ...]
    constant: Array | None
    strides: tuple[int, ...]


def read_graph(content: bytes) -> dict[str, Node]:
    """All nodes by name.

    Raises:
        VigieError: DATA_LOSS when the bytes are no frozen graph.
    """
    graph = _graph_class()()
    try:
        graph.ParseFromString(content)
    except message.DecodeError as error:
        raise VigieError(
            Kind.DATA_LOSS, f"the file is no TensorFlow frozen graph ({error})"
        ) from error
    return {node.name: _node(node) for node in cast("_GraphDef", graph).node}


def _node(node: _NodeDef) -> Node:
    attributes = {entry.key: entry.value for entry in node.attr}
    value, strides = attributes.get("value"), attributes.get("strides")
    return Node(
        name=node.name,
        operation=node.op,
        inputs=tuple(name.split(":")[0].lstrip("^") for name in node.input),
        constant=_array(value.tensor) if value is not None and node.op == "Const" else None,
        strides=tuple(strides.list.i) if strides is not None else (),
    )


def _array(tensor: _TensorDef) -> Array | None:
    dtype = _DTYPES.get(tensor.dtype)
    if dtype is None:
        return None
    shape = tuple(dim.size for dim in tensor.tensor_shape.dim)
    if tensor.tensor_content:
        values = np.frombuffer(tensor.tensor_content, dtype)
    else:
        values = np.array(list(tensor.float_val) or list(tensor.int_val), dtype)
    count = int(np.prod(shape)) if shape else 1
    if values.size != count:
        # A value that repeats to the end is written once.
        values = np.full(count, values[0] if values.size else 0, dtype)
    return values.reshape(shape)


def _graph_class() -> type[message.Message]:
    file = descriptor_pb2.FileDescriptorProto(
        name="vigie/frozen_graph.proto", package=_PACKAGE, syntax="proto3"
    )
    declared: dict[str, descriptor_pb2.DescriptorProto] = {}
    for owner, name, number, kind, inner, is_repeated in _FIELDS:
        if owner not in declared:
            declared[owner] = file.message_type.add(name=owner)
        declared[owner].field.add(
            name=name,
            number=number,
            type=kind,
            type_name=f".{_PACKAGE}.{inner}" if inner else None,
            label=_Field.LABEL_REPEATED if is_repeated else _Field.LABEL_OPTIONAL,
        )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName(f"{_PACKAGE}.GraphDef")
    return message_factory.GetMessageClass(found)
