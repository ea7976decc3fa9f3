"""Shipped detectors say of drawn streets what they said at their release, on every runtime."""

from pathlib import Path

import numpy as np
import pytest

from edge.eye.detector import Library
from edge.eye.detector.library import State, shipped_cards_dir
from tests.edge.eye.detector.asking import RUNTIMES, Answer, ask
from tools.training.boxes import overlaps
from tools.training.golden import GOLDEN_FILE, SCORE_MIN, Golden, draw_golden, read_golden

SHIPPED = sorted(path.parent.name for path in shipped_cards_dir().glob(f"*/{GOLDEN_FILE}"))
# Kernels round differently: so far scores and boxes may lie from each other.
SCORE_APART, OVERLAP_MIN = 0.1, 0.75


@pytest.fixture(scope="module", params=SHIPPED)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def pictures(name: str, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("drawn")
    card = Library(folder).card(name)
    written = []
    for one in read_golden(card.path.parent):
        size = card.input.width_px, card.input.height_px
        written.append(folder / f"{one.seed}-{one.number}.npy")
        np.save(written[-1], draw_golden(one.seed, one.number, *size))
    return written


def check_in(golden: Golden, answer: Answer, score_min: float) -> None:
    """Every box of the golden answer above a score is in another answer too."""
    assert len(golden.scores)
    boxes = np.array(golden.boxes, np.float32).reshape(-1, 4)
    for box, score, kind in zip(boxes, golden.scores, golden.classes, strict=True):
        if score >= score_min:
            is_like = np.array(answer.classes) == kind
            is_like &= np.abs(answer.scores - score) <= SCORE_APART
            is_like &= overlaps(box[None], answer.boxes)[0] >= OVERLAP_MIN
            assert is_like.any(), (golden.seed, golden.number, kind, score, box)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_runtime_says_of_drawn_streets_what_was_said_at_release(
    name: str, runtime: str, repository: Path, pictures: list[Path]
) -> None:
    folder = shipped_cards_dir() / name
    answers = ask(repository, runtime, pictures[0].parent, name, pictures)
    for golden, answer in zip(read_golden(folder), answers, strict=True):
        check_in(golden, answer, SCORE_MIN + SCORE_APART)
        said = Golden(
            golden.seed, golden.number, answer.boxes.tolist(), answer.scores.tolist(),
            answer.classes,
        )  # fmt: skip
        was = Answer(
            np.array(golden.boxes, np.float32), np.array(golden.scores, np.float32),
            list(golden.classes),
        )  # fmt: skip
        check_in(said, was, SCORE_MIN + SCORE_APART)


def test_a_shipped_detector_is_there_without_a_build(name: str, tmp_path: Path) -> None:
    library = Library(tmp_path)
    card = library.card(name)
    assert library.state(card) is State.SHIPPED
    assert library.model_path(card).parent == card.path.parent
