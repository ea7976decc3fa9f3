"""From glances back to the frame: one box a thing, none that a seam cut."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.eye.attention.crop import Canvas, Crop, Glance
from edge.eye.attention.merge import looked_at, merge
from edge.eye.attention.plan import whole_crop
from edge.eye.detections import Detections
from tests.edge.eye.drawn import found

FRAME = (1000, 500)
CANVAS = Canvas(200, 200, keeps_aspect=False, tall_px=40)
Box = tuple[float, float, float, float]
# Two crops at native sharpness that overlap by 60 pixels, each in a picture of its own.
LEFT, RIGHT = Crop(100, 100, 200, 200, 0, 0, 200, 200), Crop(240, 100, 200, 200, 0, 0, 200, 200)


def seen_by(crop: Crop, things: list[Box]) -> Detections:
    """What a faultless detector says of a crop: each thing, cut at the crop's edges."""
    boxes = []
    for left, top, right, bottom in things:
        edges = (
            max(left, crop.left_px) - crop.left_px,
            max(top, crop.top_px) - crop.top_px,
            min(right, crop.left_px + crop.width_px) - crop.left_px,
            min(bottom, crop.top_px + crop.height_px) - crop.top_px,
        )
        if edges[2] - edges[0] > 4 and edges[3] - edges[1] > 4:
            placed = [
                (crop.x_px + edges[0] * crop.placed_width_px / crop.width_px) / CANVAS.width_px,
                (crop.y_px + edges[1] * crop.placed_height_px / crop.height_px) / CANVAS.height_px,
                (crop.x_px + edges[2] * crop.placed_width_px / crop.width_px) / CANVAS.width_px,
                (crop.y_px + edges[3] * crop.placed_height_px / crop.height_px) / CANVAS.height_px,
            ]
            boxes.append((placed[0], placed[1], placed[2], placed[3]))
    return found(*boxes)


def merged(
    glances: list[Glance], things: list[Box]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    answers = []
    for glance in glances:
        parts = [seen_by(crop, things) for crop in glance]
        answers.append(
            Detections(
                np.concatenate([part.boxes_frac for part in parts]),
                np.concatenate([part.scores for part in parts]),
                np.concatenate([part.classes for part in parts]),
            )
        )
    return merge(glances, answers, FRAME, CANVAS).boxes_frac * np.array(FRAME * 2, np.float32)


def test_what_two_crops_show_is_one_box() -> None:
    person = (250.0, 150.0, 280.0, 230.0)
    assert np.allclose(merged([(LEFT,), (RIGHT,)], [person]), [person], atol=0.1)


def test_where_two_crops_show_a_thing_its_box_lies_between_and_nearer_to_the_surer() -> None:
    low = found((0.2, 0.30, 0.3, 0.70), score=0.4)
    high = found((0.2, 0.26, 0.3, 0.66), score=0.8)
    whole = (whole_crop(FRAME, CANVAS),)
    both = merge([whole, whole], [low, high], FRAME, CANVAS)
    assert len(both) == 1
    assert 0.66 < both.boxes_frac[0, 3] < 0.68
    assert both.scores[0] == np.float32(0.8)


def test_a_thing_of_another_class_moves_no_box() -> None:
    person = found((0.2, 0.30, 0.3, 0.70), score=0.4)
    bag = replace(found((0.2, 0.26, 0.3, 0.66), score=0.8), classes=np.array([7], np.uint8))
    twice = found((0.2, 0.30, 0.3, 0.70), score=0.3)
    whole = (whole_crop(FRAME, CANVAS),)
    all_three = merge([whole] * 3, [person, bag, twice], FRAME, CANVAS)
    assert np.allclose(all_three.boxes_frac, [(0.2, 0.26, 0.3, 0.66), (0.2, 0.30, 0.3, 0.70)])


def test_what_a_seam_cuts_is_taken_from_the_crop_that_has_it_whole() -> None:
    person = (280.0, 150.0, 320.0, 230.0)
    assert np.allclose(merged([(LEFT,), (RIGHT,)], [person]), [person], atol=0.1)
    assert len(merged([(LEFT,)], [person])) == 0


def test_at_the_frames_own_edge_nothing_is_cut() -> None:
    corner = Crop(0, 0, 200, 200, 0, 0, 200, 200)
    person = (0.0, 0.0, 30.0, 80.0)
    assert np.allclose(merged([(corner,)], [person]), [person], atol=0.1)


def test_a_group_in_the_whole_frame_gives_way_to_the_people_of_a_sharper_crop() -> None:
    whole = whole_crop(FRAME, CANVAS)
    people = [(150.0, 150.0, 180.0, 230.0), (185.0, 150.0, 215.0, 230.0)]
    group = (150 / 1000, 150 / 500, 215 / 1000, 230 / 500)
    answers = [found(group, score=0.95), seen_by(LEFT, people)]
    boxes = merge([(whole,), (LEFT,)], answers, FRAME, CANVAS).boxes_frac
    assert np.allclose(sorted((boxes * np.array(FRAME * 2)).tolist()), people, atol=0.1)


def test_a_person_does_not_give_way_to_doubtful_specks_within() -> None:
    whole = whole_crop(FRAME, CANVAS)
    person = (150 / 1000, 150 / 500, 215 / 1000, 230 / 500)
    specks = seen_by(LEFT, [(152.0, 160.0, 160.0, 180.0), (170.0, 190.0, 190.0, 215.0)])
    doubtful = Detections(specks.boxes_frac, specks.scores * np.float32(0.3), specks.classes)
    found_all = merge([(whole,), (LEFT,)], [found(person), doubtful], FRAME, CANVAS)
    assert np.allclose(found_all.boxes_frac[0], person, atol=1e-3)


PEOPLE = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(20, 60)),
    max_size=8,
    unique_by=lambda p: (p[0], p[1]),
).map(
    lambda rows: [
        (32.0 * x, 70.0 * y, 32.0 * x + 24, min(500.0, 70.0 * y + height)) for x, y, height in rows
    ]
)


@settings(max_examples=100, deadline=None)
@given(PEOPLE, st.integers(100, 200), st.integers(60, 90))
def test_tiles_with_overlap_find_each_person_once(
    people: list[Box], window: int, overlap: int
) -> None:
    window -= window % 2
    starts_x = sorted({*range(0, FRAME[0] - window, window - overlap), FRAME[0] - window})
    starts_y = sorted({*range(0, FRAME[1] - window, window - overlap), FRAME[1] - window})
    glances: list[Glance] = [
        (Crop(x - x % 2, y - y % 2, window, window, 0, 0, window, window),)
        for y in starts_y for x in starts_x
    ]  # fmt: skip
    boxes = merged(glances, people)
    assert len(boxes) <= len(people), "somebody has two boxes"
    looked = looked_at(glances, FRAME, CANVAS)
    corners = np.array(people, np.float32).reshape(-1, 4).T / np.tile(FRAME, 2)[:, None]
    is_sure = looked.covers(corners.astype(np.float32))
    for person, is_covered in zip(people, is_sure.tolist(), strict=True):
        if is_covered:
            assert np.abs(boxes - np.array(person)).max(axis=1).min() < 5


def test_what_no_crop_can_show_any_larger_is_missed_and_what_one_could_is_not() -> None:
    """Or what is gone, and was small, would be followed and sought for ever."""
    small = np.array([[0.30], [0.40], [0.31], [0.42]], np.float32)
    for placed, is_missed in ((200, False), (440, True)):
        crop = Crop(250, 150, 200, 200, 0, 0, placed, placed)
        assert looked_at([(crop,)], FRAME, Canvas(440, 440, True, 64)).covers(small) == is_missed
