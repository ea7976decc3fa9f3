"""From float to full int8 with ai-edge-quantizer and ranges of activations measured before.

Every int8 file comes through here, and every range from whoever measured it. The quantiser's own
calibration averages over pictures, which clips the logits and lowers every score.
"""

import contextlib
import importlib.util
import io
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edge.errors import Kind, VigieError

Ranges = Mapping[str, tuple[float, float]]


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


def quantise(float_model: bytes, ranges: Ranges) -> bytes:
    """The int8 file of a float file: weights by channel, activations by tensor.

    ranges: least and greatest value of every tensor that a picture makes, by its name.
    """
    from ai_edge_quantizer import quantizer, recipe  # noqa: PLC0415 - seconds, only for a build

    measured = {
        name: {"min": np.array([low], np.float32), "max": np.array([high], np.float32)}
        for name, (low, high) in ranges.items()
    }
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "float.tflite"
        path.write_bytes(float_model)
        work = quantizer.Quantizer(str(path))
        work.load_quantization_recipe(recipe.static_wi8_ai8())
        # It is done in a moment, and its bars and report of temporary files help nobody.
        silence = io.StringIO()
        with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
            return bytes(work.quantize(measured).quantized_model)


def read_ranges(path: Path) -> Ranges:
    """The ranges that stand beside a recipe. Raises: VigieError DATA_LOSS when they are broken."""
    try:
        written = json.loads(path.read_text())
        return {
            tensor: (float(bounds["min"][0]), float(bounds["max"][0]))
            for tensor, bounds in written.items()
        }
    except (OSError, ValueError, AttributeError, LookupError, TypeError) as error:
        raise VigieError(
            Kind.DATA_LOSS, f"the activation ranges cannot be read: {error}", where=str(path)
        ) from error
