"""A small uneven net from ONNX to int8: layer by layer the same, evened, loaded like any other."""

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the environment that trains (make train-test)")

import torch

from edge.builder.adding import add_model
from edge.builder.layers import Addition, Convolution, Layer, Logistic
from edge.builder.quantiser import Ranges, quantise
from edge.builder.tflite_writer import write_tflite
from edge.eye.detector import Library, load
from edge.eye.detector.library import CARD_FILE
from edge.eye.detector.reading import read_card
from tests.tools.quantising.nets import CARD, SIDE_PX, tiny
from tools.quantising.bounds import choose_ranges
from tools.quantising.channels import find_smooth, number_channels, sources_of
from tools.quantising.checking import check_layers, losses
from tools.quantising.evening import EVEN, Evened, Floats, even_channels
from tools.quantising.learning import Begun, learn
from tools.quantising.observing import LookedInto, observe
from tools.quantising.onnx_net import Net, read_net
from tools.quantising.rounded_net import RoundedNet
from tools.training.wiring import Level

KEPT = (0, 2, 3, 4)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny().write(tmp_path_factory.mktemp("model") / "tiny.onnx")


@pytest.fixture(scope="module")
def net(model: Path) -> Net:
    return read_net(model, is_bgr=True, kept_classes=KEPT)


def drawn(count: int) -> list[Floats]:
    """Pictures of a few blots, as our files take them: RGB, NHWC, whole numbers to 255."""
    rng = np.random.default_rng(3)
    small = rng.integers(0, 256, (count, 8, 8, 3)).astype(np.float32)
    large = (cv2.resize(one, (SIDE_PX, SIDE_PX)) for one in small)
    return [np.asarray(np.round(one), np.float32)[np.newaxis] for one in large]


def as_onnx(picture: Floats) -> Floats:
    """The same one as BGR, NCHW."""
    return np.ascontiguousarray(picture[..., ::-1].transpose(0, 3, 1, 2))


def evened(net: Net) -> Evened:
    plain = write_tflite(net.layers, net.outputs)
    observed = observe(plain, net.layers, drawn(12), lambda _done, _total: None)
    return even_channels(net.layers, list(net.outputs.values()), observed)


def left_at_the_heads(net: Net, *, is_evened: bool) -> list[float]:
    """Decibels that int8 leaves of each head."""
    plain = write_tflite(net.layers, net.outputs)
    observed = observe(plain, net.layers, drawn(12), lambda _done, _total: None)
    names = list(net.outputs.values())
    made = even_channels(net.layers, names, observed)
    if not is_evened:
        made = Evened(net.layers, {}, ())
    whole = write_tflite(made.layers, net.outputs)
    ranges = choose_ranges(made.layers, made.factors, observed, pixels=(0, 255), logits=names)
    content = quantise(whole, ranges)
    shown = [(one, (one - 128).astype(np.int8)) for one in drawn(20)[12:]]
    lost = losses((whole, content), made.layers, made.factors, shown)
    return [one.left_db for one in lost if one.name in names]


def test_every_layer_is_that_of_onnx_runtime(model: Path, net: Net) -> None:
    picture = drawn(1)[0]
    content = write_tflite(net.layers, net.outputs)
    found = check_layers(model, net, content, {}, (as_onnx(picture), picture))
    assert len(found) > 40
    assert max(one.apart for one in found) < 1e-3


def test_evening_changes_nothing_but_the_size_of_channels(model: Path, net: Net) -> None:
    picture, made = drawn(1)[0], evened(net)
    content = write_tflite(made.layers, net.outputs)
    found = check_layers(model, net, content, made.factors, (as_onnx(picture), picture))
    assert max(one.apart for one in found) < 1e-3
    assert sum(one.is_evened for one in made.judged) >= 3


def test_only_the_logistic_function_sees_what_was_before_evening(net: Net) -> None:
    made = evened(net)
    backs = {layer.name for layer in made.layers if layer.name.endswith(EVEN)}
    assert len(backs) == sum(one.is_evened for one in made.judged)
    for layer in made.layers:
        if getattr(layer, "source", None) in backs:
            assert isinstance(layer, Logistic)


def test_evening_wins_back_what_int8_loses_of_uneven_channels(net: Net) -> None:
    """In the mean over the heads, in decibels."""
    plain = left_at_the_heads(net, is_evened=False)
    even = left_at_the_heads(net, is_evened=True)
    assert float(np.mean(plain)) < 10
    assert float(np.mean(even)) > float(np.mean(plain)) + 6


def test_a_sum_makes_channels_one_and_what_answers_is_never_scaled(net: Net) -> None:
    channels = number_channels(net.layers, net.outputs.values())
    (added,) = (layer for layer in net.layers if isinstance(layer, Addition))
    assert (channels.of(added.left) == channels.of(added.right)).all()
    for name in net.outputs.values():
        assert not channels.of(name).any()


def test_what_is_enlarged_keeps_its_channels(net: Net) -> None:
    channels = number_channels(net.layers, net.outputs.values())
    (large,) = (one for one in net.layers if one.name.startswith("resize") and "/" not in one.name)
    (twice,) = (one for one in net.layers if one.name == f"{large.name}/twice")
    assert (channels.of(large.name) == channels.of(sources_of(twice)[0])).all()
    assert len(set(channels.of(large.name).tolist())) == large.shape[3]


def test_every_activation_is_seen_as_one(net: Net) -> None:
    found = find_smooth(net.layers)
    assert len(found) == sum(isinstance(layer, Logistic) for layer in net.layers)


def test_classes_that_nobody_uses_are_cut_off(net: Net) -> None:
    by_name = {layer.name: layer for layer in net.layers}
    for head in net.heads:
        last = by_name[head.classes]
        assert isinstance(last, Convolution)
        assert len(last.weights) == len(last.bias) == last.shape[3] == len(KEPT)


def test_the_program_makes_what_a_device_loads(
    tmp_path: Path, model: Path, repository: Path
) -> None:
    """From the card of an ONNX file and a folder of pictures to boxes found by the loader."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    content = model.read_bytes()
    (folder / "tiny.onnx").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (folder / CARD_FILE).write_text(CARD.format(sha256=digest, size_bytes=len(content)))
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, picture in enumerate(drawn(20)):
        cv2.imwrite(str(pictures / f"{number:02d}.png"), np.repeat(picture[0], 2, axis=1))
    done = subprocess.run(
        [sys.executable, "tools/quantize", str(folder), "--pictures", str(pictures), "--out",
         str(tmp_path / "out"), "--count", "12"],
        cwd=repository, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "layers are those of ONNX Runtime" in done.stderr
    made = tmp_path / "out" / "tiny-int8"
    card = read_card(made / CARD_FILE)
    assert card.licence == "Apache-2.0"
    assert digest in card.source
    assert len(card.classes) == len(KEPT)
    library = Library(tmp_path / "models")
    add_model(str(made / card.file), card.sha256, made / CARD_FILE, library, print)
    detector = load(library.card("tiny-int8"), library)
    found = detector.find(np.full((90, 120, 3), 90, np.uint8))
    assert len(found) > 0
    assert detector.operators_outside_delegate == 0


def as_layers_make_it(net: RoundedNet, picture: Floats) -> dict[str, Floats]:
    with torch.no_grad():
        return {name: value.numpy() for name, value in net(torch.from_numpy(picture)).items()}


def test_layers_in_torch_make_what_the_float_file_makes(net: Net) -> None:
    made, picture = evened(net), drawn(1)[0]
    run = LookedInto(write_tflite(made.layers, net.outputs))
    run.run(picture)
    values = as_layers_make_it(RoundedNet(made.layers), picture)
    kinds = {type(layer).__name__ for layer in made.layers}
    assert {"MaxPool", "Pad", "Reshape", "Concatenation", "Addition", "Product"} <= kinds
    for layer in made.layers:
        wanted = run.real(layer.name)
        assert np.abs(values[layer.name] - wanted).max() <= 1e-3 * wanted.std() + 1e-5, layer.name


def quantised(net: Net, layers: Sequence[Layer], ranges: Ranges) -> bytes:
    return quantise(write_tflite(layers, net.outputs), ranges)


def ranges_of(net: Net, made: Evened) -> Ranges:
    plain, names = write_tflite(net.layers, net.outputs), list(net.outputs.values())
    observed = observe(plain, net.layers, drawn(12), lambda _done, _total: None)
    return choose_ranges(made.layers, made.factors, observed, pixels=(0, 255), logits=names)


def test_layers_in_torch_round_as_the_int8_file_does(net: Net) -> None:
    made, picture = evened(net), drawn(14)[13]
    rounded = RoundedNet(made.layers, ranges_of(net, made))
    ranges = rounded.ranges()
    run = LookedInto(quantised(net, made.layers, ranges))
    run.run((picture - 128).astype(np.int8))
    stored = {layer.name: torch.from_numpy(run.real(layer.name)) for layer in made.layers}
    for layer in made.layers[1:]:
        low, high = ranges[layer.name]
        with torch.no_grad():
            apart = (rounded.make(layer, stored) - stored[layer.name]).abs()
        # Where a value lies between two steps both are right.
        assert apart.mean() <= 0.2 * (high - low) / 255, layer.name


def test_training_on_as_int8_rounds_brings_the_answers_nearer_to_the_floats(net: Net) -> None:
    made = evened(net)
    seen: list[int] = []
    learned = learn(
        [Level(one.boxes, one.objectness, one.classes) for one in net.heads],
        Begun(made.layers, ranges_of(net, made)),
        drawn(12),
        60,
        lambda done, _: seen.append(done),
    )
    assert seen == list(range(1, 60 + 2 * 3 + 1))
    # How much nearer depends on the order of the sums, so on threads and processor.
    assert 0 < learned.after < 0.95 * learned.before
    # And so does the file, on pictures that nothing was learned from.
    whole = write_tflite(made.layers, net.outputs)
    shown = [(one, (one - 128).astype(np.int8)) for one in drawn(30)[12:]]
    left = []
    for layers, ranges in (
        (made.layers, ranges_of(net, made)),
        (learned.layers, learned.ranges),
    ):
        lost = losses((whole, quantised(net, layers, ranges)), made.layers, made.factors, shown)
        left.append(np.mean([one.left_db for one in lost if one.name in net.outputs.values()]))
    assert left[1] > left[0]
