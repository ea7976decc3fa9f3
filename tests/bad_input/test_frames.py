"""Pictures that no street gives: of any size and stride, of nothing, of noise; clips that lie."""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.eye.camera import Replay, frames
from edge.eye.detector import Detector, Library, load
from edge.eye.detector.runtime import Values
from edge.eye.replay import Looked, replay_events, with_source
from edge.site.model import Camera
from edge.site.rules import LineCrossing
from edge.wire.event import Event
from tests.bad_input.test_answers import check
from tests.edge.eye.camera.films import Film, grey, write_film
from tests.edge.eye.detector.heads import blank, shipped
from tests.edge.eye.drawn import BrightThings, site_of
from tests.fakes.runtime import FakeRuntime

Picture = npt.NDArray[np.uint8]
SITE = site_of(LineCrossing(function="line_crossing", name="cross", line="gate"))
SHAPES = [(16, 16), (1, 1), (1, 4096), (4096, 1), (361, 641), (4320, 7680)]


class Remembers(FakeRuntime):
    """Keeps the last picture that it was asked about."""

    asked: Values

    def infer(self, picture: Values) -> tuple[Values, ...]:
        self.asked = picture.copy()
        return super().infer(picture)


def noise(height: int, width: int, seed: int = 5) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def turned_round(picture: Picture) -> Picture:
    return picture[::-1, ::-1, ::-1]


def every_third(picture: Picture) -> Picture:
    return picture[::2, ::3]


def columns_first(picture: Picture) -> Picture:
    return np.asfortranarray(picture)


def with_padded_lines(picture: Picture) -> Picture:
    """As decoders hand them on: lines end in bytes that are no picture."""
    wide = np.full((picture.shape[0], picture.shape[1] + 13, 3), 255, np.uint8)
    wide[:, : picture.shape[1]] = picture
    return wide[:, : picture.shape[1]]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["ssd-coco15", "yolox-nano"])
def test_a_picture_of_any_size_is_looked_at(name: str, shape: tuple[int, int]) -> None:
    card = shipped(name)
    found = Detector(card, FakeRuntime(card, blank(card))).find(noise(*shape))
    assert (len(found) == 0) == (name == "yolox-nano")
    check(found, card)


@pytest.mark.parametrize(
    "view", [turned_round, every_third, columns_first, with_padded_lines], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("name", ["ssd-coco15", "yolox-nano", "ssd-v1-uint8"])
def test_odd_strides_are_the_same_picture(name: str, view: Callable[[Picture], Picture]) -> None:
    card = shipped(name)
    odd = view(noise(121, 163))
    runtime = Remembers(card, blank(card))
    detector = Detector(card, runtime)
    detector.find(odd)
    from_odd = runtime.asked
    detector.find(np.ascontiguousarray(odd))
    np.testing.assert_array_equal(from_odd, runtime.asked)


@pytest.fixture(scope="module")
def real(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Detector:
    library = Library(tmp_path_factory.mktemp("models"))
    card = library.card("ssd-coco15")
    place = library.model_path(card)
    place.parent.mkdir()
    place.symlink_to(shared_dir / "models" / "ssd_mobilenet_v2_coco15_int8.tflite")
    return load(card, library)


@pytest.mark.parametrize("level", [0, 114, 128, 255])
def test_a_real_model_sees_nothing_in_one_colour(real: Detector, level: int) -> None:
    assert len(real.find(np.full((90, 160, 3), level, np.uint8))) == 0


@pytest.mark.parametrize("grain_px", [1, 4, 32])
def test_a_real_model_finds_boxes_or_nothing_in_noise(real: Detector, grain_px: int) -> None:
    small = noise(1 + 360 // grain_px, 1 + 640 // grain_px)
    found = real.find(np.asarray(cv2.resize(small, (640, 360)), np.uint8))
    check(found, real.card)
    assert found.scores.max(initial=0) < 0.6


def draw_noise(number: int, width_px: int, height_px: int) -> Picture:
    return noise(height_px, width_px, number)


def draw_pan(number: int, width_px: int, height_px: int) -> Picture:
    """A street of dark houses with lit windows; from the 10th to the 30th picture it goes by."""
    rng = np.random.default_rng(11)
    street = rng.integers(40, 70, (height_px, 6 * width_px, 3)).astype(np.uint8)
    for left in range(20, 6 * width_px, 90):
        street[60:100, left : left + 16] = 235
    begin = 8 * min(max(number - 10, 0), 20)
    return np.ascontiguousarray(street[:, begin : begin + width_px])


def looked(path: Path, film: Film) -> tuple[list[Event], list[Looked]]:
    """All events and looks of a film."""
    site, camera = with_source(SITE, SITE.cameras[0], f"file:{write_film(path, film)}")
    looks: list[Looked] = []
    return replay_events(site, camera, BrightThings(), on_look=looks.append), looks


@pytest.mark.parametrize(
    ("width_px", "height_px", "pixels"),
    [(16, 16, "yuv420p"), (2, 2, "yuv420p"), (641, 361, "yuv444p"), (4096, 16, "yuv420p")],
)
def test_a_film_of_any_size_is_watched(
    tmp_path: Path, width_px: int, height_px: int, pixels: str
) -> None:
    film = Film(width_px, height_px, 25, codec="ffv1", pixels=pixels)
    events, looks = looked(tmp_path / "a.mkv", film)
    assert events == []
    assert len(looks) >= 5


def test_a_film_of_noise_signals_nothing(tmp_path: Path) -> None:
    events, looks = looked(tmp_path / "a.mkv", Film(count=75, draw=draw_noise))
    assert [event for event in events if event.rule == "cross"] == []
    assert all(len(one.seen.tracks) < 100 for one in looks)


def test_a_film_of_one_colour_signals_nothing_but_that_it_is_covered(tmp_path: Path) -> None:
    def draw(_: int, width_px: int, height_px: int) -> Picture:
        return np.full((height_px, width_px, 3), 128, np.uint8)

    film = Film(count=40, draw=draw, stamps=[1000 * number for number in range(40)])
    events, _ = looked(tmp_path / "a.mkv", film)
    assert {event.rule for event in events} == {
        "health/camera_covered/north",
        "health/camera_frozen/north",
    }


def test_a_camera_that_turns_comes_to_rest_with_no_more_than_it_saw(tmp_path: Path) -> None:
    """Everything moves while it turns; a second after, nothing does, and each window is one."""
    stamps = [100 * number for number in range(80)]
    _, looks = looked(tmp_path / "a.mkv", Film(320, 180, 80, draw=draw_pan, stamps=stamps))
    turning = [one for one in looks if 1_200_000_000 < at_ns(one) < 2_900_000_000]
    at_rest = [one for one in looks if at_ns(one) > 7_000_000_000]
    assert all(one.seen.motion.is_active for one in turning)
    assert not any(one.seen.motion.is_active for one in at_rest)
    seen = at_rest[-1].seen.tracks
    assert 3 <= int(seen.is_seen.sum()) <= 4
    assert len(set(seen.numbers.tolist())) == len(seen)


def at_ns(one: Looked) -> int:
    return one.frame.captured_monotonic_ns


def captured_ms(path: Path, stamps: Sequence[int], analysis_fps: float = 10.0) -> list[int]:
    """When each chosen picture was taken, in thousandths of a second since the first."""
    film = Film(count=len(stamps), stamps=list(stamps), draw=grey)
    camera = Camera("north", f"file:{write_film(path, film)}", analysis_fps=analysis_fps)
    taken = [frame.captured_monotonic_ns for frame in frames(camera, Replay(0))]
    return [(one - taken[0]) // 1_000_000 for one in taken]


def test_a_clip_that_says_25_a_second_and_has_one_is_taken_by_its_stamps(tmp_path: Path) -> None:
    stamps = [1000 * number for number in range(12)]
    assert captured_ms(tmp_path / "a.mkv", stamps) == stamps


def test_a_clip_that_says_25_a_second_and_has_a_thousand_is_thinned(tmp_path: Path) -> None:
    chosen = captured_ms(tmp_path / "a.mkv", range(1000))
    assert 9 <= len(chosen) <= 11
    assert all(95 <= after - before <= 110 for before, after in itertools.pairwise(chosen))


def test_a_clip_with_a_hole_of_an_hour_goes_on_after_it(tmp_path: Path) -> None:
    stamps = [*range(0, 1000, 100), *range(3_600_000, 3_601_000, 100)]
    assert captured_ms(tmp_path / "a.mkv", stamps) == stamps
