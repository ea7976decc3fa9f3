"""Every kind of layer, written and run: the file answers as the layer is described."""

import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert.interpreter import Interpreter

from edge.builder.layers import (
    Addition,
    Concatenation,
    Convolution,
    Enlargement,
    Input,
    Layer,
    Logistic,
    MaxPool,
    Pad,
    Product,
    Rectification,
    Reshape,
)
from edge.builder.tflite_writer import write_tflite

Floats = npt.NDArray[np.float32]
SHAPE = (1, 4, 6, 3)
IMAGE = np.random.default_rng(3).uniform(-1, 1, SHAPE).astype(np.float32)


def run(*layers: Layer) -> Floats:
    """What the last layer answers to IMAGE."""
    content = write_tflite([Input("image", SHAPE), *layers], {"answer": layers[-1].name})
    runner = Interpreter(model_content=content, num_threads=1).get_signature_runner()
    return np.asarray(runner(image=IMAGE)["answer"])


def logistic(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-values)), np.float32)


def neighbours(values: Floats, row: int, column: int) -> Floats:
    """The 3 by 3 places around one, fewer at an edge."""
    return values[:, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Addition("out", "image", "image", SHAPE), IMAGE + IMAGE),
        (Product("out", "image", "image", SHAPE), IMAGE * IMAGE),
        (Logistic("out", "image", SHAPE), logistic(IMAGE)),
        (Rectification("out", "image", SHAPE), np.maximum(IMAGE, 0)),
        (Reshape("out", "image", (1, 24, 3)), IMAGE.reshape(1, 24, 3)),
        (
            Concatenation("out", ("image", "image"), (1, 4, 6, 6), 3),
            np.concatenate([IMAGE, IMAGE], 3),
        ),
        (
            Pad("out", "image", (1, 0), (2, 1), (1, 5, 9, 3)),
            np.pad(IMAGE, ((0, 0), (1, 0), (2, 1), (0, 0))),
        ),
    ],
    ids=lambda given: type(given).__name__,
)
def test_a_layer_answers_as_it_is_described(layer: Layer, expected: Floats) -> None:
    assert run(layer) == pytest.approx(expected, abs=1e-6)


def test_pooling_takes_the_greatest_of_what_is_there() -> None:
    pooled = run(MaxPool("out", "image", 3, 1, SHAPE))
    for row, column in ((0, 0), (1, 2), (3, 5)):
        assert pooled[0, row, column] == pytest.approx(
            neighbours(IMAGE, row, column).max(axis=(0, 1, 2))
        )


def test_enlarging_keeps_middles_where_they_are() -> None:
    wide = run(Enlargement("out", "image", (1, 8, 12, 3)))
    assert wide[0, 0, 0] == pytest.approx(IMAGE[0, 0, 0], abs=1e-6)
    between = 0.75 * IMAGE[0, 0, 0] + 0.25 * IMAGE[0, 0, 1]
    assert wide[0, 0, 1] == pytest.approx(between, abs=1e-6)


def test_a_convolution_takes_only_whole_windows_where_it_is_not_padded() -> None:
    weights = np.random.default_rng(5).uniform(-1, 1, (2, 3, 3, 3)).astype(np.float32)
    bias = np.array([0.5, -0.5], np.float32)
    made = run(
        Convolution(
            "out", "image", weights, bias, 1, is_depthwise=False, has_relu6=False,
            shape=(1, 2, 4, 2), is_padded=False, has_relu=True,
        )
    )  # fmt: skip
    expected = np.einsum("hwc,ohwc->o", IMAGE[0, 1:4, 2:5], weights) + bias
    assert made[0, 1, 2] == pytest.approx(np.maximum(expected, 0), abs=1e-5)
    assert made.shape == (1, 2, 4, 2)
