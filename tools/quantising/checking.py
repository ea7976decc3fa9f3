"""The layers against the ONNX file they came from, and the int8 file against them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from edge.builder.layers import Addition, Concatenation, Convolution, Layer, Product
from edge.errors import Kind, VigieError
from edge.eye.detector.runtime import Values, open_runtime
from tools.quantising.channels import find_smooth
from tools.quantising.evening import EVEN, FLAT, Floats
from tools.quantising.observing import LookedInto
from tools.quantising.onnx_net import Net

# Farthest that a layer may be from the file's own, in spreads of its values.
APART_MAX = 0.01
NOTHING = 1e-12
TURNS = 31


@dataclass(frozen=True, slots=True)
class Likeness:
    """How far a layer's worst value is from the file's own, in spreads (standard deviations)."""

    name: str
    apart: float


@dataclass(frozen=True, slots=True)
class Loss:
    """What int8 leaves of a layer: variance of its values over that of its error, in decibels."""

    name: str
    kind: str
    shape: tuple[int, ...]
    is_evened: bool
    left_db: float


class OnnxSession:
    """An ONNX file in ONNX Runtime on one thread, every value of it to be read."""

    def __init__(self, path: Path, values: Sequence[str] = ()) -> None:
        model = onnx.load(str(path))
        made = {name for node in model.graph.node for name in node.output}
        self.names = [name for name in values if name in made]
        known = {one.name for one in model.graph.output}
        added = (onnx.ValueInfoProto(name=name) for name in self.names if name not in known)
        model.graph.output.extend(added)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._given = self._session.get_inputs()[0].name

    def run(self, picture: Values) -> dict[str, Floats]:
        """Values by name, as the file has them."""
        given = {self._given: np.ascontiguousarray(picture)}
        answers = self._session.run(self.names or None, given)
        return dict(zip(self.names, answers, strict=bool(self.names)))


def check_layers(
    path: Path,
    net: Net,
    content: bytes,
    factors: Mapping[str, Floats],
    picture: tuple[Values, Values],
) -> list[Likeness]:
    """Every layer of a float file of ours beside the value of its name in the ONNX file.

    factors: by which our channels are scaled. picture: the same one for the ONNX file and for ours.

    Raises: VigieError INTERNAL for the first layer that is not the same.
    """
    names = [layer.name for layer in net.layers]
    theirs = OnnxSession(path, names).run(picture[0])
    ours = LookedInto(content)
    ours.run(picture[1])
    classes = {head.classes for head in net.heads}
    found = []
    for name, value in theirs.items():
        wanted = value.transpose(0, 2, 3, 1)
        if name in classes and net.kept_classes:
            wanted = wanted[..., list(net.kept_classes)]
        mine = ours.real(name) / factors.get(name, np.float32(1))
        spread = max(float(wanted.std()), 1e-6)
        found.append(Likeness(name, float(np.abs(mine - wanted).max()) / spread))
    for one in found:
        if not one.apart <= APART_MAX:
            raise VigieError(
                Kind.INTERNAL,
                f"the layer '{one.name}' is {one.apart:.3g} spreads from that of ONNX Runtime",
                where=str(path),
                hint="This is a fault of tools/quantize: keep the file and report it.",
            )
    return found


def losses(
    contents: tuple[bytes, bytes],
    layers: Sequence[Layer],
    factors: Mapping[str, Floats],
    pictures: Sequence[tuple[Values, Values]],
) -> Iterator[Loss]:
    """Every layer that changes values, in running order.

    contents: our float file, evened, and the int8 one. pictures: each as either of them takes it.
    """
    runs = tuple(LookedInto(content) for content in contents)
    looked = [
        layer
        for layer in layers
        if isinstance(layer, Addition | Concatenation | Convolution | Product)
        and not layer.name.endswith(EVEN)
        and all(run.has(layer.name) for run in runs)
    ]
    squares = {layer.name: np.zeros(2) for layer in looked}
    smooth = {one.convolution for one in find_smooth(layers)}
    smooth |= {name for name in factors if any(layer.name == name + EVEN for layer in layers)}
    for shown in pictures:
        for run, picture in zip(runs, shown, strict=True):
            run.run(picture)
        for layer in looked:
            values, stored = (
                run.real(layer.name) / factors.get(layer.name, np.float32(1)) for run in runs
            )
            if layer.name in smooth:
                # What lies below comes out as nothing, wherever it lies.
                values, stored = np.maximum(values, -FLAT), np.maximum(stored, -FLAT)
            error = np.square(stored - values).mean((0, 1, 2)).sum()
            squares[layer.name] += (float(values.var((0, 1, 2)).sum()), float(error))
    for layer in looked:
        meant, error = squares[layer.name]
        left_db = float(10 * np.log10(max(meant, NOTHING) / max(error, NOTHING)))
        kind = type(layer).__name__.lower()
        yield Loss(layer.name, kind, layer.shape, layer.name in factors, left_db)


def time_looks(
    path: Path, contents: Sequence[bytes], pictures: Sequence[Values]
) -> list[tuple[float, float]]:
    """Median and least milliseconds of a look on one thread: ONNX Runtime, then each of our files.

    pictures: one for each of them. They take turns, so that what else the machine does hits all.
    """
    session = OnnxSession(path)
    opened = [open_runtime("litert", content, 1) for content in contents]
    looks = [session.run, *(runtime.infer for runtime in opened)]
    times: list[list[float]] = [[] for _ in looks]
    for _ in range(TURNS):
        for look, picture, mine in zip(looks, pictures, times, strict=True):
            begun = time.perf_counter()
            look(picture)
            mine.append(1e3 * (time.perf_counter() - begun))
    return [(float(np.median(mine[1:])), min(mine[1:])) for mine in times]
