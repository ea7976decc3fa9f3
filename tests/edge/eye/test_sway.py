"""A camera in the wind: how far its picture lies beside where it rests, and what is no sway."""

import itertools
from collections.abc import Iterable
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.eye.replay import replay, with_source
from edge.eye.sway import Sway
from edge.site.rules import Intrusion
from tests.edge.eye.drawn import BrightThings, site_of

Luma = npt.NDArray[np.uint8]
STEP_NS = 200_000_000
WIDE_PX, HIGH_PX, MARGIN_PX = 320, 180, 40
SIZE_PX = np.array([WIDE_PX, HIGH_PX])


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def draw_world(rng: np.random.Generator) -> Luma:
    """A street's worth of edges, darker than anything that BrightThings finds."""
    world = np.full((HIGH_PX + 2 * MARGIN_PX, WIDE_PX + 2 * MARGIN_PX), 70, np.uint8)
    for _ in range(120):
        (y, x), (wide, high) = (
            rng.integers(0, world.shape).tolist(),
            rng.integers(6, 50, 2).tolist(),
        )
        cv2.rectangle(world, (x, y), (x + wide, y + high), int(rng.integers(20, 150)), -1)
    return np.asarray(cv2.GaussianBlur(world, (5, 5), 0), np.uint8)


def seen_from(world: Luma, across_px: float, down_px: float) -> Luma:
    """The picture when all lies so far to the right and further down."""
    way = np.array([[1, 0, across_px - MARGIN_PX], [0, 1, down_px - MARGIN_PX]], np.float32)
    return np.asarray(cv2.warpAffine(world, way, (WIDE_PX, HIGH_PX)), np.uint8)


def noisy(picture: Luma, rng: np.random.Generator) -> Luma:
    return np.asarray((picture + rng.normal(0, 2, picture.shape)).clip(0, 255), np.uint8)


def swings(count: int) -> list[tuple[float, float]]:
    """Pixels across and down: two swings at once, as of a pole."""
    seconds = np.arange(count) * STEP_NS / 1e9
    across = 5 * np.sin(2.7 * seconds) + 2 * np.sin(6.1 * seconds + 1)
    return list(zip(across.tolist(), (2 * np.sin(2.1 * seconds + 2)).tolist(), strict=True))


def shifts_px(sway: Sway, pictures: Iterable[Luma], first: int = 0) -> npt.NDArray[np.float64]:
    looked = [sway.look(each, (first + n) * STEP_NS) for n, each in enumerate(pictures)]
    return np.asarray(np.array(looked, float) * SIZE_PX)


def test_a_swaying_picture_is_followed_to_a_part_of_a_pixel(rng: np.random.Generator) -> None:
    world, ways = draw_world(rng), swings(600)
    found = shifts_px(Sway(), (noisy(seen_from(world, *way), rng) for way in ways))
    apart = (found - np.array(ways))[300:]
    # Where rest is, is known as well as a mean of so many swings.
    assert np.abs(apart - apart.mean(axis=0)).max() < 0.6
    assert np.abs(apart.mean(axis=0)).max() < 1.0


def test_a_picture_at_rest_has_no_shift_at_all(rng: np.random.Generator) -> None:
    world = draw_world(rng)
    found = shifts_px(Sway(), (noisy(seen_from(world, 0, 0), rng) for _ in range(300)))
    assert not found.any()


def test_what_passes_before_a_camera_at_rest_is_no_sway(rng: np.random.Generator) -> None:
    rest, lorry = seen_from(draw_world(rng), 0, 0), draw_world(rng)[:140, :150]
    pictures = []
    for left in range(-150, WIDE_PX, 6):
        picture, begin = rest.copy(), max(0, left)
        part = lorry[:, begin - left : WIDE_PX - left]
        picture[20:160, begin : begin + part.shape[1]] = part
        pictures.append(noisy(picture, rng))
    assert not shifts_px(Sway(), [noisy(rest, rng), *pictures]).any()


@pytest.mark.parametrize("what", ["one colour", "noise", "black with a clock"])
def test_where_nothing_can_be_told_there_is_no_shift(what: str, rng: np.random.Generator) -> None:
    def picture(number: int) -> Luma:
        if what == "noise":
            return rng.integers(0, 255, (HIGH_PX, WIDE_PX), np.uint8)
        flat = np.full((HIGH_PX, WIDE_PX), 60 if what == "one colour" else 0, np.uint8)
        if what == "black with a clock":
            cv2.putText(flat, str(number), (10, 30), cv2.FONT_HERSHEY_SIMPLEX, 1, 255)
        return flat

    assert not shifts_px(Sway(), (picture(number) for number in range(100))).any()


def test_a_camera_that_was_turned_for_good_comes_to_rest_there(rng: np.random.Generator) -> None:
    world = draw_world(rng)
    before = [seen_from(world, 0, 0)] * 5
    after = [seen_from(world, 12, -5)] * 2000
    found = shifts_px(Sway(), [*before, *after])
    assert found[6] == pytest.approx([12, -5], abs=0.5)
    assert not found[-1].any()


def test_another_view_is_taken_up_without_a_shift(rng: np.random.Generator) -> None:
    one, other = (seen_from(draw_world(rng), 0, 0) for _ in range(2))
    assert not shifts_px(Sway(), [*([one] * 20), *([other] * 40)])[-20:].any()


def film_in_the_wind(path: Path, world: Luma, ways: list[tuple[float, float]]) -> None:
    """Somebody who stands before a street, seen by a camera that sways; 5 pictures a second."""
    world = world.copy()
    world[MARGIN_PX + 70 : MARGIN_PX + 110, MARGIN_PX + 180 : MARGIN_PX + 196] = 240
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = WIDE_PX, HIGH_PX, "yuv420p"
        for way in ways:
            picture = np.repeat(seen_from(world, *way)[:, :, None], 3, axis=2)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def test_who_stands_still_has_not_come_whatever_the_wind_does(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    """A zone over all that tells of whoever has come by a hundredth of the frame, 3.2 pixels."""
    ways = [(2 * across, 2 * down) for across, down in swings(150)]
    film_in_the_wind(tmp_path / "wind.mp4", draw_world(rng), ways)
    rule = Intrusion(function="intrusion", name="in", zone="yard", min_travel_frac=0.01)
    plain = site_of(rule)
    site, camera = with_source(plain, plain.cameras[0], f"file:{tmp_path / 'wind.mp4'}")
    looks = list(replay(site, camera, BrightThings()))
    travels = [look.seen.tracks.travel_frac.max() for look in looks if len(look.seen.tracks)]
    swayed_frac = max(abs(one[0] - other[0]) for one, other in itertools.pairwise(ways)) / WIDE_PX
    assert len(travels) > 100
    assert max(travels) < 0.02 < swayed_frac
    assert {int(n) for look in looks for n in look.seen.tracks.numbers} == {1}
    assert not [event for look in looks for event in look.seen.events if event.rule == "in"]
    # Boxes are where somebody is seen, not where it would be at rest.
    for look, way in list(zip(looks, ways, strict=True))[20:]:
        if look.seen.found is not None:
            left_px = look.seen.tracks.boxes_frac[0, 0] * WIDE_PX
            assert left_px == pytest.approx(180 + way[0], abs=4)


def test_what_is_told_says_where_somebody_is_seen(tmp_path: Path, rng: np.random.Generator) -> None:
    ways = [(2 * across, 2 * down) for across, down in swings(60)]
    film_in_the_wind(tmp_path / "wind.mp4", draw_world(rng), ways)
    rule = Intrusion(function="intrusion", name="in", zone="yard", min_travel_frac=0.0)
    plain = site_of(rule)
    site, camera = with_source(plain, plain.cameras[0], f"file:{tmp_path / 'wind.mp4'}")
    boxes = [
        (event.box, way)
        for look, way in zip(replay(site, camera, BrightThings()), ways, strict=True)
        for event in look.seen.events
        if event.box is not None
    ]
    assert boxes
    assert any(abs(way[0]) > 4 for _, way in boxes)
    for box, way in boxes:
        assert box.left_frac * WIDE_PX == pytest.approx(180 + way[0], abs=4)
