"""Models of strangers that cannot be made int8: what is wrong with each, in one sentence."""
# ruff: noqa: E501 - the tables keep one line each

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the environment that trains (make train-test)")

from edge.builder.tflite_writer import write_tflite
from edge.errors import Kind, VigieError
from edge.eye.detector.reading import parse_card
from tests.tools.quantising.nets import CARD, Builder, tiny
from tools.quantising.bounds import choose_ranges
from tools.quantising.observing import observe
from tools.quantising.onnx_net import read_net
from tools.quantising.pipeline import find_pictures, read_picture
from tools.quantising.result import check_card

HINT = "Export it from YOLOX with a fixed input size, simplified."


def head(build: Builder, source: str) -> Builder:
    build.heads([(source, 8)])
    return build


def one_step(kind: str, **attributes: int | str | list[int]) -> Callable[[], Builder]:
    """A net whose only step between picture and head is this one."""

    def make() -> Builder:
        build = Builder()
        first = build.convolution("images", 3, 8)
        return head(build, build.step(kind, first, **attributes))

    return make


def with_constant() -> Builder:
    build = Builder()
    first = build.convolution("images", 3, 8)
    return head(build, build.step("Mul", first, build.constant(np.float32(2))))


def with_groups() -> Builder:
    build = Builder()
    first = build.convolution("images", 3, 8)
    return head(build, build.convolution(first, 8, 8, groups=2))


def with_shapes_that_differ() -> Builder:
    build = Builder()
    first = build.convolution("images", 3, 8)
    return head(build, build.step("Add", first, build.convolution(first, 8, 8, stride=2)))


def without_head() -> Builder:
    build = Builder()
    build.step("Relu", build.convolution("images", 3, 8))
    return build


def with_a_value_from_nowhere() -> Builder:
    build = Builder()
    return head(build, build.convolution("nothing", 8, 8))


def gated_by_another() -> Builder:
    """Products that are no activation: attention, for one."""
    build = Builder()
    first, other = (build.convolution("images", 3, 8) for _ in range(2))
    return head(build, build.step("Mul", first, build.step("Sigmoid", other)))


KNOWN = "known are Add, Concat, Conv, Identity, MaxPool, Mul, Relu, Resize, Sigmoid, Upsample"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (one_step("HardSwish"), f"its step 'hardswish_1' is a HardSwish, which is not known here; {KNOWN}"),
        (one_step("LeakyRelu"), f"its step 'leakyrelu_1' is a LeakyRelu, which is not known here; {KNOWN}"),
        (with_constant, "its step 'mul_1' reckons with a constant, which is not known here"),
        (with_groups, "its convolution 'conv_1' has groups, holes, strides or padding that are not known here"),
        (with_shapes_that_differ, "its step 'add_2' joins shapes that differ"),
        (without_head, "it has no head like YOLOX's: boxes, objectness and classes, joined at each stride"),
        (with_a_value_from_nowhere, "nothing makes its value 'nothing'"),
        (one_step("MaxPool", kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 0, 0]), "its pooling 'maxpool_1' changes the picture's size, which is not known here"),
    ],
)  # fmt: skip
def test_a_net_with_a_step_that_is_not_known_names_it(
    tmp_path: Path, make: Callable[[], Builder], message: str
) -> None:
    path = make().write(tmp_path / "net.onnx")
    with pytest.raises(VigieError) as refused:
        read_net(path, is_bgr=False, kept_classes=())
    assert str(refused.value) == f"{path}: this model cannot be made int8: {message}\n  {HINT}"
    assert refused.value.kind is Kind.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("sides", "shown"),
    [
        ((1, 3, "height", "width"), "1 x 3 x ? x ?"),
        (("batch", 3, 64, 0), "? x 3 x 64 x ?"),
        ((1, 1, 64, 64), "1 x 1 x 64 x 64"),
        ((1, 64), "1 x 64"),
    ],
)
def test_a_net_without_a_picture_of_fixed_size(
    tmp_path: Path, sides: tuple[int | str, ...], shown: str
) -> None:
    path = tiny().write(tmp_path / "net.onnx", sides)
    with pytest.raises(VigieError) as refused:
        read_net(path, is_bgr=False, kept_classes=())
    assert refused.value.what == (
        f"this model cannot be made int8: it takes {shown}, and must take one picture, "
        "1 x 3 x height x width"
    )


def test_a_net_whose_products_are_no_activation(tmp_path: Path) -> None:
    path = gated_by_another().write(tmp_path / "net.onnx")
    net = read_net(path, is_bgr=False, kept_classes=())
    shown = np.zeros((1, 64, 64, 3), np.float32)
    content = write_tflite(net.layers, net.outputs)
    observed = observe(content, net.layers, [shown], lambda _done, _total: None)
    with pytest.raises(VigieError) as refused:
        choose_ranges(net.layers, {}, observed, pixels=(0, 255), logits=())
    assert str(refused.value) == (
        "this model cannot be made int8: its step 'mul_3' multiplies two results that are not "
        "x * logistic(x) of one convolution\n  Of activations SiLU and ReLU are known."
    )


def test_a_file_that_is_no_onnx(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"TFL3 and more of that kind")
    with pytest.raises(VigieError) as refused:
        read_net(path, is_bgr=False, kept_classes=())
    assert str(refused.value) == (
        f"{path}: this is no ONNX file\n  Give the .onnx file that the model's training exported."
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(VigieError) as refused:
        read_net(tmp_path / "net.onnx", is_bgr=False, kept_classes=())
    assert refused.value.kind is Kind.NOT_FOUND
    assert refused.value.what == "the model cannot be read"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('runtime = "onnx"', 'runtime = "litert"', "runtime is litert in the card of 'tiny', and must be onnx"),
        ('layout = "nchw"', 'layout = "nhwc"', "the input's layout is nhwc in the card of 'tiny', and must be nchw"),
        ("strides_px = [8, 16]", "strides_px = [8]", "strides_px is (8,) in the card of 'tiny', and must be (8, 16)"),
        ("count = 5", "count = 6", "the count of classes is 6 in the card of 'tiny', and must be 5"),
        ("width_px = 64", "width_px = 128", "the input's width and height is (128, 64) in the card of 'tiny', and must be (64, 64)"),
    ],
)  # fmt: skip
def test_a_card_of_another_model(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in CARD
    net = read_net(tiny().write(tmp_path / "tiny.onnx"), is_bgr=True, kept_classes=(0, 2, 3, 4))
    # What the card makes of its own answer must fit, or the card itself would be refused.
    shape = {"strides_px = [8]": "[1, 64, 10]", "count = 6": "[1, 80, 11]"}
    shape |= {"width_px = 128": "[1, 160, 10]"}
    text = CARD.format(sha256="0" * 64, size_bytes=1).replace(old, new)
    card = parse_card(text.replace("[1, 80, 10]", shape.get(new, "[1, 80, 10]")), Path("card.toml"))
    is_another_kind = card.runtime != "onnx" or card.input.layout != "nchw"
    with pytest.raises(VigieError) as refused:
        check_card(card, None if is_another_kind else net)
    assert str(refused.value) == (
        f"card.toml: {message}\n"
        "  models/yolox-nano/card.toml in the repository is a card of such a model."
    )


def test_a_class_that_the_model_does_not_have(tmp_path: Path) -> None:
    path = tiny().write(tmp_path / "tiny.onnx")
    with pytest.raises(VigieError) as refused:
        read_net(path, is_bgr=True, kept_classes=(0, 7))
    assert refused.value.what == (
        "this model cannot be made int8: it knows 5 classes, and its card names class 7"
    )


def test_too_few_pictures(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").touch()
    with pytest.raises(VigieError) as refused:
        find_pictures([tmp_path], 64)
    assert str(refused.value) == (
        f"{tmp_path}: there are 1 pictures, and at least 16 are needed\n"
        "  Give folders of JPEG or PNG pictures from the cameras that it will see: --pictures DIR"
    )


def test_a_picture_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "one.jpg"
    path.write_bytes(b"a shopping list")
    with pytest.raises(VigieError) as refused:
        read_picture(path)
    assert str(refused.value) == (
        f"{path}: this is no picture that can be read\n"
        "  Take it out of the folder, or save it again as JPEG."
    )
