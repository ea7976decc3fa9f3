"""What a site file may name as a source, and what is never shown of it."""

import pytest

from edge.eye.camera import load_address
from edge.eye.camera.source import Medium, hide_credentials


@pytest.mark.parametrize(
    ("text", "medium", "place", "shown"),
    [
        ("file:a film.mp4", Medium.FILE, "a film.mp4", "file:a film.mp4"),
        ("file:/a/b:c.mp4", Medium.FILE, "/a/b:c.mp4", "file:/a/b:c.mp4"),
        ("v4l2:/dev/video0", Medium.V4L2, "/dev/video0", "v4l2:/dev/video0"),
        ("picamera2:0", Medium.PICAMERA2, "0", "picamera2:0"),
        ("sim:street", Medium.SIM, "street", "sim:street"),
        (
            "rtsp://mayor:s3cret@10.0.0.5:554/live?pw=x",
            Medium.RTSP,
            "rtsp://mayor:s3cret@10.0.0.5:554/live?pw=x",
            "rtsp://***@10.0.0.5:554/live?***",
        ),
        ("rtsps://cam/live", Medium.RTSP, "rtsps://cam/live", "rtsps://cam/live"),
    ],
)
def test_sources_are_told_apart(text: str, medium: Medium, place: str, shown: str) -> None:
    address = load_address(text)
    assert (address.medium, address.place, address.shown) == (medium, place, shown)
    assert "s3cret" not in repr(address)


def test_a_password_with_an_at_sign_is_hidden_whole() -> None:
    assert hide_credentials("rtsp://u:p@ss@cam/x") == "rtsp://***@cam/x"
