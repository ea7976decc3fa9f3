"""From float to full int8 with ai-edge-quantizer and activation ranges measured before.

The ranges are true minima and maxima. The quantiser's own calibration averages over pictures,
which clips the logits and lowers every score.
"""

import contextlib
import importlib.util
import io
import json
from pathlib import Path

import numpy as np

from edge.errors import Kind, VigieError


def check_quantiser() -> None:
    """Say early that the packages for a build are absent, before anything is fetched.

    Raises:
        VigieError: FAILED_PRECONDITION.
    """
    if importlib.util.find_spec("ai_edge_quantizer") is None:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "the packages that make models are not installed (ai-edge-quantizer)",
            hint="Install them: pip install 'vigie[device,models]'",
        )


def quantise(float_model: Path, ranges: Path) -> bytes:
    """The int8 file: weights by channel, activations by tensor.

    Raises:
        VigieError: DATA_LOSS when the ranges cannot be read.
    """
    from ai_edge_quantizer import quantizer, recipe  # noqa: PLC0415 - seconds, only for a build

    measured = _read_ranges(ranges)
    work = quantizer.Quantizer(str(float_model))
    work.load_quantization_recipe(recipe.static_wi8_ai8())
    # It is done in a moment, and its bars and report of temporary files help nobody.
    silence = io.StringIO()
    with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
        return bytes(work.quantize(measured).quantized_model)


def _read_ranges(path: Path) -> dict[str, dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]]]:
    try:
        written = json.loads(path.read_text())
        return {
            tensor: {bound: np.array(values, np.float32) for bound, values in bounds.items()}
            for tensor, bounds in written.items()
        }
    except (OSError, ValueError, AttributeError) as error:
        raise VigieError(
            Kind.DATA_LOSS, f"the activation ranges cannot be read: {error}", where=str(path)
        ) from error
