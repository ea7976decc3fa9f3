"""Sources that are not what they should be, and the exact words a person reads."""

import errno
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from av.error import FFmpegError

from edge.eye.camera import CameraError, Replay, frames, load_address
from edge.eye.camera.opening import open_source
from edge.eye.camera.v4l2 import explain
from edge.site.model import Camera
from tests.edge.eye.camera.conftest import rtsp_ports, wire  # noqa: F401 - fixtures
from tests.edge.eye.camera.films import Film, write_film, write_sound
from tests.fakes.tcp_proxy import Fault, TcpProxy

PLAY = "It is damaged, cut off, or something else; play it with ffplay to see."


def empty(path: Path) -> Path:
    path.touch()
    return path


def text(path: Path) -> Path:
    path.write_text("This is a shopping list.\n" * 200)
    return path


def noise(path: Path) -> Path:
    path.write_bytes(bytes(range(7, 256, 3)) * 400)
    return path


def without_index(path: Path) -> Path:
    """An MP4 that was cut off before its index at the end was written."""
    content = write_film(path, Film(count=50)).read_bytes()
    path.write_bytes(content[: content.index(b"moov") - 4])
    return path


def without_pictures(path: Path) -> Path:
    """Headers of a film whose every packet is zeroed."""
    content = bytearray(write_film(path, Film(count=50)).read_bytes())
    start = content.index(b"mdat") + 4
    end = content.index(b"moov") - 4
    content[start:end] = bytes(end - start)
    path.write_bytes(content)
    return path


def enormous(path: Path) -> Path:
    return write_film(path, Film(8208, 16, 1, codec="mjpeg", pixels="yuvj420p"))


def directory(path: Path) -> Path:
    path.mkdir()
    return path


def missing(path: Path) -> Path:
    return path


@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        (empty, "a.mp4", "PATH is empty\n  Copy the recording once more."),
        (text, "a.mp4", f"PATH is no video that can be read\n  {PLAY}"),
        (noise, "a.mp4", f"PATH is no video that can be read\n  {PLAY}"),
        (without_index, "a.mp4", f"PATH is no video that can be read\n  {PLAY}"),
        (without_pictures, "a.mp4", f"not one picture in file:PATH can be decoded\n  {PLAY}"),
        (
            write_sound,
            "a.wav",
            (
                "there is no video in PATH\n"
                "  Sound alone cannot be analysed: give a file or address with a picture."
            ),
        ),
        (
            enormous,
            "a.avi",
            (
                "the picture in PATH is 8208x16, more than 8192 pixels a side\n"
                "  Set the camera to a smaller picture; analysis scales it down anyway."
            ),
        ),
        (
            directory,
            "films",
            "PATH is a directory, not a video file\n  Name one file: file:PATH.",
        ),
        (
            missing,
            "a.mp4",
            (
                "there is no file PATH\n"
                "  A path in a site file counts from the directory that vigie was started in."
            ),
        ),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, make: Callable[[Path], Path], name: str, message: str
) -> None:
    path = make(tmp_path / name)
    with pytest.raises(CameraError) as caught:
        list(frames(Camera("north", f"file:{path}"), Replay(0)))
    assert str(caught.value).replace(str(path), "PATH", 1) == message


def truncated(path: Path) -> Path:
    content = write_film(path, Film(count=50)).read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    return path


def variable_rate(path: Path) -> Path:
    stamps = [round(number * 40 * (1 + number / 10)) for number in range(20)]
    return write_film(path, Film(count=20, stamps=stamps))


def foreign(path: Path) -> Path:
    """Names inside that are not UTF-8, as some cameras write them."""
    content = write_film(path, Film()).read_bytes()
    assert b"VideoHandler" in content
    path.write_bytes(content.replace(b"VideoHandler", bytes(range(0xCE, 0xDA))))
    return path


def turned(path: Path) -> Path:
    return write_film(path, Film(turned_degrees=90))


def eight_k(path: Path) -> Path:
    return write_film(path, Film(7680, 4320, 1, codec="mjpeg", pixels="yuvj420p"))


@pytest.mark.parametrize(
    ("make", "name", "least", "shape"),
    [
        (truncated, "cut.mkv", 5, (240, 320)),
        (variable_rate, "vfr.mkv", 10, (240, 320)),
        (turned, "turned.mp4", 10, (320, 240)),
        (foreign, "foreign.mp4", 10, (240, 320)),
        (eight_k, "8k.avi", 1, (1080, 1920)),
    ],
)
def test_an_odd_file_works_as_far_as_it_goes(
    tmp_path: Path, make: Callable[[Path], Path], name: str, least: int, shape: tuple[int, int]
) -> None:
    path = make(tmp_path / name)
    times_ns = []
    for frame in frames(Camera("north", f"file:{path}"), Replay(0)):
        assert frame.luma.shape == shape
        times_ns.append(frame.captured_monotonic_ns)
    assert len(times_ns) >= least
    assert times_ns == sorted(set(times_ns)), "time grows whatever the stream says"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "http://u:secret@cam/x",
            (
                "'http://***@cam/x' is no camera source\n"
                "  Write file:PATH, rtsp://HOST/PATH, v4l2:/dev/videoN, picamera2:N or sim:SCENE."
            ),
        ),
        (
            "rtsp:10.0.0.5",
            (
                "'rtsp:10.0.0.5' is no camera source\n"
                "  Write file:PATH, rtsp://HOST/PATH, v4l2:/dev/videoN, picamera2:N or sim:SCENE."
            ),
        ),
        ("sim:moon", "there is no scene 'moon'\n  Scenes: street."),
        (
            "v4l2:/dev/video99",
            (
                "there is no video device /dev/video99\n"
                "  Is it plugged in? List what there is: ls /dev/video*"
            ),
        ),
        (
            "v4l2:/dev/null",
            (
                "/dev/null is no video camera\n"
                "  A camera often has several devices: try the next number."
            ),
        ),
        (
            "picamera2:front",
            "'picamera2:front' is no camera source\n  Write the camera's number: picamera2:0.",
        ),
        (
            "picamera2:0",
            "picamera2 is not installed\n  On Raspberry Pi OS: sudo apt install python3-picamera2",
        ),
    ],
)
def test_a_source_that_cannot_be_opened_says_why(source: str, message: str) -> None:
    with pytest.raises(CameraError) as caught:
        open_source(load_address(source))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (
            errno.EBUSY,
            "/dev/video0 is used by another program\n  Find it and stop it: fuser /dev/video0",
        ),
        (
            errno.EACCES,
            (
                "/dev/video0 may not be opened\n"
                "  Put this user into the group video: sudo usermod -aG video USER"
            ),
        ),
        (errno.ENODEV, "/dev/video0 was unplugged\n  It is opened again when it is back."),
    ],
)
def test_a_video_device_that_refuses_says_why(number: int, message: str) -> None:
    assert str(explain("/dev/video0", FFmpegError(number, "device"))) == message


def refusal(source: str, stall_seconds: float = 60.0) -> str:
    with pytest.raises(CameraError) as caught:
        open_source(load_address(source), stall_seconds=stall_seconds)
    return str(caught.value)


def test_a_locked_camera_names_no_password(rtsp_ports: tuple[int, int]) -> None:  # noqa: F811
    port = rtsp_ports[1]
    message = refusal(f"rtsp://mayor:wr0ng@127.0.0.1:{port}/locked")
    assert message == (
        f"rtsp://***@127.0.0.1:{port}/locked wants another user or password\n"
        "  Write rtsp://USER:PASSWORD@HOST/PATH; percent-encode signs like @ and :."
    )


def test_an_unknown_path_says_so(rtsp_ports: tuple[int, int]) -> None:  # noqa: F811
    port = rtsp_ports[0]
    assert refusal(f"rtsp://127.0.0.1:{port}/nothing") == (
        f"the camera knows no stream rtsp://127.0.0.1:{port}/nothing\n"
        "  The path differs from maker to maker: look it up in the camera's manual."
    )


def test_a_stream_of_sound_says_so(rtsp_ports: tuple[int, int]) -> None:  # noqa: F811
    port = rtsp_ports[0]
    assert refusal(f"rtsp://127.0.0.1:{port}/sound") == (
        f"there is no video in rtsp://127.0.0.1:{port}/sound\n"
        "  Sound alone cannot be analysed: give a file or address with a picture."
    )


@pytest.fixture
def lonely_wire() -> Iterator[TcpProxy]:
    """A wire with nobody behind it; the fault answers."""
    proxy = TcpProxy(9)
    yield proxy
    proxy.close()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            Fault.REFUSE,
            "nobody answers at URL\n  Is the camera on? Try: ping 127.0.0.1",
        ),
        (
            Fault.STALL,
            (
                "URL said nothing for 1 s\n"
                "  Is the camera on, and does another viewer get a picture from it?"
            ),
        ),
    ],
)
def test_an_address_without_a_camera_says_what_it_does(
    lonely_wire: TcpProxy, fault: Fault, message: str
) -> None:
    lonely_wire.set_fault(fault)
    url = f"rtsp://127.0.0.1:{lonely_wire.port}/street"
    assert refusal(url, stall_seconds=1.0).replace(url, "URL") == message


def test_garbage_instead_of_rtsp_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"rtsp://127.0.0.1:{server.getsockname()[1]}/street"

        def answer() -> None:
            for _ in range(2):  # it is asked for video, then for sound
                connection, _ = server.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n<html>a printer</html>\r\n" * 40)

        answering = threading.Thread(target=answer, daemon=True)
        answering.start()
        assert refusal(url) == (
            f"{url} answers something that is not RTSP video\n"
            "  Is the port right? RTSP is usually 554."
        )
