"""Masked pixels exist nowhere after the decoder."""

from pathlib import Path

import numpy as np
import pytest

from edge.eye.camera import Packet, Replay, frames
from edge.eye.camera.mask import BLACK_LUMA, GREY_CHROMA, MaskBurner
from edge.eye.camera.recording import pictures
from edge.eye.camera.source import Planes, StreamFormat
from edge.site.model import Camera, Mask, Point
from tests.edge.eye.camera.films import Film, Picture, write_film

TRIANGLE: tuple[Point, ...] = ((0.31, 0.23), (0.77, 0.41), (0.47, 0.83))


def planted(number: int, width_px: int, height_px: int) -> Picture:
    """A dark picture with a bright magenta square."""
    picture = np.full((height_px, width_px, 3), 30, np.uint8)
    picture[61:101, 121:181] = (255, 40, 255)
    return picture


class Ring:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []

    def begin(self, stream: StreamFormat) -> None:
        assert stream.codec == "h264"

    def take(self, packet: Packet) -> None:
        self.packets.append(packet)


def test_a_planted_marker_under_a_mask_reaches_no_frame(tmp_path: Path) -> None:
    path = write_film(tmp_path / "marker.mkv", Film(draw=planted, options={"crf": "1"}))
    # The mask ends four pixels around the marker, as far as the codec smears it.
    corners = (
        (117 / 320, 57 / 240),
        (185 / 320, 57 / 240),
        (185 / 320, 105 / 240),
        (117 / 320, 105 / 240),
    )
    seen = list(frames(Camera("c", f"file:{path}", analysis_width_px=160), Replay(0)))
    masked_camera = Camera(
        "c", f"file:{path}", analysis_width_px=160, masks=(Mask("door", corners),)
    )
    masked = list(frames(masked_camera, Replay(0)))
    assert len(seen) == len(masked) == 10
    assert all(frame.luma.max() > 100 and frame.chroma_u.max() > 150 for frame in seen)
    for frame in masked:
        assert frame.luma.max() < 60
        assert abs(frame.chroma_u.astype(int) - 128).max() < 16
        assert abs(frame.chroma_v.astype(int) - 128).max() < 16


def test_packets_of_a_masked_camera_are_counted_and_kept_back(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mkv", Film())
    ring, replay = Ring(), Replay(0)
    assert list(pictures(Camera("c", f"file:{path}"), replay, ring))
    assert len(ring.packets) == replay.totals.packets == 25
    assert sum(len(packet.encoded) for packet in ring.packets) == replay.totals.video_bytes
    assert ring.packets[0].is_key
    assert not ring.packets[1].is_key
    ring, replay = Ring(), Replay(0)
    masked = Camera("c", f"file:{path}", masks=(Mask("door", TRIANGLE),))
    assert list(pictures(masked, replay, ring))
    assert ring.packets == []
    assert replay.totals.packets == 25


@pytest.mark.parametrize("size", [(320, 240), (322, 182), (1920, 1080)])
def test_every_pixel_that_a_mask_touches_is_burned_in_all_planes(size: tuple[int, int]) -> None:
    width_px, height_px = size
    planes = Planes(
        np.full((height_px, width_px), 200, np.uint8),
        np.full((height_px // 2, width_px // 2), 90, np.uint8),
        np.full((height_px // 2, width_px // 2), 200, np.uint8),
    )
    burned = MaskBurner([Mask("door", TRIANGLE)]).burn(planes)
    x, y = np.meshgrid(np.linspace(0, 1, 400), np.linspace(0, 1, 400))
    inside = np.ones_like(x, bool)
    for (x0, y0), (x1, y1) in zip(TRIANGLE, (*TRIANGLE[1:], TRIANGLE[0]), strict=True):
        inside &= (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) >= 0
    columns = np.minimum((x[inside] * width_px).astype(int), width_px - 1)
    rows = np.minimum((y[inside] * height_px).astype(int), height_px - 1)
    assert (burned.luma[rows, columns] == BLACK_LUMA).all()
    assert (burned.chroma_u[rows // 2, columns // 2] == GREY_CHROMA).all()
    assert (burned.chroma_v[rows // 2, columns // 2] == GREY_CHROMA).all()
    share = np.count_nonzero(burned.luma == BLACK_LUMA) / burned.luma.size
    assert share < inside.mean() + 8 * (1 / width_px + 1 / height_px), "little more than asked for"


def test_the_decoders_own_planes_are_left_alone() -> None:
    """It predicts the next picture from them."""
    planes = Planes(*(np.full(shape, 77, np.uint8) for shape in ((40, 40), (20, 20), (20, 20))))
    MaskBurner([Mask("door", TRIANGLE)]).burn(planes)
    assert all((plane == 77).all() for plane in planes)
