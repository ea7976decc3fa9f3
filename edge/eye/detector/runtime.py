"""What the port asks of an inference runtime, and the choice between the two there are."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge.errors import Kind, VigieError

Values = npt.NDArray[np.int8] | npt.NDArray[np.uint8] | npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """One input or output as the file itself declares it.

    A stored value means (stored - zero) * scale; float tensors have scale 1 and zero 0.
    """

    name: str
    shape: tuple[int, ...]
    element: str
    scale: float
    zero: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One output tensor of one inference: stored values (a copy) and how to read them."""

    values: Values
    scale: float
    zero: int

    def real(self, stored: Values) -> npt.NDArray[np.float32]:
        """What a selection of the stored values means, float32, same shape."""
        if stored.dtype == np.float32:
            return stored.astype(np.float32, copy=False)
        meant = stored.astype(np.float32)
        meant -= self.zero
        meant *= self.scale
        return meant

    def places_above(self, real: float) -> npt.NDArray[np.intp]:
        """Flat indices of the values that mean at least `real`, found without widening them."""
        least = real / self.scale + self.zero
        flat = self.values.ravel()
        if flat.dtype == np.float32:
            return (flat >= np.float32(least)).nonzero()[0]
        lowest, highest = (-128, 127) if flat.dtype == np.int8 else (0, 255)
        if least > highest:
            return np.zeros(0, np.intp)
        return (flat >= flat.dtype.type(max(math.ceil(least), lowest))).nonzero()[0]


class Runtime(Protocol):
    """One loaded model. Belongs to one thread."""

    @property
    def inputs(self) -> tuple[TensorFacts, ...]:
        """What the model takes."""
        ...

    @property
    def outputs(self) -> tuple[TensorFacts, ...]:
        """What the model answers with."""
        ...

    @property
    def operators_total(self) -> int:
        """Operators of the graph."""
        ...

    @property
    def operators_outside_delegate(self) -> int | None:
        """Operators that run without the fast path; None where the runtime does not tell."""
        ...

    def infer(self, picture: Values) -> tuple[Values, ...]:
        """Run once; the outputs are copies, in the order of `outputs`."""
        ...


def open_runtime(name: str, content: bytes, threads: int) -> Runtime:
    """Load a model's bytes into a runtime by name, `litert` or `tflite-runtime`.

    Raises: VigieError FAILED_PRECONDITION without the runtime, DATA_LOSS when it refuses the model.
    """
    if name == "litert":
        from edge.eye.detector.litert import open_litert  # noqa: PLC0415 - 0.4 s, only if chosen

        return open_litert(content, threads)
    if name == "tflite-runtime":
        from edge.eye.detector.tflite import open_tflite  # noqa: PLC0415 - absent in most places

        return open_tflite(content, threads)
    if name == "onnx":
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "a model in ONNX runs on no device",
            hint="Make it int8 first, in a checkout of the repository: tools/quantize --help",
        )
    raise VigieError(
        Kind.INVALID_ARGUMENT,
        f"no runtime is named '{name}'",
        hint="Use 'litert', or 'tflite-runtime' on Python 3.11 boards.",
    )
