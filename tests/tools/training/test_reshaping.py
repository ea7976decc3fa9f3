"""The same net, to the bit, for a picture of another shape; nothing else is reshaped."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("torch", reason="needs the environment that trains (make train-test)")

from ai_edge_litert.interpreter import Interpreter

from edge.builder.layers import Layer
from edge.builder.quantiser import quantise
from edge.builder.tflite_writer import write_tflite
from edge.errors import Kind, VigieError
from tests.tools.training.nets import hidden, settled_net
from tools.quantising.bounds import choose_ranges
from tools.quantising.evening import even_channels
from tools.quantising.observing import observe
from tools.training.export import INPUT_RANGE, LayerBoard, export_int8, outputs_of
from tools.training.net import Net
from tools.training.reshaping import reshape
from tools.training.wiring import wire

Answers = list[npt.NDArray[np.int8]]


def calibrated(width_px: int, height_px: int) -> bytes:
    net, picture = settled_net()
    return export_int8(net, width_px, height_px, [picture], hidden).content


def start(content: bytes) -> Interpreter:
    runner = Interpreter(model_content=content, num_threads=1)
    runner.allocate_tensors()
    return runner


def ask(content: bytes, picture: npt.NDArray[np.int8]) -> Answers:
    runner = start(content)
    runner.set_tensor(runner.get_input_details()[0]["index"], picture)
    runner.invoke()
    return [runner.get_tensor(each["index"]).copy() for each in runner.get_output_details()]


def weights(content: bytes) -> dict[str, tuple[object, ...]]:
    runner = start(content)
    return {
        each["name"]: (runner.get_tensor(each["index"]).tobytes(), *each["quantization"])
        for each in runner.get_tensor_details()
        if each["name"].endswith(("/w", "/b"))
    }


def draw(width_px: int, height_px: int) -> npt.NDArray[np.int8]:
    noise = np.random.default_rng(7).integers(-128, 128, (1, height_px, width_px, 3))
    return noise.astype(np.int8)


def test_there_and_back_it_answers_as_before() -> None:
    content = calibrated(96, 128)
    there = reshape(content, 160, 96)
    picture = draw(96, 128)
    for one, other in zip(
        ask(reshape(there, 96, 128), picture), ask(content, picture), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert weights(there) == weights(content)
    assert len(weights(content)) > 100


def test_it_answers_for_every_cell_of_the_new_shape() -> None:
    there = reshape(calibrated(96, 128), 160, 96)
    shapes = {answer.shape[1:3] for answer in ask(there, draw(160, 96))}
    assert shapes == {(12, 20), (6, 10), (3, 5)}


def test_it_answers_as_the_file_that_was_made_for_that_shape() -> None:
    """Both of the same bounds, which pictures of two shapes would not tell to the bit."""
    net, picture = settled_net()
    answers, taken = outputs_of(net), np.ascontiguousarray(picture.permute(0, 2, 3, 1).numpy())
    plain = write_tflite(lay(net, 96, 128), answers)
    observed = observe(plain, lay(net, 96, 128), [taken], lambda _done, _total: None)

    def written(width_px: int, height_px: int) -> bytes:
        made = even_channels(lay(net, width_px, height_px), list(answers.values()), observed)
        ranges = choose_ranges(made.layers, made.factors, observed, pixels=INPUT_RANGE, logits=[])
        return quantise(write_tflite(made.layers, answers), ranges)

    reshaped = reshape(written(96, 128), 160, 96)
    picture_there = draw(160, 96)
    for one, other in zip(
        ask(reshaped, picture_there), ask(written(160, 96), picture_there), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def lay(net: Net, width_px: int, height_px: int) -> list[Layer]:
    board = LayerBoard(net, width_px, height_px)
    wire(board, board.image, net.plan)
    return board.layers


@pytest.mark.parametrize("content", [b"", b"TFL3" * 40, b"\x00" * 400])
def test_what_is_no_such_file_is_refused(content: bytes) -> None:
    with pytest.raises(VigieError, match="none of these nets") as refused:
        reshape(content, 160, 96)
    assert refused.value.kind is Kind.DATA_LOSS


def test_another_net_is_refused(repository: Path) -> None:
    """The SSD's layers are of other sizes."""
    path = repository / ".cache" / "models" / "ssd-coco15" / "ssd-coco15.tflite"
    if not path.is_file():
        pytest.skip("vigie models build ssd-coco15")
    with pytest.raises(VigieError, match="none of these nets"):
        reshape(path.read_bytes(), 544, 320)
