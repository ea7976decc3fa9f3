"""One TFLite interpreter behind the Runtime protocol; both packages offer the same class."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypedDict

import numpy as np
import numpy.typing as npt

from edge.errors import Kind, VigieError
from edge.eye.detector.runtime import TensorFacts, Values

_DELEGATE = "DELEGATE"


class TensorDetails(TypedDict):
    """What the interpreter tells of a tensor, as far as it is used here."""

    index: int
    name: str
    shape: npt.NDArray[np.int32]
    dtype: type[np.generic]
    quantization: tuple[float, int]


class OperatorDetails(TypedDict):
    """What the interpreter tells of an operator, as far as it is used here."""

    op_name: str
    inputs: Sequence[int]
    outputs: Sequence[int]


class Interpreter(Protocol):
    """The part of the interpreter class that both packages share."""

    def allocate_tensors(self) -> None:
        """Plan memory; must come before anything else."""
        ...

    def get_input_details(self) -> list[TensorDetails]:
        """The inputs."""
        ...

    def get_output_details(self) -> list[TensorDetails]:
        """The outputs."""
        ...

    def set_tensor(self, tensor_index: int, value: Values) -> None:
        """Copy a value in."""
        ...

    def get_tensor(self, tensor_index: int) -> Values:
        """Copy a value out."""
        ...

    def invoke(self) -> None:
        """Run the graph."""
        ...


class InterpreterRuntime:
    """A loaded TFLite model. Interpreters are not thread-safe: one thread, one runtime."""

    def __init__(self, interpreter: Interpreter) -> None:
        interpreter.allocate_tensors()
        self._interpreter = interpreter
        self._input_details = interpreter.get_input_details()
        self._output_details = interpreter.get_output_details()
        self.inputs = tuple(_facts(details) for details in self._input_details)
        self.outputs = tuple(_facts(details) for details in self._output_details)
        operators = _operators(interpreter)
        self.operators_total = sum(each["op_name"] != _DELEGATE for each in operators)
        self.operators_outside_delegate = (
            count_outside(operators, [each["index"] for each in self._output_details])
            if operators
            else None
        )

    def infer(self, picture: Values) -> tuple[Values, ...]:
        """Run once. `get_tensor` copies, so the answers outlive the next call."""
        self._interpreter.set_tensor(self._input_details[0]["index"], picture)
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(each["index"]) for each in self._output_details)


def open_interpreter(make: Mapping[str, object], factory: type, name: str) -> InterpreterRuntime:
    """Build an interpreter and its runtime. Raises: VigieError DATA_LOSS when it is refused."""
    try:
        return InterpreterRuntime(factory(**make))
    except (ValueError, RuntimeError) as refused:
        raise VigieError(
            Kind.DATA_LOSS,
            f"{name} cannot load the model: {_first_line(refused)}",
            hint="Check the file with 'vigie models verify'.",
        ) from refused


def count_outside(operators: Sequence[OperatorDetails], wanted: Sequence[int]) -> int:
    """Operators that no delegate runs, found by walking back from the outputs.

    operators: the graph's own and, after them, the delegates' that replace some of them.
    wanted: tensor indices of the outputs.
    """
    producer: dict[int, int] = {}
    for place, operator in enumerate(operators):
        producer.update((int(index), place) for index in operator["outputs"])
    waiting, needed = [int(index) for index in wanted], set[int]()
    while waiting:
        place = producer.get(waiting.pop(), -1)
        if place >= 0 and place not in needed:
            needed.add(place)
            waiting.extend(int(index) for index in operators[place]["inputs"])
    return sum(operators[place]["op_name"] != _DELEGATE for place in needed)


def _operators(interpreter: Interpreter) -> list[OperatorDetails]:
    """The interpreter's own list, where the package has it; it is no part of the public class."""
    describe = getattr(interpreter, "_get_ops_details", None)
    return [] if describe is None else list(describe())


def _facts(details: TensorDetails) -> TensorFacts:
    scale, zero = details["quantization"]
    is_float = details["dtype"] is np.float32
    return TensorFacts(
        name=details["name"],
        shape=tuple(int(side) for side in details["shape"]),
        element=np.dtype(details["dtype"]).name,
        scale=1.0 if is_float else float(scale),
        zero=0 if is_float else int(zero),
    )


def _first_line(refused: Exception) -> str:
    lines = str(refused).strip().splitlines()
    return lines[0] if lines else type(refused).__name__
