"""Least and greatest value of every layer, from what its convolutions were seen to make."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from edge.builder.layers import (
    Addition,
    Concatenation,
    Convolution,
    Input,
    Layer,
    Logistic,
    Product,
    Rectification,
)
from edge.builder.quantiser import Ranges
from edge.errors import Kind, VigieError
from tools.quantising.channels import sources_of
from tools.quantising.evening import EVEN, Floats, smoothed, span_of
from tools.quantising.observing import Observations, Observed

Range = tuple[float, float]
# A logistic function of int8 tells no two values beyond it apart: 1/256 is 5.5.
GATE: Range = (-8.0, 8.0)
# Logits below it are scores under 1 in 20,000, which nobody asks for.
LOGIT_MIN = -10.0
WIDTH_MIN = 0.01
_ONE = np.ones(1, np.float32)


def choose_ranges(
    layers: Sequence[Layer],
    factors: Mapping[str, Floats],
    observed: Observations,
    *,
    pixels: Range,
    logits: Iterable[str],
) -> Ranges:
    """Bounds for the quantiser.

    layers: evened by `factors`. pixels: what black and white are. logits: layers that answer with
    them; what else answers keeps all it was ever seen to make.
    """
    smooth = _products(layers)
    products = {product: convolution for convolution, product in smooth.items()}
    found: dict[str, Range] = {}
    for layer in layers:
        factor = factors.get(layer.name, _ONE)
        match layer:
            case Input():
                found[layer.name] = pixels
            case Logistic():
                found[layer.name] = (0.0, 1.0)
            case Convolution() if layer.name.endswith(EVEN):
                found[layer.name] = GATE
            case Convolution() if layer.name in smooth:
                found[layer.name] = _around(*span_of(observed[layer.name]), factor)
            case Convolution():
                found[layer.name] = _all_of(observed[layer.name], layer.name in set(logits))
            case Product() if layer.name in products:
                span = span_of(observed[products[layer.name]])
                found[layer.name] = _around(*smoothed(*span), factor)
            case Product():
                raise _unknown(layer)
            case _:
                found[layer.name] = _moved(layer, [found[name] for name in sources_of(layer)])
    return found


def _products(layers: Sequence[Layer]) -> dict[str, str]:
    """Of each x * logistic(x) the product's name by the convolution's, evened or not."""
    gates = {
        layer.name: layer.source.removesuffix(EVEN)
        for layer in layers
        if isinstance(layer, Logistic)
    }
    return {
        source: layer.name
        for layer in layers
        if isinstance(layer, Product)
        for source, gate in ((layer.left, layer.right), (layer.right, layer.left))
        if gates.get(gate) == source
    }


def _around(low: Floats, high: Floats, factor: Floats) -> Range:
    lowest, highest = float((low * factor).min()), float((high * factor).max())
    return lowest, max(highest, lowest + WIDTH_MIN)


def _all_of(seen: Observed, is_logit: bool) -> Range:
    lowest, highest = float(seen.least.min()), float(seen.greatest.max())
    return max(lowest, LOGIT_MIN) if is_logit else lowest, max(highest, lowest + WIDTH_MIN)


def _moved(layer: Layer, taken: Sequence[Range]) -> Range:
    """What comes out of layers that only move, choose or add values."""
    lows, highs = zip(*taken, strict=True)
    if isinstance(layer, Addition):
        return sum(lows), sum(highs)
    if isinstance(layer, Concatenation):
        return min(lows), max(highs)
    if isinstance(layer, Rectification):
        return 0.0, max(highs[0], WIDTH_MIN)
    return lows[0], highs[0]


def _unknown(layer: Layer) -> VigieError:
    return VigieError(
        Kind.INVALID_ARGUMENT,
        f"this model cannot be made int8: its step '{layer.name}' multiplies two results that are "
        "not x * logistic(x) of one convolution",
        hint="Of activations SiLU and ReLU are known.",
    )
