"""Planes: size, padding, range, turning."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge.eye.camera import Replay, frames
from edge.eye.camera.planes import shrink
from edge.eye.camera.source import Planes
from edge.eye.frame import Frame
from edge.site.model import Camera
from tests.edge.eye.camera.films import Film, Picture, write_film


def corner(number: int, width_px: int, height_px: int) -> Picture:
    """White in the left upper quarter."""
    picture = np.zeros((height_px, width_px, 3), np.uint8)
    picture[: height_px // 2, : width_px // 2] = 255
    return picture


def first_frame(path: Path, width_px: int = 640) -> Frame:
    camera = Camera("c", f"file:{path}", analysis_width_px=width_px)
    return next(frames(camera, Replay(0)))


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((1920, 1080), (640, 360)),
        ((768, 432), (640, 360)),
        ((320, 240), (320, 240)),
        ((1080, 1920), (640, 1138)),
        ((200, 4000), (64, 1280)),
    ],
)
def test_pictures_shrink_to_the_width_in_even_sizes_and_never_grow(
    size: tuple[int, int], wanted: tuple[int, int]
) -> None:
    width_px, height_px = size
    half = (height_px // 2, width_px // 2)
    planes = Planes(*(np.zeros(shape, np.uint8) for shape in ((height_px, width_px), half, half)))
    small = shrink(planes, 640)
    assert small.luma.shape == (wanted[1], wanted[0])
    assert small.chroma_u.shape == small.chroma_v.shape == (wanted[1] // 2, wanted[0] // 2)


def test_planes_come_out_as_opencv_would_make_them_from_the_whole_picture(tmp_path: Path) -> None:
    path = write_film(tmp_path / "c.mkv", Film(640, 480, 1, draw=corner))
    frame = first_frame(path, 320)
    with av.open(str(path)) as container:
        whole = next(container.decode(video=0)).to_ndarray()[:480]
    wanted = cv2.resize(whole, (320, 240), interpolation=cv2.INTER_AREA)
    assert np.abs(frame.luma.astype(int) - wanted).max() <= 1


@pytest.mark.parametrize("size", [(322, 242), (318, 238), (98, 50), (321, 241)])
def test_line_padding_and_odd_sizes_do_not_shear_the_picture(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    film = Film(*size, 2, codec="mjpeg", pixels="yuvj420p", draw=corner)
    frame = first_frame(write_film(tmp_path / "padded.avi", film))
    height_px, width_px = frame.luma.shape
    assert (width_px, height_px) == (size[0] // 2 * 2, size[1] // 2 * 2)
    assert frame.luma[: height_px // 2 - 8, : width_px // 2 - 8].min() > 200
    assert frame.luma[height_px // 2 + 8 :].max() < 40
    assert frame.luma[:, width_px // 2 + 8 :].max() < 40


def test_full_range_is_brought_to_limited_range(tmp_path: Path) -> None:
    film = Film(64, 64, 1, codec="mjpeg", pixels="yuvj420p", draw=corner)
    frame = first_frame(write_film(tmp_path / "full.avi", film))
    assert frame.luma[8, 8] == pytest.approx(235, abs=3)
    assert frame.luma[56, 56] == pytest.approx(16, abs=3)


@pytest.mark.parametrize(
    ("codec", "pixels", "name"),
    [("libx264", "yuv422p", "a.mkv"), ("libx264", "yuv444p", "b.mkv"), ("ffv1", "bgr0", "c.mkv")],
)
def test_other_pixel_formats_are_converted(
    tmp_path: Path, codec: str, pixels: str, name: str
) -> None:
    film = Film(128, 128, 2, codec=codec, pixels=pixels, draw=corner)
    frame = first_frame(write_film(tmp_path / name, film))
    assert frame.luma[16, 16] == pytest.approx(235, abs=4)
    assert frame.luma[100, 100] == pytest.approx(16, abs=4)


@pytest.mark.parametrize(
    ("degrees", "white"), [(90, "left lower"), (180, "right lower"), (270, "right upper")]
)
def test_a_turned_film_is_seen_upright(tmp_path: Path, degrees: int, white: str) -> None:
    """Metadata counts counter-clockwise, as a player shows it."""
    film = Film(320, 240, 2, draw=corner, turned_degrees=degrees)
    frame = first_frame(write_film(tmp_path / "turned.mp4", film))
    turned = degrees % 180 != 0
    assert frame.luma.shape == ((320, 240) if turned else (240, 320))
    assert (frame.source_width_px, frame.source_height_px) == ((240, 320) if turned else (320, 240))
    across, down = white.split()
    height_px, width_px = frame.luma.shape
    row = height_px // 4 * (1 if down == "upper" else 3)
    column = width_px // 4 * (1 if across == "left" else 3)
    assert frame.luma[row, column] > 200
    assert frame.luma[height_px - 1 - row, column] < 40
    assert frame.luma[row, width_px - 1 - column] < 40


@pytest.mark.parametrize("height_px", [360, 540, 720, 1080, 1440, 1800])
def test_colour_comes_out_the_same_whether_lines_between_are_read_or_not(height_px: int) -> None:
    chance = np.random.default_rng(height_px)
    width_px = height_px * 16 // 9
    luma = np.zeros((height_px, width_px), np.uint8)
    chroma = chance.integers(0, 256, (height_px // 2, width_px // 2), np.uint8)
    small = shrink(Planes(luma, chroma, chroma), 640)
    by_linear = cv2.resize(chroma, (320, 180), interpolation=cv2.INTER_LINEAR)
    assert np.array_equal(small.chroma_u, by_linear)
