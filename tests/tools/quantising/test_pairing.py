"""Pixels taken in by twos: the same answers to the bit, and no other net is touched."""

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("ai_edge_quantizer", reason="needs the packages that make models")

from ai_edge_litert.interpreter import Interpreter

from edge.builder.layers import Convolution, Input, Layer
from edge.builder.quantiser import quantise
from edge.builder.tflite_writer import write_tflite
from tools.quantising.pairing import PAIRED, pair_pixels

HIGH_PX, WIDE_PX = 24, 40
RANGES = {"image": (-1.0, 127 / 128), "first": (-6.0, 6.0), "last": (-9.0, 9.0)}


def made_of(
    kernel: int, stride: int = 2, *, wide_px: int = WIDE_PX, colours: int = 3
) -> list[Layer]:
    """Two convolutions; weights by chance, another for every place and channel."""
    chance = np.random.default_rng(5)
    high, wide = -(-HIGH_PX // stride), -(-wide_px // stride)
    weights = chance.normal(0, 0.3, (8, kernel, kernel, colours)).astype(np.float32)
    after = chance.normal(0, 0.3, (4, 1, 1, 8)).astype(np.float32)
    bias = chance.normal(0, 0.3, 8).astype(np.float32)
    shapes = (1, high, wide, 8), (1, high, wide, 4)
    return [
        Input("image", (1, HIGH_PX, wide_px, colours)),
        Convolution("first", "image", weights, bias, stride, False, False, shapes[0]),
        Convolution("last", "first", after, bias[:4], 1, False, False, shapes[1]),
    ]


def int8_of(layers: list[Layer]) -> bytes:
    return quantise(write_tflite(layers, {"answer": "last"}), RANGES)


def ask(content: bytes) -> npt.NDArray[np.int8]:
    runner = Interpreter(model_content=content, num_threads=1)
    runner.allocate_tensors()
    taken = runner.get_input_details()[0]
    picture = np.random.default_rng(9).integers(-128, 128, taken["shape"]).astype(np.int8)
    runner.set_tensor(taken["index"], picture)
    runner.invoke()
    return np.asarray(runner.get_tensor(runner.get_output_details()[0]["index"])).copy()


@pytest.mark.parametrize("kernel", [2, 6, 10])
def test_it_answers_as_before_to_the_bit(kernel: int) -> None:
    content = int8_of(made_of(kernel))
    paired = pair_pixels(content)
    assert PAIRED in paired
    np.testing.assert_array_equal(ask(paired), ask(content))
    assert len(np.unique(ask(content))) > 30, "the answers say too little"


def test_what_is_paired_stays_as_it_is() -> None:
    paired = pair_pixels(int8_of(made_of(6)))
    assert pair_pixels(paired) == paired


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param(made_of(3), id="a kernel that begins between two pairs"),
        pytest.param(made_of(4), id="a kernel that begins in the middle of a pair"),
        pytest.param(made_of(6, stride=1), id="every pixel"),
        pytest.param(made_of(6, wide_px=41), id="a pixel without another"),
        pytest.param(made_of(6, colours=8), id="channels enough"),
    ],
)
def test_other_nets_stay_as_they_are(layers: list[Layer]) -> None:
    content = int8_of(layers)
    assert pair_pixels(content) == content


def test_a_float_file_stays_as_it_is() -> None:
    content = write_tflite(made_of(6), {"answer": "last"})
    assert pair_pixels(content) == content
