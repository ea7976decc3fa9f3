"""A class's own level is reported as the common one, and the order of its scores stays."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from edge.errors import VigieError
from edge.eye.detector.card import LEVEL, Card
from edge.eye.detector.decoders.head import Candidates
from edge.eye.detector.levels import Levels
from edge.eye.detector.library import CARD_FILE, shipped_cards_dir
from edge.eye.detector.reading import parse_card
from tests.edge.eye.detector.heads import BAG, CAR, PERSON, shipped

PLAIN = dataclasses.replace(shipped("ssd-coco15"), score_min=0.2)
LEVELLED = dataclasses.replace(PLAIN, levels={PERSON: 0.6, CAR: 0.25})
TEXT = (shipped_cards_dir() / "ssd-coco15" / CARD_FILE).read_text()


def candidates(scores: list[float], kind: int) -> Candidates:
    boxes = np.tile(np.array([0.1, 0.1, 0.2, 0.2], np.float32), (len(scores), 1))
    classes = np.full(len(scores), kind, np.uint8)
    return Candidates(boxes, np.array(scores, np.float32), classes)


def moved(card: Card, scores: list[float], kind: int) -> list[float]:
    return [float(one) for one in Levels(card).move(candidates(scores, kind)).scores]


@pytest.mark.parametrize(("kind", "own"), [(PERSON, 0.6), (CAR, 0.25), (BAG, LEVEL)])
def test_a_class_s_own_level_is_reported_as_the_common_one(kind: int, own: float) -> None:
    assert moved(LEVELLED, [own], kind) == pytest.approx([LEVEL])


def test_scores_keep_their_order_and_their_ends() -> None:
    scores = moved(LEVELLED, [0.5, 0.7, 0.9, 1.0], PERSON)
    assert scores == sorted(scores)
    assert scores[-1] == 1.0


def test_what_is_then_too_unsure_is_left_out() -> None:
    # Odds of 0.4, times those of 0.35 through those of 0.6.
    assert moved(LEVELLED, [0.4], PERSON) == []
    assert moved(LEVELLED, [0.4], BAG) == pytest.approx([0.4])


def test_a_decoder_keeps_all_that_may_become_sure_enough() -> None:
    least = Levels(LEVELLED).plain.score_min
    assert moved(LEVELLED, [least], CAR) == pytest.approx([PLAIN.score_min])
    assert least < PLAIN.score_min


def test_a_card_without_levels_is_left_as_it_is() -> None:
    assert Levels(PLAIN).plain is PLAIN
    assert moved(PLAIN, [0.05, 0.4], PERSON) == pytest.approx([0.05, 0.4])


def test_levels_are_read_from_a_card() -> None:
    card = parse_card(f"{TEXT}\n[levels]\nperson = 0.6\n", Path("card.toml"))
    assert card.levels == {PERSON: 0.6}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("person = 1", "[levels] 'person' must be above 0 and below 1"),
        ("persons = 0.5", "did you mean 'person'?"),
    ],
)
def test_levels_that_mean_nothing_are_refused(line: str, said: str) -> None:
    with pytest.raises(VigieError) as refused:
        parse_card(f"{TEXT}\n[levels]\n{line}\n", Path("card.toml"))
    assert said in str(refused.value)
