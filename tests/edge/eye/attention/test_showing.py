"""A crowd is shown with what is around it where there is room; nothing gets smaller for it."""

import numpy as np

from edge.eye.attention.crop import Canvas
from edge.eye.attention.plan import plan
from edge.eye.attention.showing import SHOWINGS, Showing, showings_to_try, shown
from edge.eye.attention.wants import Wants

FRAME = (1920, 1080)
CANVAS = Canvas(608, 352, keeps_aspect=True, clear_px=26)
PICTURE_PX = 608 * 352
AROUND, TALL = Showing(1.0, 0.5), Showing(1.0, 0.0)
# Two who walk side by side, and one by himself.
PEOPLE = (
    (400.0, 400.0, 460.0, 520.0),
    (440.0, 400.0, 500.0, 520.0),
    (1400.0, 400.0, 1460.0, 520.0),
)


def wants_of(*boxes: tuple[float, float, float, float]) -> Wants:
    count = len(boxes)
    return Wants(
        np.array(boxes, np.float32), np.full(count, 100, np.float32), np.full(count, 2, np.float32)
    )


def test_who_stands_alone_needs_no_surroundings() -> None:
    wants = wants_of(*PEOPLE)
    assert wants.are_crowded().tolist() == [True, True, False]
    wider, _ = shown(wants, AROUND, FRAME, CANVAS)
    assert wider.boxes_px[0].tolist() == [350, 350, 510, 570]
    assert wider.boxes_px[2].tolist() == list(PEOPLE[2])


def test_surroundings_make_nothing_smaller_and_leave_the_frame_nowhere() -> None:
    close = wants_of((0.0, 0.0, 900.0, 540.0), (0.0, 0.0, 60.0, 120.0))
    wider, scales = shown(close, AROUND, FRAME, CANVAS)
    _, before = shown(close, TALL, FRAME, CANVAS)
    assert scales.tolist() == before.tolist()
    sides = wider.boxes_px[:, 2:] - wider.boxes_px[:, :2]
    assert (sides * scales[:, None] <= np.array([608, 352]) + 0.1).all()
    assert (wider.boxes_px >= 0).all()


def test_what_there_is_no_room_for_is_not_tried() -> None:
    wants = wants_of(*PEOPLE)
    assert tuple(showings_to_try(wants, FRAME, CANVAS, 4 * PICTURE_PX)) == SHOWINGS
    little = tuple(showings_to_try(wants, FRAME, CANVAS, 0.13 * PICTURE_PX))
    assert all(each.around == 0 for each in little)
    assert tuple(showings_to_try(wants, FRAME, CANVAS, 0.0)) == SHOWINGS[-1:]


def test_a_crowd_that_the_whole_frame_shows_clearly_is_seen_sharper_where_there_is_time() -> None:
    crowd = wants_of(*((300.0 + 50 * n, 300.0, 390.0 + 50 * n, 510.0) for n in range(6)))
    crowd = Wants(crowd.boxes_px, np.full(6, 200, np.float32), crowd.urgencies)
    (only,) = plan(crowd, FRAME, CANVAS, 1, is_whole_due=True)
    assert [crop.is_whole(FRAME) for crop in only] == [True]
    whole, *further = plan(crowd, FRAME, CANVAS, 4, is_whole_due=True)
    assert whole[0].is_whole(FRAME)
    assert further
    assert all(crop.scale > 0.4 for glance in further for crop in glance)


def test_for_people_far_apart_who_are_clear_in_the_whole_frame_one_look_is_enough() -> None:
    apart = wants_of(*((100.0 + 400 * n, 300.0, 190.0 + 400 * n, 510.0) for n in range(4)))
    apart = Wants(apart.boxes_px, np.full(4, 200, np.float32), apart.urgencies)
    assert len(plan(apart, FRAME, CANVAS, 4, is_whole_due=True)) == 1
