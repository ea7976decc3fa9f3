"""What every convolution of a float model makes of pictures, channel by channel."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.builder.layers import Convolution, Layer
from edge.eye.detector.runtime import Values

Floats = npt.NDArray[np.float32]
Report = Callable[[int, int | None], None]
# Shows how far the work inside it is, called what is given.
Show = Callable[[str], AbstractContextManager[Report]]
# Of a picture's values of one channel, so many lie between its bounds: the rarest would take steps
# from all the others. So would the bounds of the strangest picture: those of so many count.
INSIDE, PICTURES = 0.999, 0.75
# Values of a channel that are looked at in one picture.
SAMPLES = 6000


@dataclass(frozen=True, slots=True)
class Observed:
    """One convolution's channels, float32 each: bounds, true bounds, variance."""

    low: Floats
    high: Floats
    least: Floats
    greatest: Floats
    variance: Floats


class LookedInto:
    """A TFLite model whose every tensor can be read after each picture. One thread."""

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import (  # noqa: PLC0415 - half a second
            Interpreter,
            OpResolverType,
        )

        # A delegate keeps no values in between, so it runs without.
        with warnings.catch_warnings():
            # It warns that keeping every value is for looking into models, which this is.
            warnings.simplefilter("ignore", UserWarning)
            self._interpreter = Interpreter(
                model_content=content,
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
                experimental_preserve_all_tensors=True,
            )
        self._interpreter.allocate_tensors()
        self._taken = int(self._interpreter.get_input_details()[0]["index"])
        self._details = {
            str(one["name"]): (int(one["index"]), *one["quantization"])
            for one in self._interpreter.get_tensor_details()
        }

    def run(self, picture: Values) -> None:
        """One picture, in the model's own shape and type."""
        self._interpreter.set_tensor(self._taken, picture)
        self._interpreter.invoke()

    def real(self, name: str) -> Floats:
        """What a layer made of the last picture, as real values."""
        place, step, zero = self._details[name]
        stored = np.asarray(self._interpreter.get_tensor(place), np.float32)
        return np.asarray((stored - zero) * step if step else stored, np.float32)

    def has(self, name: str) -> bool:
        """Whether a layer is left in the file."""
        return name in self._details


def observe(
    content: bytes, layers: Sequence[Layer], pictures: Sequence[Values], report: Report
) -> dict[str, Observed]:
    """Every convolution of a float file over pictures, in the model's shape and type."""
    run = LookedInto(content)
    names = [layer.name for layer in layers if isinstance(layer, Convolution)]
    seen: dict[str, list[Observed]] = {name: [] for name in names}
    for count, picture in enumerate(pictures, 1):
        run.run(picture)
        for name, new in _observe_one(run, names):
            seen[name].append(new)
        report(count, len(pictures))
    return {name: _together(each) for name, each in seen.items()}


def _observe_one(run: LookedInto, names: Sequence[str]) -> Iterator[tuple[str, Observed]]:
    for name in names:
        values = run.real(name)
        values = values.reshape(-1, values.shape[3])
        some = values[:: max(1, len(values) // SAMPLES)]
        low, high = np.quantile(some, [1 - INSIDE, INSIDE], axis=0).astype(np.float32)
        yield name, Observed(low, high, values.min(0), values.max(0), some.var(0))


def _together(each: Sequence[Observed]) -> Observed:
    low, high = (np.stack(one) for one in zip(*((o.low, o.high) for o in each), strict=True))
    return Observed(
        np.quantile(low, 1 - PICTURES, axis=0).astype(np.float32),
        np.quantile(high, PICTURES, axis=0).astype(np.float32),
        np.min([one.least for one in each], axis=0),
        np.max([one.greatest for one in each], axis=0),
        np.mean([one.variance for one in each], axis=0),
    )


Observations = Mapping[str, Observed]
