"""Bad models: what is wrong with a card, a file or its answers, and the exact message."""
# ruff: noqa: E501 - the table keeps one line each

import hashlib
from dataclasses import replace
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edge.builder.layers import Input, Rectification, Reshape
from edge.builder.tflite_writer import write_tflite
from edge.errors import Kind, VigieError
from edge.eye.detector import Library, load
from edge.eye.detector.card import Card, ModelOutput
from edge.eye.detector.library import shipped_cards_dir
from edge.eye.detector.port import Detector
from edge.eye.detector.reading import parse_card, read_card
from edge.eye.detector.runtime import TensorFacts, open_runtime
from tests.edge.eye.detector.heads import blank
from tests.fakes.runtime import FakeRuntime

GOOD = (shipped_cards_dir() / "ssd-coco15" / "card.toml").read_text()
CARD = parse_card(GOOD, Path("card.toml"))
POST = Library(Path("nowhere")).card("ssd-v1-uint8")
CARD_HINT = "Correct the card; models/ssd-coco15/card.toml in the repository is a whole one."
SHA = f'sha256 = "{CARD.sha256}"'

Row = tuple[str, str, str, str]
# fmt: off
CARDS: list[Row] = [
    ("no TOML at all", "version = 1", "version = = 1", "the model card is not valid TOML: Invalid value (at line 2, column 11)"),
    ("a newer version", "version = 1", "version = 2", "version is 2, and this vigie reads version 1"),
    ("no version", "version = 1\n", "", "'version' is missing"),
    ("a version in quotes", "version = 1", 'version = "1"', "'version' must be a whole number from 1 to 1000, and is '1'"),
    ("a name with a folder", 'name = "ssd-coco15"', 'name = "../up"', "'name' must be lower-case letters, digits, '.', '_' and '-', and is '../up'"),
    ("a file in another folder", 'file = "ssd', 'file = "/etc/ssd', "'file' must be a file name without folders, and is '/etc/ssd-coco15.tflite'"),
    ("a short sum", SHA, 'sha256 = "dd70"', "'sha256' must be 64 lower-case hexadecimal digits, and is 'dd70'"),
    ("no licence", 'licence = "Apache-2.0"', 'licence = " "', "'licence' must be text, and is ' '"),
    ("a size of nothing", "size_bytes = 6239424", "size_bytes = 0", "'size_bytes' must be a whole number from 1 to 2147483648, and is 0"),
    ("a size that is a truth", "size_bytes = 6239424", "size_bytes = true", "'size_bytes' must be a whole number from 1 to 2147483648, and is True"),
    ("an unknown runtime", 'runtime = "litert"', 'runtime = "onnxruntime"', "'runtime' must be one of litert, tflite-runtime, onnx, and is 'onnxruntime'"),
    ("an address of a folder", "version = 1", 'version = 1\naddress = "/srv/models"', "'address' must begin with https://, and is '/srv/models'"),
    ("an unknown key", "width_px = 300", "width_px = 300\nheigth_px = 300", "[input] 'heigth_px' is no key of a model card; did you mean 'height_px'?"),
    ("an input of 5 px", "width_px = 300", "width_px = 5", "[input] 'width_px' must be a whole number from 16 to 4096, and is 5"),
    ("an unknown layout", 'layout = "nhwc"', 'layout = "hwc"', "[input] 'layout' must be one of nhwc, nchw, and is 'hwc'"),
    ("an int8 input that is scaled", "scale = 1", "scale = 0.5", "[input] type int8 stores pixel -128: scale must be 1 and offset -128"),
    ("an offset that is no number", "offset = -128", "offset = nan", "[input] 'offset' must be a finite number, and is nan"),
    ("a height that is clear only when larger", "tall_px = 80", "tall_px = 80\nclear_px = 81", "[input] 'clear_px' must be a whole number from 8 to 80, and is 81"),
    ("an unknown head", '[decoder]\nname = "ssd"', '[decoder]\nname = "fcos"', "[decoder] 'name' must be one of ssd, ssd_post, yolox, split, and is 'fcos'"),
    ("a threshold in per cent", "score_min = 0.2", "score_min = 20", "[decoder] 'score_min' must be from 0 to 1, and is 20.0"),
    ("one scale too few", "0.95, 1.0]", "0.95]", "[decoder] scales needs 7 values, one more than map_sizes"),
    ("a factor of zero", "[10, 10, 5, 5]", "[10, 10, 5, 0]", "[decoder] box_factors needs 4 values above 0, for ty, tx, th and tw"),
    ("maps for other anchors", "[19, 10, 5, 3, 2, 1]", "[19, 10, 5, 3, 2, 2]", "decoder ssd needs 1935 x 15 values in the output scores, and the card's shape has 28755"),
    ("boxes of three values", "shape = [1, 1917, 1, 4]", "shape = [1, 1917, 1, 3]", "decoder ssd needs 1917 x 4 values in the output boxes, and the card's shape has 5751"),
    ("more outputs than a head has", 'role = "scores"', 'role = "scores"\nname = "s"\nshape = [1]\ntype = "int8"\n[[outputs]]\nrole = "count"', "decoder ssd needs the outputs boxes, scores, and the card names boxes, count, scores"),
    ("a shape that is not fixed", "shape = [1, 1917, 1, 4]", "shape = [1, -1, 1, 4]", "[outputs[0]] 'shape' must be a list of whole numbers from 1 to 16777216, and is [1, -1, 1, 4]"),
    ("a missing output", 'role = "scores"', 'role = "count"', "decoder ssd needs the outputs boxes, scores, and the card names boxes, count"),
    ("an unknown class of the wire", "person = [0]", "people = [0]", "[classes] 'people' is no key of a model card"),
    ("no classes at all", "count = 15", "count = 0", "[classes] 'count' must be a whole number from 1 to 1000, and is 0"),
    ("more classes than there can be", "count = 15", "count = 100000", "[classes] 'count' must be a whole number from 1 to 1000, and is 100000"),
    ("a class beyond the count", "person = [0]", "person = [15]", "[classes] 'person' must be a list of whole numbers from 0 to 14, and is [15]"),
    ("one class with two names", "bicycle = [1]", "bicycle = [0]", "[classes] bicycle names class 0 of the model a second time"),
]
# fmt: on


@pytest.mark.parametrize(
    ("old", "new", "message"), [row[1:] for row in CARDS], ids=[row[0] for row in CARDS]
)
def test_a_bad_card_is_refused_with_its_reason(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(VigieError) as refused:
        parse_card(GOOD.replace(old, new, 1), Path("card.toml"))
    assert str(refused.value) == f"card.toml: {message}\n  {CARD_HINT}"
    assert refused.value.kind is Kind.INVALID_ARGUMENT


def test_a_card_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(VigieError) as refused:
        read_card(path)
    assert str(refused.value) == f"{path}: the model card is not text\n  {CARD_HINT}"


def test_a_card_that_is_not_there() -> None:
    with pytest.raises(VigieError) as refused:
        read_card(Path("nowhere/card.toml"))
    assert str(refused.value) == (
        "nowhere/card.toml: there is no model card\n  List the cards with 'vigie models list'."
    )


def test_a_name_that_no_card_has() -> None:
    with pytest.raises(VigieError) as refused:
        Library(Path("nowhere")).card("ssd-coco")
    assert str(refused.value) == (
        "no model card is named 'ssd-coco'; there are ssd-coco15, ssd-v1-uint8, street-n, "
        "street-s, yolox-nano\n"
        "  List them with 'vigie models list'."
    )


def _place(folder: Path, content: bytes) -> Path:
    path = Library(folder).model_path(CARD)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def _refusal(card: Card, folder: Path) -> VigieError:
    with pytest.raises(VigieError) as refused:
        load(card, Library(folder))
    return refused.value


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    assert str(_refusal(CARD, tmp_path)) == (
        f"{tmp_path}/ssd-coco15/ssd-coco15.tflite: the file of model 'ssd-coco15' is not there\n"
        "  Build it with 'vigie models build ssd-coco15'."
    )


def test_a_model_that_stops_in_the_middle(tmp_path: Path) -> None:
    path = _place(tmp_path, b"TFL3")
    refused = _refusal(CARD, tmp_path)
    assert refused.kind is Kind.DATA_LOSS
    assert str(refused) == (
        f"{path}: model 'ssd-coco15' has 4 bytes, and its card says 6239424\n"
        "  Build it with 'vigie models build ssd-coco15'."
    )


def test_a_model_of_the_right_size_with_the_wrong_hash(tmp_path: Path) -> None:
    content = bytes(CARD.size_bytes)
    path = _place(tmp_path, content)
    digest = hashlib.sha256(content).hexdigest()
    assert str(_refusal(CARD, tmp_path)) == (
        f"{path}: model 'ssd-coco15' has sha256 {digest}, and its card says {CARD.sha256}\n"
        "  Build it with 'vigie models build ssd-coco15'."
    )


def test_a_file_that_its_card_describes_but_no_runtime_can_read(tmp_path: Path) -> None:
    content = b"no model" * 4
    _place(tmp_path, content)
    card = replace(CARD, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
    refused = _refusal(card, tmp_path)
    assert refused.kind is Kind.DATA_LOSS
    assert refused.what.startswith("LiteRT cannot load the model: ")
    assert refused.hint == "Check the file with 'vigie models verify'."


def test_a_model_in_onnx_is_loaded_nowhere() -> None:
    with pytest.raises(VigieError) as refused:
        open_runtime("onnx", b"", 1)
    assert str(refused.value) == (
        "a model in ONNX runs on no device\n"
        "  Make it int8 first, in a checkout of the repository: tools/quantize --help"
    )


def test_a_runtime_that_nobody_knows() -> None:
    with pytest.raises(VigieError) as refused:
        open_runtime("onnxruntime", b"", 1)
    assert str(refused.value) == (
        "no runtime is named 'onnxruntime'\n"
        "  Use 'litert', or 'tflite-runtime' on Python 3.11 boards."
    )


def _shape_refusal(card: Card, runtime: FakeRuntime) -> str:
    with pytest.raises(VigieError) as refused:
        Detector(card, runtime)
    assert refused.value.kind is Kind.INVALID_ARGUMENT
    assert refused.value.where == str(card.path)
    assert refused.value.hint == "Correct the card, or add the file that the card describes."
    return refused.value.what


def test_a_model_of_another_input_shape() -> None:
    card = replace(POST, input=replace(POST.input, width_px=320))
    assert _shape_refusal(card, FakeRuntime(POST, blank(POST))) == (
        "model 'ssd-v1-uint8' takes uint8 1x300x300x3, and its card says uint8 1x300x320x3"
    )


def test_a_model_of_another_input_type() -> None:
    card = replace(POST, input=replace(POST.input, element="int8"))
    assert _shape_refusal(card, FakeRuntime(POST, blank(POST))) == (
        "model 'ssd-v1-uint8' takes uint8 1x300x300x3, and its card says int8 1x300x300x3"
    )


def _with_first_output(first: ModelOutput) -> Card:
    return replace(POST, outputs=(first, *POST.outputs[1:]))


def test_a_model_of_another_output_shape() -> None:
    card = _with_first_output(replace(POST.outputs[0], shape=(1, 20, 4)))
    assert _shape_refusal(card, FakeRuntime(POST, blank(POST))) == (
        "model 'ssd-v1-uint8' answers float32 1x10x4 in 'TFLite_Detection_PostProcess', "
        "and its card says float32 1x20x4"
    )


def test_a_model_of_another_output_type() -> None:
    card = _with_first_output(replace(POST.outputs[0], element="uint8"))
    assert _shape_refusal(card, FakeRuntime(POST, blank(POST))) == (
        "model 'ssd-v1-uint8' answers float32 1x10x4 in 'TFLite_Detection_PostProcess', "
        "and its card says uint8 1x10x4"
    )


def test_a_model_without_an_output_that_its_card_names() -> None:
    card = _with_first_output(replace(POST.outputs[0], name="boxes"))
    assert _shape_refusal(card, FakeRuntime(POST, blank(POST))) == (
        "model 'ssd-v1-uint8' has no output 'boxes'; it has TFLite_Detection_PostProcess, "
        "TFLite_Detection_PostProcess:1, TFLite_Detection_PostProcess:2, "
        "TFLite_Detection_PostProcess:3"
    )


def test_a_model_with_two_inputs() -> None:
    runtime = FakeRuntime(POST, blank(POST))
    runtime.inputs = (*runtime.inputs, TensorFacts("size", (2,), "float32", 1.0, 0))
    assert _shape_refusal(POST, runtime) == "model 'ssd-v1-uint8' has 2 inputs, and its card one"


def _small_card(element: str) -> Card:
    return replace(POST, input=replace(POST.input, width_px=32, height_px=32, element=element))


def _plain_file(
    *, element: int = schema.TensorType.FLOAT32, open_sides: tuple[int, ...] = ()
) -> bytes:
    """A file that hands its picture on. open_sides: axes whose size is left open."""
    shape = (1, 32, 32, 3)
    last = (Rectification if open_sides else Reshape)("same", "image", shape)
    written = write_tflite([Input("image", shape), last], {"a": "same"})
    model = schema.ModelT.InitFromPackedBuf(written, 0)
    for tensor in model.subgraphs[0].tensors:
        if tensor.name.decode() in {"image", "same"}:
            tensor.type = element
            tensor.shapeSignature = [-1 if axis in open_sides else shape[axis] for axis in range(4)]
            tensor.shape = [1 if axis in open_sides else shape[axis] for axis in range(4)]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _quantised(scale: float, zero: int) -> FakeRuntime:
    runtime = FakeRuntime(CARD, blank(CARD))
    first = replace(runtime.outputs[0], scale=scale, zero=zero)
    runtime.outputs = (first, *runtime.outputs[1:])
    return runtime


@pytest.mark.parametrize(
    ("scale", "zero", "said"),
    [
        (0.0, 0, "step 0 and zero 0"),
        (-0.1, 0, "step -0.1 and zero 0"),
        (float("nan"), 0, "step nan and zero 0"),
        (float("inf"), 3, "step inf and zero 3"),
        (0.1, 128, "step 0.1 and zero 128"),
    ],
)
def test_a_model_whose_quantisation_means_nothing(scale: float, zero: int, said: str) -> None:
    assert _shape_refusal(CARD, _quantised(scale, zero)) == (
        f"model 'ssd-coco15' stores int8 in 'concat' with {said}, which means nothing"
    )


def test_a_model_that_was_never_quantised_but_stores_whole_numbers(tmp_path: Path) -> None:
    """A real file, in the real runtime: int8 in and out, and no word on what they mean."""
    content = _plain_file(element=schema.TensorType.INT8)
    card = _small_card("int8")
    with pytest.raises(VigieError) as refused:
        Detector(card, open_runtime("litert", content, 1))
    assert refused.value.what == (
        "model 'ssd-v1-uint8' stores int8 in 'image' with step 0 and zero 0, which means nothing"
    )


def test_a_model_whose_picture_has_no_fixed_size() -> None:
    """A real file of a dynamic shape: the runtime gives every open side a size of 1."""
    content = _plain_file(open_sides=(1, 2))
    card = _small_card("float32")
    with pytest.raises(VigieError) as refused:
        Detector(card, open_runtime("litert", content, 1))
    assert refused.value.kind is Kind.INVALID_ARGUMENT
    assert refused.value.what == (
        "model 'ssd-v1-uint8' takes float32 1x1x1x3, and its card says float32 1x32x32x3"
    )


def test_a_model_with_more_outputs_than_its_card_names_is_read_by_name() -> None:
    runtime = FakeRuntime(POST, blank(POST))
    extra = TensorFacts("heatmap", (1, 40, 40, 90), "float32", 1.0, 0)
    runtime.outputs = (extra, *runtime.outputs)
    runtime._answers = (np.full(extra.shape, np.nan, np.float32), *runtime._answers)
    assert len(Detector(POST, runtime).find(np.zeros((300, 300, 3), np.uint8))) == 0


def test_a_model_that_counts_below_nothing_found_nothing() -> None:
    values = blank(POST)
    values["scores"][...], values["count"][...] = 0.9, -3
    found = Detector(POST, FakeRuntime(POST, values)).find(np.zeros((300, 300, 3), np.uint8))
    assert len(found) == 0


def test_a_model_whose_answers_are_no_numbers() -> None:
    values = blank(POST)
    values["boxes"][0, 0, 0] = np.nan
    with pytest.raises(VigieError) as refused:
        Detector(POST, FakeRuntime(POST, values)).find(np.zeros((300, 300, 3), np.uint8))
    assert str(refused.value) == (
        "model 'ssd-v1-uint8' answers with values that are no numbers in output "
        "'TFLite_Detection_PostProcess'\n"
        "  Check it with 'vigie models verify ssd-v1-uint8'; nothing was detected."
    )
