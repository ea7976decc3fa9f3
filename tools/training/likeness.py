"""A TFLite file against the net it came from, layer by layer on one picture."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from tools.training.calibration import is_closed_below
from tools.training.net import CLOSED_BELOW, TorchBoard, Watch
from tools.training.wiring import wire

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Likeness:
    """One layer: greatest and mean distance, and the spread (standard deviation) of its values."""

    name: str
    worst: float
    mean: float
    spread: float


def compare_layers(
    make_board: Callable[[Watch], TorchBoard], content: bytes, picture: torch.Tensor
) -> list[Likeness]:
    """Every layer alone, in the order in which they run: each takes in what the file's took in.

    make_board: what runs the net. picture: NCHW, -1 to 1, whole steps of 1/128, of the file's size.
    Runs without XNNPACK, which keeps no values in between.
    """
    kept, likenesses = run_keeping_all(content, picture), []

    def watch(name: str, value: torch.Tensor) -> torch.Tensor:
        own, given = value.permute(0, 2, 3, 1).numpy(), kept[name]
        if is_closed_below(name):
            own, given = (np.maximum(one, CLOSED_BELOW) for one in (own, given))
        apart = np.abs(given - own)
        likenesses.append(Likeness(name, float(apart.max()), float(apart.mean()), float(own.std())))
        return torch.from_numpy(kept[name]).permute(0, 3, 1, 2)

    board = make_board(watch)
    with torch.no_grad():
        wire(board, picture, board.net.plan)
    return likenesses


def run_keeping_all(content: bytes, picture: torch.Tensor) -> dict[str, Floats]:
    """Real values of every tensor of a file, by name, for one picture."""
    from ai_edge_litert.interpreter import (  # noqa: PLC0415 - only here
        Interpreter,
        OpResolverType,
    )

    interpreter = Interpreter(
        model_content=content,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    taken = interpreter.get_input_details()[0]
    shown = picture.permute(0, 2, 3, 1).numpy()
    if taken["dtype"] is np.int8:
        shown = np.round(shown * 128)
    interpreter.set_tensor(taken["index"], np.ascontiguousarray(shown, taken["dtype"]))
    interpreter.invoke()
    values = {}
    for details in interpreter.get_tensor_details():
        if details["dtype"] in {np.float32, np.int8} and len(details["shape"]) == 4:
            raw = interpreter.get_tensor(details["index"]).astype(np.float32)
            step, zero = details["quantization"]
            values[details["name"]] = (raw - zero) * step if step else raw
    return values
