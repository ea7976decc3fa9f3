"""Reading a frozen graph: written here byte by byte, as the format says."""

import numpy as np
import pytest

from edge.builder.frozen_graph import read_graph
from edge.errors import Kind, VigieError


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _attribute(key: str, value: bytes) -> bytes:
    return _bytes(5, _bytes(1, key.encode()) + _bytes(2, value))


def _tensor(kind: int, sides: tuple[int, ...], content: bytes) -> bytes:
    shape = b"".join(_bytes(2, _number(1, side)) for side in sides)
    return _bytes(8, _number(1, kind) + _bytes(2, shape) + content)


def _node(name: str, operation: str, inputs: tuple[str, ...], attributes: bytes = b"") -> bytes:
    fields = _bytes(1, name.encode()) + _bytes(2, operation.encode())
    fields += b"".join(_bytes(3, one.encode()) for one in inputs)
    return _bytes(1, fields + attributes)


def test_a_node_has_its_name_operation_and_inputs() -> None:
    graph = read_graph(_node("sum", "Add", ("left", "right")))
    assert (graph["sum"].operation, list(graph["sum"].inputs)) == ("Add", ["left", "right"])
    assert graph["sum"].constant is None


def test_ports_and_control_marks_are_taken_off_the_names_of_inputs() -> None:
    graph = read_graph(_node("sum", "Add", ("left:1", "^right")))
    assert list(graph["sum"].inputs) == ["left", "right"]


def test_a_constant_is_read_with_its_shape() -> None:
    values = np.arange(6, dtype="<f4")
    value = _tensor(1, (2, 3), _bytes(4, values.tobytes()))
    constant = read_graph(_node("w", "Const", (), _attribute("value", value)))["w"].constant
    assert constant is not None
    np.testing.assert_array_equal(constant, values.reshape(2, 3))


def test_one_written_value_stands_for_a_whole_constant() -> None:
    value = _tensor(3, (4,), _number(7, 9))
    constant = read_graph(_node("n", "Const", (), _attribute("value", value)))["n"].constant
    assert constant is not None
    assert constant.tolist() == [9, 9, 9, 9]


def test_strides_are_read() -> None:
    strides = b"".join(_number(3, stride) for stride in (1, 2, 2, 1))
    graph = read_graph(_node("c", "Conv2D", ("x", "w"), _attribute("strides", _bytes(1, strides))))
    assert list(graph["c"].strides) == [1, 2, 2, 1]


def test_bytes_that_are_no_graph_are_refused() -> None:
    with pytest.raises(VigieError) as refused:
        read_graph(b"\xff" * 40)
    assert refused.value.kind is Kind.DATA_LOSS
