"""The plan: every want whole in a crop, no crop outside of anything, never more than allowed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.eye.attention.cover import cover
from edge.eye.attention.crop import LARGEST_SCALE, Canvas, Crop, Glance
from edge.eye.attention.plan import plan, tiles, whole_crop
from edge.eye.attention.showing import SHOWINGS, Showing, shown
from edge.eye.attention.wants import Wants, no_wants

FRAME = (1920, 1080)
CANVAS = Canvas(300, 300, keeps_aspect=False)
WIDE = Canvas(416, 234, keeps_aspect=True, clear_px=40)

BOX = st.tuples(
    st.floats(-50, 1900), st.floats(-50, 1060), st.floats(4, 600), st.floats(4, 600)
).map(lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3]))
WANT = st.tuples(BOX, st.floats(4, 400), st.floats(0, 9))
WANTS = st.lists(WANT, max_size=30).map(
    lambda rows: Wants(
        np.array([box for box, _, _ in rows], np.float32).reshape(-1, 4),
        np.array([height for _, height, _ in rows], np.float32),
        np.array([urgency for _, _, urgency in rows], np.float32),
    )
)
CANVASES = st.sampled_from([CANVAS, WIDE, Canvas(320, 320, keeps_aspect=True)])


def wants_of(*rows: tuple[float, float, float, float], height: float = 60.0) -> Wants:
    count = len(rows)
    return Wants(
        np.array(rows, np.float32).reshape(-1, 4),
        np.full(count, height, np.float32),
        np.full(count, 2.0, np.float32),
    )


def crops_of(glances: tuple[Glance, ...]) -> list[Crop]:
    return [crop for glance in glances for crop in glance]


def holds(crop: Crop, box: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> bool:
    left, top = max(0.0, box[0]), max(0.0, box[1])
    right, bottom = min(FRAME[0], box[2]), min(FRAME[1], box[3])
    return bool(
        crop.left_px <= left + 0.01
        and crop.top_px <= top + 0.01
        and crop.left_px + crop.width_px >= right - 0.01
        and crop.top_px + crop.height_px >= bottom - 0.01
    )


@settings(max_examples=150, deadline=None)
@given(WANTS, CANVASES, st.integers(0, 6), st.booleans())
def test_no_plan_leaves_the_frame_or_the_canvas_or_its_number(
    wants: Wants, canvas: Canvas, most: int, is_whole_due: bool
) -> None:
    glances = plan(wants, FRAME, canvas, most, is_whole_due=is_whole_due)
    assert len(glances) <= most
    assert all(glances)
    for glance in glances:
        shown = np.zeros((canvas.height_px, canvas.width_px), np.int64)
        for crop in glance:
            edges = (crop.left_px, crop.top_px, crop.width_px, crop.height_px)
            placed = (crop.x_px, crop.y_px, crop.placed_width_px, crop.placed_height_px)
            assert all(number % 2 == 0 for number in (*edges, *placed))
            assert min(edges[:2] + placed[:2]) >= 0
            assert min(edges[2:] + placed[2:]) >= 2
            assert crop.left_px + crop.width_px <= FRAME[0]
            assert crop.top_px + crop.height_px <= FRAME[1]
            assert crop.x_px + crop.placed_width_px <= canvas.width_px
            assert crop.y_px + crop.placed_height_px <= canvas.height_px
            assert crop.scale <= LARGEST_SCALE * 1.5
            shown[crop.y_px : crop.y_px + crop.placed_height_px,
                  crop.x_px : crop.x_px + crop.placed_width_px] += 1  # fmt: skip
        assert shown.max() == 1, "two crops lie over each other"


@settings(max_examples=150, deadline=None)
@given(WANTS, CANVASES)
def test_with_room_enough_everything_due_is_whole_in_a_crop(wants: Wants, canvas: Canvas) -> None:
    glances = plan(wants, FRAME, canvas, len(wants), is_whole_due=False)
    crops = crops_of(glances)
    for box, urgency in zip(wants.boxes_px, wants.urgencies, strict=True):
        width = min(box[2], FRAME[0]) - max(box[0], 0)
        height = min(box[3], FRAME[1]) - max(box[1], 0)
        if urgency >= 1 and width >= 2 and height >= 2:
            assert any(holds(crop, box) for crop in crops)


@settings(max_examples=100, deadline=None)
@given(WANTS, CANVASES, st.integers(1, 4))
def test_the_same_wants_give_the_same_plan(wants: Wants, canvas: Canvas, most: int) -> None:
    first, second = (plan(wants, FRAME, canvas, most, is_whole_due=True) for _ in range(2))
    assert first == second


def test_nothing_wanted_is_nothing_looked_at_but_the_whole_frame_when_due() -> None:
    assert plan(no_wants(), FRAME, CANVAS, 4, is_whole_due=False) == ()
    assert plan(no_wants(), FRAME, CANVAS, 4, is_whole_due=True) == ((whole_crop(FRAME, CANVAS),),)


def test_six_people_far_apart_share_one_picture() -> None:
    people = [(100.0 + 300 * n, 200.0, 130.0 + 300 * n, 270.0) for n in range(6)]
    (glance,) = plan(wants_of(*people), FRAME, CANVAS, 8, is_whole_due=False)
    assert len(glance) == 6


def test_where_room_is_short_things_are_shown_smaller_but_never_below_the_least() -> None:
    crowd = [
        (60.0 * (n % 30), 150.0 * (n // 30), 60.0 * (n % 30) + 40, 150.0 * (n // 30) + 100)
        for n in range(150)
    ]
    wants = wants_of(*crowd, height=100.0)
    tall = []
    for most in (1, 8, 40):
        crops = crops_of(plan(wants, FRAME, CANVAS, most, is_whole_due=False))
        tall.append(min(100.0 * crop.scale for crop in crops))
    assert tall == sorted(tall)
    assert tall[0] >= CANVAS.tall_px * 0.9
    assert tall[-1] > tall[0]


def test_the_most_urgent_is_not_left_out() -> None:
    boxes = [(400.0 * n, 100.0, 400.0 * n + 300, 400.0) for n in range(4)]
    wants = Wants(
        np.array(boxes, np.float32),
        np.full(4, 60.0, np.float32),
        np.array([2.0, 2.0, 9.0, 2.0], np.float32),
    )
    (glance,) = plan(wants, FRAME, CANVAS, 1, is_whole_due=False)
    assert any(holds(crop, wants.boxes_px[2]) for crop in glance)


def test_beside_a_whole_frame_that_keeps_its_aspect_there_is_room_for_a_crop() -> None:
    canvas = Canvas(416, 416, keeps_aspect=True)
    wants = wants_of((900.0, 500.0, 930.0, 560.0))
    (glance,) = plan(wants, FRAME, canvas, 1, is_whole_due=True)
    assert glance[0].width_px == 1920
    assert len(glance) == 2


def test_where_the_whole_frame_shows_a_crowd_clearly_it_takes_the_place_of_crops() -> None:
    crowd = [(70.0 * (n % 26), 360.0 * (n // 26), 70.0 * (n % 26) + 60, 360.0 * (n // 26) + 240)
             for n in range(78)]  # fmt: skip
    glances = plan(wants_of(*crowd, height=240.0), FRAME, WIDE, 1, is_whole_due=False)
    assert glances == ((whole_crop(FRAME, WIDE),),)
    small = [(left, top, left + 20, top + 60) for left, top, _, _ in crowd]
    glances = plan(wants_of(*small, height=60.0), FRAME, WIDE, 1, is_whole_due=False)
    assert whole_crop(FRAME, WIDE) not in crops_of(glances)


def test_what_the_whole_frame_does_not_show_clearly_waits_but_not_for_ever() -> None:
    near = [(300.0 * n, 200.0, 300.0 * n + 100, 560.0) for n in range(6)]
    boxes = np.array([*near, (960.0, 20.0, 970.0, 44.0)], np.float32)
    heights = np.array([360.0] * 6 + [24.0], np.float32)
    frames = 0
    for frames in range(1, 20):
        urgencies = np.array([2.0] * 6 + [2.0 * frames], np.float32)
        glances = plan(Wants(boxes, heights, urgencies), FRAME, WIDE, 1, is_whole_due=False)
        if whole_crop(FRAME, WIDE) not in crops_of(glances):
            break
    assert 1 < frames < 19
    assert any(holds(crop, boxes[-1]) and crop.scale > 2 for crop in crops_of(glances))


def test_a_whole_frame_is_as_large_as_the_canvas_lets_it_be() -> None:
    assert whole_crop(FRAME, CANVAS) == Crop(0, 0, 1920, 1080, 0, 0, 300, 300)
    assert whole_crop(FRAME, WIDE) == Crop(0, 0, 1920, 1080, 0, 0, 416, 234)


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(st.floats(0, 500), st.floats(0, 500), st.floats(1, 1500), st.floats(1, 600)),
    st.floats(100, 700),
    st.floats(0, 0.4),
)
def test_tiles_cover_an_area_and_none_is_larger_than_its_window(
    area: tuple[float, float, float, float], window: float, overlap: float
) -> None:
    left, top, width, height = area
    edges = np.array([left, top, left + width, top + height], np.float32)
    found = tiles(edges, (window, window), overlap)
    sides = found[:, 2:] - found[:, :2]
    assert (sides <= window + 0.01).all()
    xs, ys = (
        np.linspace(low, high, 7) for low, high in ((edges[0], edges[2]), (edges[1], edges[3]))
    )
    for x in xs:
        for y in ys:
            inside = (found[:, 0] <= x + 0.01) & (found[:, 2] >= x - 0.01)
            inside &= (found[:, 1] <= y + 0.01) & (found[:, 3] >= y - 0.01)
            assert inside.any()


@pytest.mark.parametrize("showing", SHOWINGS)
def test_a_crop_never_exceeds_the_canvas_at_its_own_scale(showing: Showing) -> None:
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 1000, (60, 2)).astype(np.float32)
    sides = rng.uniform(4, 900, (60, 2)).astype(np.float32)
    wants = Wants(
        np.concatenate((corners, corners + sides), axis=1), sides[:, 1], np.ones(60, np.float32)
    )
    wider, scales = shown(wants, showing, FRAME, CANVAS)
    for cut in cover(wider, CANVAS, scales):
        assert (cut.right - cut.left) * cut.scale <= CANVAS.width_px + 0.1
        assert (cut.bottom - cut.top) * cut.scale <= CANVAS.height_px + 0.1
