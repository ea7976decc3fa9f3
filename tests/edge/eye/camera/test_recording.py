"""A recording replays to the same frames, whenever and however often it is read."""

import hashlib
import itertools
from pathlib import Path

from edge.eye.camera import Replay, frames
from edge.eye.frame import Frame
from edge.site.model import Camera
from tests.edge.eye.camera.films import Film, write_film

START_UTC_NS = 1_790_000_000_000_000_000


def digest(frame: Frame) -> tuple[int, int, int, str]:
    planes = frame.luma.tobytes() + frame.chroma_u.tobytes() + frame.chroma_v.tobytes()
    numbers = (frame.number, frame.captured_utc_ns, frame.captured_monotonic_ns)
    return (*numbers, hashlib.sha256(planes).hexdigest())


def test_two_replays_are_the_same_to_the_byte(tmp_path: Path) -> None:
    camera = Camera("c", f"file:{write_film(tmp_path / 'a.mkv', Film(count=60))}")
    first = [digest(frame) for frame in frames(camera, Replay(START_UTC_NS))]
    second = [digest(frame) for frame in frames(camera, Replay(START_UTC_NS))]
    assert first == second
    assert len(first) == 24


def test_times_follow_from_the_stream_and_the_given_start(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mkv", Film(count=50))
    camera = Camera("c", f"file:{path}", analysis_fps=5.0)
    chosen = list(frames(camera, Replay(START_UTC_NS, start_monotonic_ns=77)))
    assert [frame.number for frame in chosen] == list(range(0, 50, 5))
    assert [frame.captured_monotonic_ns - 77 for frame in chosen] == [
        number * 200_000_000 for number in range(10)
    ]
    assert all(
        frame.captured_utc_ns - START_UTC_NS == frame.captured_monotonic_ns - 77 for frame in chosen
    )


def test_a_looped_recording_goes_on_in_time_and_in_number(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mkv", Film(count=10))
    camera = Camera("c", f"file:{path}", analysis_fps=25.0)
    replay = Replay(START_UTC_NS, is_looped=True)
    chosen = list(itertools.islice(frames(camera, replay), 35))
    assert [frame.number for frame in chosen] == list(range(35))
    assert [frame.captured_monotonic_ns for frame in chosen] == [
        number * 40_000_000 for number in range(35)
    ]
    assert replay.totals.frames_captured == 35


def test_a_simulated_scene_is_a_recording_without_packets() -> None:
    camera = Camera("c", "sim:street")
    replay = Replay(START_UTC_NS)
    first = [digest(frame) for frame in itertools.islice(frames(camera, replay), 12)]
    again = itertools.islice(frames(camera, Replay(START_UTC_NS)), 12)
    assert first == [digest(frame) for frame in again]
    assert replay.totals.video_bytes == 0


def test_a_damaged_stretch_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mkv", Film(count=100, options={"g": "10"}))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(200)
    path.write_bytes(content)
    replay = Replay(START_UTC_NS)
    assert len(list(frames(Camera("c", f"file:{path}"), replay))) >= 20
    assert replay.totals.frames_captured >= 50
