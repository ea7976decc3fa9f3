"""A head of three tensors a stride: the same boxes as YOLOX's joined one, or edges."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from edge.errors import Kind, VigieError
from edge.eye.detector.card import Card
from edge.eye.detector.decoders.split import make_split
from edge.eye.detector.decoders.yolox import make_yolox
from edge.eye.detector.library import CARD_FILE, shipped_cards_dir
from edge.eye.detector.reading import parse_card
from edge.eye.detector.runtime import Answer, Values
from tests.edge.eye.detector.heads import CAR, PERSON, answers, blank, shipped

JOINED = shipped("yolox-nano")
STRIDES = (8, 16, 32)
OUTPUT = """
[[outputs]]
role = "{kind}_{stride}"
name = "{kind}_{stride}"
shape = [1, {cells}, {cells}, {values}]
type = "{element}"
"""


def text_of(box_code: str = "centre", element: str = "float32") -> str:
    """YOLOX nano's card with its head split."""
    text = (shipped_cards_dir() / "yolox-nano" / CARD_FILE).read_text()
    first, last = text.index("[[outputs]]"), text.index("[decoder]")
    outputs = "".join(
        OUTPUT.format(kind=kind, stride=stride, cells=416 // stride, values=values, element=element)
        for stride in STRIDES
        for kind, values in (("boxes", 4), ("objectness", 1), ("classes", 80))
    )
    head = f'name = "split"\nbox_code = "{box_code}"'
    return text[:first] + outputs + text[last:].replace('name = "yolox"', head)


def split_card(box_code: str = "centre", element: str = "float32") -> Card:
    return parse_card(text_of(box_code, element), Path("card.toml"))


def test_a_split_head_gives_the_boxes_of_the_joined_one() -> None:
    rng = np.random.default_rng(7)
    card = dataclasses.replace(split_card(), score_min=0.3)
    values: dict[str, Values] = {
        role: rng.normal(-1, 1.5, stored.shape).astype(np.float32)
        for role, stored in blank(card).items()
    }
    levels = []
    for stride in STRIDES:
        boxes, objectness, classes = (
            values[f"{kind}_{stride}"].reshape(-1, count)
            for kind, count in (("boxes", 4), ("objectness", 1), ("classes", 80))
        )
        scores = [1 / (1 + np.exp(-logits)) for logits in (objectness, classes)]
        levels.append(np.concatenate([boxes, *scores], axis=1))
    grid: dict[str, Values] = {"grid": np.concatenate(levels).astype(np.float32)[None]}
    wanted = make_yolox(dataclasses.replace(JOINED, score_min=0.3))(answers(grid))
    found = make_split(card)(answers(values))
    assert len(found.scores) == len(wanted.scores) == 400
    order, reference = np.argsort(-found.scores), np.argsort(-wanted.scores)
    np.testing.assert_allclose(found.scores[order], wanted.scores[reference], rtol=1e-4)
    np.testing.assert_allclose(found.boxes[order], wanted.boxes[reference], atol=1e-4)


def test_each_tensor_is_read_with_its_own_scale() -> None:
    card = split_card(element="int8")
    stored = {role: Answer(values, 0.1, 0) for role, values in blank(card, -100).items()}
    stored["boxes_16"] = Answer(np.zeros((1, 26, 26, 4), np.int8), 0.5, -2)
    stored["objectness_16"].values[0, 3, 5, 0] = 40
    stored["classes_16"].values[0, 3, 5, 2] = 20
    found = make_split(card)(stored)
    assert found.classes.tolist() == [CAR]
    np.testing.assert_allclose(found.scores, [1 / (1 + np.exp(-4)) / (1 + np.exp(-2))], rtol=1e-4)
    # All four values mean 1: the centre of the next cell's corner, sides of e strides.
    middle, half = np.array([6, 4]) * 16, np.e * 8
    np.testing.assert_allclose(found.boxes * 416, [[*(middle - half), *(middle + half)]], rtol=1e-4)


def test_edges_are_distances_from_the_cells_middle() -> None:
    card = split_card("edges")
    values = blank(card, -9)
    values["objectness_8"][0, 2, 4, 0] = 9
    values["classes_8"][0, 2, 4, 0] = 9
    values["boxes_8"][0, 2, 4] = [1, 2, 3, 4]
    found = make_split(card)(answers(values))
    assert found.classes.tolist() == [PERSON]
    np.testing.assert_allclose(found.boxes * 416, [[28, 4, 60, 52]], rtol=1e-4)


def test_an_endless_side_is_no_number_that_overflows() -> None:
    card = split_card()
    values = blank(card, 1000)
    assert np.isfinite(make_split(card)(answers(values)).boxes).all()


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("boxes_8", "boxes_4", "decoder split needs the outputs boxes_16, "),
        ("shape = [1, 52, 52, 80]", "shape = [1, 52, 52, 79]", "needs 2704 x 80 values"),
        ('"centre"', '"middle"', "'box_code' must be one of centre, edges, and is 'middle'"),
        ('role = "boxes_8"', 'role = "boxes_"', "'role' must be boxes, scores, classes, count"),
    ],
)
def test_a_split_card_that_is_wrong_is_refused(before: str, after: str, what: str) -> None:
    with pytest.raises(VigieError) as refused:
        parse_card(text_of().replace(before, after), Path("card.toml"))
    assert refused.value.kind is Kind.INVALID_ARGUMENT
    assert what in refused.value.what
