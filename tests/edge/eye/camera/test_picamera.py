"""The Raspberry Pi source against a strict fake of picamera2."""

import pytest

from edge.eye.camera import CameraError, LossReason
from edge.eye.camera.picamera import open_picamera
from tests.fakes.clock import FakeClock
from tests.fakes.picamera2 import FakePicamera2


def test_pictures_come_from_the_small_stream_and_every_buffer_goes_back() -> None:
    camera = FakePicamera2(0, supply=3)
    source = open_picamera("0", 10.0, lambda _: camera, FakeClock())
    pictures = source.pictures()
    for number in range(1, 4):
        picture = next(pictures)
        planes = picture.develop()
        assert (picture.width_px, picture.height_px) == (640, 360)
        assert (planes.luma == number).all()
        assert planes.luma.shape == (360, 640)
        assert (planes.chroma_u == 90).all()
        assert (planes.chroma_v == 160).all()
        assert planes.chroma_v.shape == (180, 320)
        assert camera.lent == 1
    pictures.close()  # type: ignore[attr-defined]
    assert camera.lent == 0
    source.close()
    source.close()
    assert camera.calls == ["configure", "start", "stop", "close"]


def test_a_camera_that_goes_silent_is_a_time_out_and_is_closed_whatever_state_it_is_in() -> None:
    camera = FakePicamera2(0, supply=1)
    source = open_picamera("0", 10.0, lambda _: camera, FakeClock())
    pictures = source.pictures()
    next(pictures)
    with pytest.raises(CameraError) as caught:
        next(pictures)
    assert caught.value.reason is LossReason.TIMEOUT
    assert str(caught.value) == (
        "picamera2:0 gave no picture for 10 s\n"
        "  Is the cable seated at both ends? Try: rpicam-hello --list-cameras"
    )
    source.close()
    assert camera.calls[-1] == "close"
    assert camera.lent == 0


def test_a_camera_that_is_not_there_is_named() -> None:
    with pytest.raises(CameraError, match="there is no Raspberry Pi camera 3"):
        open_picamera("3", 10.0, FakePicamera2, FakeClock())
