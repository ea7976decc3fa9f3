"""Boxes go where their pixels go, whatever is done to a picture."""

import cv2
import numpy as np
import pytest

from tests.tools.training.samples import truths
from tools.training.classes import CAR
from tools.training.compose import make_composer
from tools.training.manifest import Augmentation
from tools.training.placing import Bgr, Window, clip, fit, mirror, place, shear
from tools.training.shelf import Item
from tools.training.truths import Truths
from tools.training.weather import disturb

BOX = (CAR, 40.0, 20.0, 80.0, 60.0)
NEVER = Augmentation(
    mosaic=0, zoom_min=0.3, zoom_max=1.5, paste=0, flip=0, shear=0, night=0, rain=0, haze=0,
    glare=0, blur=0, noise=0, jpeg=0, colour=0, scenes=0,
)  # fmt: skip
ALWAYS = Augmentation(
    mosaic=0.5, zoom_min=0.3, zoom_max=1.5, paste=1, flip=1, shear=1, night=1, rain=1, haze=1,
    glare=1, blur=1, noise=1, jpeg=1, colour=1, scenes=0, decoys=1,
)  # fmt: skip


def drawn() -> tuple[Bgr, Truths]:
    """A white square on black, and its box."""
    picture = np.zeros((100, 120, 3), np.uint8)
    picture[20:60, 40:80] = 255
    return picture, truths(BOX)


def white_box(picture: Bgr) -> list[int]:
    rows, columns = np.nonzero(picture[:, :, 0] > 200)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def item(*, is_held_out: bool = False) -> Item:
    picture, boxes = drawn()
    _, coded = cv2.imencode(".jpg", picture)
    return Item("set/a.jpg", np.asarray(coded).ravel(), 1.0, is_held_out, boxes)


@pytest.mark.parametrize("scale", [(0.4, 0.4), (1.0, 1.0), (1.7, 1.3)])
def test_a_placed_box_holds_its_thing(scale: tuple[float, float]) -> None:
    canvas = np.zeros((240, 240, 3), np.uint8)
    moved = place(canvas, Window(0, 0, 240, 240), drawn(), scale, (15.0, 25.0))
    assert moved.boxes[0] == pytest.approx(white_box(canvas), abs=1.6)


def test_a_window_of_the_canvas_cuts_picture_and_box() -> None:
    canvas = np.zeros((100, 120, 3), np.uint8)
    moved = place(canvas, Window(0, 0, 60, 100), drawn(), (1.0, 1.0), (0.0, 0.0))
    assert white_box(canvas) == [40, 20, 60, 60]
    assert moved.boxes[0].tolist() == [40, 20, 60, 60]
    assert not moved.ignored[0]


def test_a_mirrored_and_a_leant_box_hold_their_thing() -> None:
    picture, boxes = mirror(*drawn())
    assert boxes.boxes[0].tolist() == white_box(picture)
    leant, slanted = shear(*drawn(), 0.1)
    assert slanted.boxes[0] == pytest.approx(white_box(leant), abs=2.5)


def test_the_detectors_own_fit_keeps_the_aspect_from_the_top_left() -> None:
    picture, boxes = fit(drawn(), 60, 64)
    assert boxes.boxes[0] == pytest.approx([20, 10, 40, 30])
    assert picture[60, 30].tolist() == [114, 114, 114]


def test_what_is_mostly_outside_is_left_open_and_a_trace_is_forgotten() -> None:
    window = Window(0, 0, 52, 100)
    assert clip(truths(BOX), window).ignored.tolist() == [True]
    assert len(clip(truths(BOX), Window(0, 0, 42, 100)).boxes) == 0


def test_composing_is_the_same_for_the_same_chance() -> None:
    composer = make_composer([item()], ALWAYS)
    first, again = (composer.compose(96, 64, np.random.default_rng((1, 2))) for _ in range(2))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1].boxes, again[1].boxes)


def test_composed_boxes_hold_their_things() -> None:
    composer = make_composer([item()], NEVER)
    for number in range(12):
        picture, boxes = composer.compose(128, 128, np.random.default_rng(number))
        if len(boxes.boxes) and not boxes.ignored[0] and (picture > 230).any():
            assert boxes.boxes[0] == pytest.approx(
                white_box(np.where(picture > 230, 255, 0)), abs=3
            )


def test_nothing_held_out_is_ever_drawn() -> None:
    composer = make_composer([item(is_held_out=True), item()], ALWAYS)
    assert [one.is_held_out for one in composer.items] == [False]


def test_weather_changes_pixels_and_keeps_the_form() -> None:
    picture, _ = drawn()
    changed = disturb(picture, ALWAYS, np.random.default_rng(3))
    assert changed.shape == picture.shape
    assert changed.dtype == np.uint8
    assert not np.array_equal(changed, picture)
    assert np.array_equal(disturb(picture, NEVER, np.random.default_rng(3)), picture)
