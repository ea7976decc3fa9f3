"""An ONNX graph by the names of its values: what makes each, and which are constant."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import onnx
from google.protobuf.message import DecodeError
from onnx import numpy_helper

from edge.errors import Kind, VigieError

Array = npt.NDArray[np.generic]
Attributes = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Graph:
    """constants: values that stand in the file. makers: what makes each of the other values."""

    where: str
    proto: onnx.GraphProto
    constants: dict[str, Array]
    makers: dict[str, onnx.NodeProto]

    def maker(self, name: str) -> onnx.NodeProto:
        """The step that makes a value."""
        if name not in self.makers:
            self.refuse(f"nothing makes its value '{name}'")
        return self.makers[name]

    def constant(self, name: str) -> Array:
        """A value that must be known before a picture is."""
        if name in self.constants:
            return self.constants[name]
        node = self.maker(name)
        held = attributes_of(node).get("value")
        if node.op_type != "Constant" or not isinstance(held, onnx.TensorProto):
            self.refuse(f"its value '{name}' must be a constant; simplify the export")
        self.constants[name] = numpy_helper.to_array(held)
        return self.constants[name]

    def is_constant(self, name: str) -> bool:
        """Whether a value stands in the file."""
        maker = self.makers.get(name)
        return name in self.constants or (maker is not None and maker.op_type == "Constant")

    def picture(self) -> tuple[str, int, int]:
        """Name, width and height of the one picture that goes in."""
        given = [one for one in self.proto.input if one.name not in self.constants]
        sides = [one.dim_value for one in given[0].type.tensor_type.shape.dim] if given else []
        if len(given) != 1 or len(sides) != 4 or sides[1] != 3 or min(sides[2:]) < 1:
            shown = " x ".join(str(side) if side > 0 else "?" for side in sides) or "nothing"
            self.refuse(f"it takes {shown}, and must take one picture, 1 x 3 x height x width")
        return given[0].name, sides[3], sides[2]

    def refuse(self, what: str) -> NoReturn:
        """End the reading. Raises: VigieError INVALID_ARGUMENT, always."""
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"this model cannot be made int8: {what}",
            where=self.where,
            hint="Export it from YOLOX with a fixed input size, simplified.",
        )


def read_graph(path: Path) -> Graph:
    """A file's graph. Raises: VigieError NOT_FOUND, INVALID_ARGUMENT (no ONNX file)."""
    try:
        model = onnx.load(str(path))
    except OSError as absent:
        raise VigieError(
            Kind.NOT_FOUND,
            "the model cannot be read",
            where=str(path),
            hint="Fetch it with 'vigie models add NAME', or name it: --onnx FILE",
        ) from absent
    except DecodeError as garbage:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            "this is no ONNX file",
            where=str(path),
            hint="Give the .onnx file that the model's training exported.",
        ) from garbage
    constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    return Graph(str(path), model.graph, constants, makers)


def attributes_of(node: onnx.NodeProto) -> Attributes:
    """What a step was told, by name."""
    return {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}


def one_of(attributes: Attributes, key: str, default: int) -> int:
    """A number that is the same for rows and columns; -1, which nothing takes, where it is not."""
    values = attributes.get(key, [default])
    assert isinstance(values, list)
    return int(values[0]) if len(set(values)) == 1 else -1


def four_of(attributes: Attributes, key: str) -> tuple[int, ...]:
    """Rows before, columns before, rows after, columns after."""
    values = attributes.get(key, [0, 0, 0, 0])
    assert isinstance(values, list)
    return tuple(int(value) for value in values)
