"""The capture child and its supervisor, with real processes."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.eye.camera import Capture, CaptureOptions, LossReason, Lost, wait_any
from edge.eye.camera.capture import LONGEST_START_SECONDS
from edge.site.model import Camera
from tests.edge.eye.camera.driving import Drive, count_handles, list_children
from tests.edge.eye.camera.films import Film, write_film
from tests.fakes.clock import FakeClock

StartDrive = Callable[..., Drive]


@pytest.fixture
def start() -> Iterator[StartDrive]:
    captures: list[Capture] = []

    def start_capture(camera: Camera, options: CaptureOptions | None = None) -> Drive:
        capture = Capture(camera, options or CaptureOptions())
        captures.append(capture)
        capture.start()
        return Drive(capture)

    yield start_capture
    for capture in captures:
        capture.close()


def child_of(drive: Drive) -> int:
    child = drive.capture._child
    assert child is not None
    return child.pid


def test_a_recording_plays_once_and_then_says_that_it_ended(
    tmp_path: Path, start: StartDrive
) -> None:
    path = write_film(tmp_path / "a.mkv", Film(count=25))
    drive = start(Camera("north", f"file:{path}"))
    drive.until(lambda: drive.capture.is_finished)
    drive.turn()
    counts = drive.capture.get_counts()
    assert (drive.opened()[0].width_px, drive.opened()[0].height_px) == (320, 240)
    assert drive.lost()[0].reason is LossReason.ENDED
    assert (counts.frames_captured, counts.packets) == (25, 25)
    assert counts.frames_offered == drive.frames + counts.frames_dropped == 10
    assert counts.video_bytes > 0
    assert counts.child_cpu_ms > 0


def test_frames_of_a_slow_reader_are_dropped_and_counted(tmp_path: Path, start: StartDrive) -> None:
    path = write_film(tmp_path / "a.mkv", Film(count=25))
    drive = start(Camera("north", f"file:{path}", analysis_fps=25.0))
    while not drive.capture.is_finished:  # supervised, but nobody asks for a frame
        drive.capture.supervise()
    frame = drive.capture.latest()
    assert frame is not None
    assert frame.number == 24
    assert drive.capture.get_counts().frames_dropped == 24


def test_a_looped_recording_does_not_end(tmp_path: Path, start: StartDrive) -> None:
    path = write_film(tmp_path / "a.mkv", Film(count=5))
    drive = start(Camera("north", f"file:{path}"), CaptureOptions(is_looped=True))
    drive.until(lambda: drive.capture.get_counts().frames_captured > 12)
    assert not drive.lost()


def test_a_killed_child_is_replaced_and_its_counts_stay(start: StartDrive) -> None:
    drive = start(Camera("north", "sim:street"))
    drive.until_opened()
    before = drive.capture.get_counts()
    os.kill(child_of(drive), signal.SIGKILL)
    assert drive.until_lost().reason is LossReason.CRASHED
    drive.until_opened()
    after = drive.capture.get_counts()
    assert after.frames_captured > before.frames_captured
    assert after.outages == 1


def test_a_child_that_hangs_is_killed_and_replaced(start: StartDrive) -> None:
    """SIGSTOP is a hang that no code inside the child can end."""
    drive = start(Camera("north", "sim:street"), CaptureOptions(stall_seconds=6.0))
    drive.until_opened()
    hung = child_of(drive)
    os.kill(hung, signal.SIGSTOP)
    assert drive.until_lost().reason is LossReason.TIMEOUT
    assert hung not in list_children()
    drive.until_opened()


def test_a_child_that_starts_slowly_is_no_silent_camera() -> None:
    """On a starved board a child that was killed before it could look would never see anything."""
    # Far ahead of the child's clock: even if it is stopped too late, it has not begun.
    clock = FakeClock(monotonic_ns=2**62)
    capture = Capture(Camera("north", "sim:street"), CaptureOptions(stall_seconds=2.0), clock)
    capture.start()
    drive = Drive(capture)
    starting = child_of(drive)
    os.kill(starting, signal.SIGSTOP)
    try:
        clock.advance(LONGEST_START_SECONDS - 1.0)
        capture.supervise()
        assert child_of(drive) == starting
        clock.advance(2.0)
        capture.supervise()
        (lost,) = capture.take_facts()
        assert isinstance(lost, Lost)
        assert (lost.reason, lost.what) == (
            LossReason.CRASHED,
            "the capture process did not start within 30 s",
        )
        assert starting not in list_children()
    finally:
        capture.close()


def test_nothing_is_left_behind_by_many_deaths(start: StartDrive) -> None:
    drive = start(Camera("north", "sim:street"))
    drive.until_opened()
    handles, children = count_handles(), len(list_children())
    for _ in range(5):
        os.kill(child_of(drive), signal.SIGKILL)
        drive.until_opened()
    assert count_handles() <= handles
    assert len(list_children()) == children
    drive.capture.close()
    assert len(list_children()) == children - 1


def test_several_cameras_share_one_loop(start: StartDrive) -> None:
    drives = [start(Camera(f"camera-{number}", "sim:street")) for number in range(2)]
    captures = [drive.capture for drive in drives]
    seen: set[str] = set()
    for _ in range(1000):
        for capture in wait_any(captures, 0.5):
            frame = capture.latest()
            if frame is not None:
                seen.add(frame.camera)
        if len(seen) == 2:
            break
    assert seen == {"camera-0", "camera-1"}


def test_a_missing_recording_is_lost_once_and_found_when_it_appears(
    tmp_path: Path, start: StartDrive
) -> None:
    path = tmp_path / "late.mkv"
    drive = start(Camera("north", f"file:{path}"))
    lost = drive.until_lost()
    assert (lost.reason, lost.what) == (LossReason.NOT_FOUND, f"there is no file {path}")
    write_film(tmp_path / "other.mkv", Film(count=25)).rename(path)
    before = drive.facts[: drive.facts.index(drive.until_opened())]
    assert sum(isinstance(fact, Lost) for fact in before) == 1, "one outage, one fact"


ORPHAN = """
import os, sys, time
from edge.eye.camera import Capture, wait_any
from edge.site.model import Camera
capture = Capture(Camera("north", "sim:street"))
capture.start()
while not wait_any([capture], 0.5):
    pass
print(capture._child.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_child_ends_when_its_parent_is_killed(repository: Path) -> None:
    parent = subprocess.run(
        [sys.executable, "-c", ORPHAN], cwd=repository, capture_output=True, check=False, timeout=60
    )
    try:
        handle = os.pidfd_open(int(parent.stdout))
    except ProcessLookupError:
        return
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    ended = poller.poll(10_000)
    os.close(handle)
    assert ended
