"""Whatever a model answers, what comes out are boxes; whatever boxes come in, tracks come out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.eye.detections import Detections
from edge.eye.detector.card import Card
from edge.eye.detector.port import Detector
from edge.eye.detector.runtime import TensorFacts, Values
from edge.eye.tracker import Tracker
from tests.edge.eye.detector.heads import blank, shipped
from tests.edge.eye.detector.test_split import split_card
from tests.fakes.runtime import FakeRuntime

LARGEST = float(np.finfo(np.float32).max)
# What a broken float model may write beside noise.
STRANGE = (0.0, -0.0, 1.0, -1.0, 1e-45, 80.0, 1e6, -1e6, 1e30, LARGEST, -LARGEST)
CARDS = {
    "ssd": shipped("ssd-coco15"),
    "ssd, float": None,
    "ssd_post": shipped("ssd-v1-uint8"),
    "yolox": shipped("yolox-nano"),
    "split, centre": split_card("centre", "float32"),
    "split, edges": split_card("edges", "int8"),
}
PICTURE_PX = 32
WORLD_CLASSES = 9


def card_of(name: str) -> Card:
    card = CARDS[name]
    if card is not None:
        return card
    ssd = shipped("ssd-coco15")
    return replace(ssd, outputs=tuple(replace(one, element="float32") for one in ssd.outputs))


class Odd(FakeRuntime):
    """Answers with a step and a zero that a test chooses, where answers are whole numbers."""

    def __init__(self, card: Card, values: dict[str, Values], scale: float, zero: int) -> None:
        super().__init__(card, values)
        self.outputs = tuple(
            one
            if one.element == "float32"
            else TensorFacts(one.name, one.shape, one.element, scale, zero)
            for one in self.outputs
        )


def drawn(card: Card, seed: int, spread: float, strange_part: float) -> dict[str, Values]:
    """Noise of a size, strewn with strange values; whole numbers from end to end."""
    rng = np.random.default_rng(seed)
    values = blank(card)
    for role, answer in values.items():
        if answer.dtype == np.float32:
            noise = (rng.standard_normal(answer.shape) * spread).astype(np.float32)
            is_strange = rng.random(answer.shape) < strange_part
            values[role] = np.where(is_strange, rng.choice(STRANGE, answer.shape), noise).astype(
                np.float32
            )
        else:
            whole = rng.integers(0, 256, answer.shape).astype(np.uint8)
            values[role] = whole.view(np.int8) if answer.dtype == np.int8 else whole
    return values


def check(found: Detections, card: Card) -> None:
    """Boxes of the frame, the most confident first, no more than the card allows."""
    boxes = found.boxes_frac
    assert boxes.shape == (len(found), 4)
    assert [one.dtype.name for one in (boxes, found.scores, found.classes)] == [
        "float32",
        "float32",
        "uint8",
    ]
    assert len(found) <= card.detections_max
    assert ((boxes >= 0) & (boxes <= 1)).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert (np.diff(found.scores) <= 0).all()
    assert ((found.scores >= card.score_min - 1e-3) & (found.scores <= 1)).all()
    assert set(found.classes.tolist()) <= set(card.classes) - {0}


@pytest.mark.parametrize("name", CARDS)
@settings(max_examples=12, deadline=None)
@given(
    noise=st.tuples(
        st.integers(0, 2**32 - 1),
        st.sampled_from([1e-3, 1.0, 30.0, 1e5, 1e37]),
        st.sampled_from([0.0, 0.01, 1.0]),
    ),
    step=st.tuples(st.sampled_from([1e-30, 0.003, 0.1, 7.0, 1e30]), st.integers(-128, 127)),
)
def test_whatever_a_model_answers_is_boxes_or_nothing(
    name: str, noise: tuple[int, float, float], step: tuple[float, int]
) -> None:
    card = card_of(name)
    runtime = Odd(card, drawn(card, *noise), *step)
    picture = np.zeros((PICTURE_PX, PICTURE_PX, 3), np.uint8)
    check(Detector(card, runtime).find(picture), card)


PLACE = st.one_of(st.sampled_from([0.0, 0.5, 0.999998]), st.floats(0, 0.999998))
SIDE = st.one_of(st.sampled_from([2e-6, 1e-4, 1.0]), st.floats(2e-6, 1.0))
BOX = st.tuples(PLACE, PLACE, SIDE, SIDE).map(
    lambda b: (b[0], b[1], min(b[0] + b[2], 1.0), min(b[1] + b[3], 1.0))
)
ROW = st.tuples(BOX, st.floats(0, 1, width=32), st.integers(1, WORLD_CLASSES - 1))
PAUSE_NS = st.sampled_from([0, 1, 100_000_000, 3_000_000_000, 86_400_000_000_000])


def detections(rows: Sequence[tuple[tuple[float, ...], float, int]]) -> Detections:
    return Detections(
        np.array([box for box, _, _ in rows], np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in rows], np.float32),
        np.array([number for _, _, number in rows], np.uint8),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.lists(ROW, max_size=20), PAUSE_NS), max_size=12))
def test_whatever_boxes_come_in_tracks_are_places_with_numbers(
    looks: list[tuple[list[tuple[tuple[float, ...], float, int]], int]],
) -> None:
    """Boxes of next to no area, of the whole frame, one on the other; looks a day apart."""
    tracker, now_ns = Tracker(), 0
    for rows, pause_ns in looks:
        now_ns += pause_ns
        tracks = tracker.update(detections(rows), now_ns)
        numbers: npt.NDArray[np.int64] = tracks.numbers
        assert len(set(numbers.tolist())) == len(numbers)
        assert np.isfinite(tracks.boxes_frac).all()
        assert np.isfinite(tracks.travel_frac).all()
        assert np.isfinite(tracks.ways_frac).all()
        assert set(tracks.classes.tolist()) <= set(range(1, WORLD_CLASSES))


def test_a_crowd_that_fills_the_frame_a_hundred_times_is_tracked() -> None:
    """As many boxes as any card allows, each the whole frame, each look."""
    whole = detections([((0.0, 0.0, 1.0, 1.0), 0.9, 1)] * 1000)
    tracker = Tracker()
    for look in range(3):
        tracks = tracker.update(whole, look * 100_000_000)
    assert 0 < len(tracks) <= len(whole)
