"""One contract for both runtimes, with real models: the same things in the same places."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.eye.detector import Library, load
from tests.edge.eye.detector.asking import RUNTIMES, Answer, ask
from tests.edge.eye.detector.heads import ANIMAL, MOTORCYCLE, PERSON

# Pictures of the shared set, and what every model here is sure to see in them.
SCENES = {
    "000000007816.jpg": {PERSON, MOTORCYCLE},
    "000000012748.jpg": {PERSON, ANIMAL},
}
FILES = {
    "ssd-coco15": "ssd_mobilenet_v2_coco15_int8.tflite",
    "ssd-v1-uint8": "ssd_mobilenet_v1_coco_uint8_post.tflite",
}
SURE = 0.6


@pytest.fixture(scope="module")
def models_dir(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared models, put where the shipped cards look for them."""
    folder = tmp_path_factory.mktemp("models")
    for name, file in FILES.items():
        (folder / name).mkdir()
        shutil.copyfile(shared_dir / "models" / file, folder / name / f"{name}.tflite")
    return folder


@pytest.fixture(scope="module")
def pictures(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The scenes at the input's size, as arrays, since OpenCV versions shrink differently."""
    folder = tmp_path_factory.mktemp("pictures")
    written = {}
    for name in SCENES:
        read = cv2.imread(str(shared_dir / "data" / "eval" / "pictures" / "coco" / name))
        assert read is not None
        written[name] = folder / f"{name}.npy"
        np.save(written[name], np.ascontiguousarray(cv2.resize(read, (300, 300))[:, :, ::-1]))
    return written


def _ask(
    repository: Path, runtime: str, models_dir: Path, name: str, pictures: dict[str, Path]
) -> dict[str, Answer]:
    answers = ask(repository, runtime, models_dir, name, list(pictures.values()))
    return dict(zip(pictures, answers, strict=True))


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", FILES)
def test_a_runtime_finds_what_is_in_a_picture(
    name: str, runtime: str, repository: Path, models_dir: Path, pictures: dict[str, Path]
) -> None:
    for picture, answer in _ask(repository, runtime, models_dir, name, pictures).items():
        sure = {
            number for number, score in zip(answer.classes, answer.scores, strict=True)
            if score > SURE
        }  # fmt: skip
        assert SCENES[picture] <= sure
        assert answer.boxes.min() >= 0
        assert answer.boxes.max() <= 1
        assert (np.diff(answer.scores) <= 0).all()
        assert (answer.boxes[:, 2:] >= answer.boxes[:, :2]).all()


@pytest.mark.parametrize("name", FILES)
def test_both_runtimes_agree_on_the_sure_things(
    name: str, repository: Path, models_dir: Path, pictures: dict[str, Path]
) -> None:
    ours = _ask(repository, "litert", models_dir, name, pictures)
    theirs = _ask(repository, "tflite-runtime", models_dir, name, pictures)
    for picture in pictures:
        assert ours[picture].classes[:2] == theirs[picture].classes[:2]
        np.testing.assert_allclose(ours[picture].boxes[:2], theirs[picture].boxes[:2], atol=0.03)
        np.testing.assert_allclose(ours[picture].scores[:2], theirs[picture].scores[:2], atol=0.08)


def test_the_models_agree_with_each_other_on_the_best_box_of_a_person(
    models_dir: Path, pictures: dict[str, Path]
) -> None:
    library = Library(models_dir)
    picture = np.load(pictures["000000012748.jpg"])
    best = []
    for name in FILES:
        found = load(library.card(name), library).find(picture)
        best.append(found.boxes_frac[int(np.argmax(found.classes == PERSON))])
    np.testing.assert_allclose(best[0], best[1], atol=0.1)


def test_the_same_picture_gives_the_same_bytes_twice(
    models_dir: Path, pictures: dict[str, Path]
) -> None:
    library = Library(models_dir)
    detector = load(library.card("ssd-coco15"), library)
    picture = np.load(pictures["000000007816.jpg"])
    first, second = detector.find(picture), detector.find(picture)
    assert first.boxes_frac.tobytes() == second.boxes_frac.tobytes()
    assert first.scores.tobytes() == second.scores.tobytes()


def test_nearly_all_of_the_default_runs_on_the_fast_path(models_dir: Path) -> None:
    library = Library(models_dir)
    detector = load(library.card("ssd-coco15"), library)
    assert detector.operators_total == 111
    # The last joining of the scores and of the boxes stay outside.
    assert detector.operators_outside_delegate is not None
    assert detector.operators_outside_delegate <= 2
