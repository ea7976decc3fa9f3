"""Room that is left shows surroundings: nothing is lost, nothing lies over anything."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.eye.attention.crop import Canvas, Crop, Glance
from edge.eye.attention.widen import widened

FRAME = (1920, 1080)
CANVAS = Canvas(608, 352, keeps_aspect=True)
EVEN = st.integers(2, 150).map(lambda half: 2 * half)


@st.composite
def glances(draw: st.DrawFn) -> Glance:
    """Crops in a row, at scales of their own."""
    crops, x_px = [], 0
    while x_px < CANVAS.width_px - 4 and draw(st.booleans()):
        wide = min(draw(EVEN), CANVAS.width_px - x_px)
        high, y_px = draw(EVEN), 2 * draw(st.integers(0, 26))
        times = draw(st.sampled_from([1, 2, 4]))
        left = 2 * draw(st.integers(0, (FRAME[0] - wide * times) // 2)) if times < 4 else 0
        width, height = min(wide * times, FRAME[0]), min(high * times, FRAME[1])
        top = 2 * draw(st.integers(0, (FRAME[1] - height) // 2))
        crops.append(Crop(min(left, FRAME[0] - width), top, width, height, x_px, y_px, wide, high))
        x_px += wide
    return tuple(crops)


@settings(max_examples=200, deadline=None)
@given(glances())
def test_every_crop_still_shows_what_it_showed_as_sharply_and_alone(glance: Glance) -> None:
    after = widened(glance, CANVAS, FRAME)
    assert len(after) == len(glance)
    for old, new in zip(glance, after, strict=True):
        for inner, outer in (
            (old.edges_px, new.edges_px),
            (old.placed_edges_px, new.placed_edges_px),
        ):
            assert outer[0] <= inner[0]
            assert outer[1] <= inner[1]
            assert outer[2] >= inner[2]
            assert outer[3] >= inner[3]
        assert new.edges_px[0] >= 0
        assert new.edges_px[1] >= 0
        assert new.edges_px[2] <= FRAME[0]
        assert new.edges_px[3] <= FRAME[1]
        assert new.placed_edges_px[2] <= CANVAS.width_px
        assert new.placed_edges_px[3] <= CANVAS.height_px
        assert abs(new.placed_width_px - new.width_px * old.placed_width_px / old.width_px) <= 4
        assert abs(new.placed_height_px - new.height_px * old.scale) <= 4
    for one, other in itertools.combinations(after, 2):
        mine, theirs = one.placed_edges_px, other.placed_edges_px
        is_apart = mine[2] <= theirs[0] or theirs[2] <= mine[0]
        assert is_apart or mine[3] <= theirs[1] or theirs[3] <= mine[1]


def test_a_crop_by_itself_takes_the_whole_picture() -> None:
    (after,) = widened((Crop(900, 500, 100, 100, 0, 0, 100, 100),), CANVAS, FRAME)
    # To the right and below, where the room is: it lies in the corner of the picture.
    assert after == Crop(900, 500, 608, 352, 0, 0, 608, 352)


def test_it_ends_where_the_frame_ends() -> None:
    (after,) = widened((Crop(1800, 1000, 100, 60, 300, 200, 100, 60),), CANVAS, FRAME)
    assert after.edges_px == (1500, 800, 1920, 1080)


def test_the_first_takes_the_room_between_two() -> None:
    left, right = Crop(0, 0, 100, 352, 0, 0, 100, 352), Crop(900, 0, 100, 352, 300, 0, 100, 352)
    first, second = widened((left, right), CANVAS, FRAME)
    assert (first.width_px, second.edges_px[0]) == (300, 900)
    second, first = widened((right, left), CANVAS, FRAME)
    assert (first.width_px, second.edges_px[0]) == (100, 700)


def test_a_whole_frame_stays_as_it_is() -> None:
    whole = Crop(0, 0, 1920, 1080, 0, 0, 608, 342)
    assert widened((whole,), CANVAS, FRAME) == (whole,)
