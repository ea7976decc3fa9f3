"""A real RTSP server behind a wire that is cut, stalled, reset and filled with garbage.

The long form, 500 faults: pytest tests/edge/eye/camera/test_rtsp.py --soak -s
"""

import itertools
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from edge.eye.camera import Capture, CaptureOptions, Fact, LossReason, Lost, Opened
from edge.site.model import Camera
from tests.edge.eye.camera.driving import Drive, count_handles, list_children
from tests.fakes.tcp_proxy import Fault, TcpProxy

FAULTS = (Fault.CUT, Fault.STALL, Fault.RESET, Fault.GARBAGE, Fault.REFUSE)
STALL_SECONDS = 4.0  # the product's is 10; a server of the loopback opens in half a second
NOTICED_WITHIN_SECONDS = 40.0
BACK_WITHIN_SECONDS = 60.0


@pytest.fixture
def drive(wire: TcpProxy) -> Iterator[Drive]:
    camera = Camera("north", f"rtsp://127.0.0.1:{wire.port}/street")
    capture = Capture(camera, CaptureOptions(STALL_SECONDS, jitter_seed=1))
    capture.start()
    yield Drive(capture)
    capture.close()


def suffer(drive: Drive, wire: TcpProxy, count: int) -> list[float]:
    """That many faults, each noticed, told once and survived; seconds from return to picture."""
    drive.until_seen()
    handles, children = count_handles(), len(list_children())
    child_handles: dict[int, int] = {}
    returns = []
    for fault in itertools.islice(itertools.cycle(FAULTS), count):
        begun = len(drive.facts)
        wire.set_fault(fault)
        lost = drive.until_lost(NOTICED_WITHIN_SECONDS)
        if fault is Fault.STALL:
            assert lost.reason is LossReason.TIMEOUT
        returned = time.monotonic()
        wire.set_fault(Fault.NONE)
        drive.until_seen(BACK_WITHIN_SECONDS)
        returns.append(time.monotonic() - returned)
        told = drive.facts[begun:]
        assert isinstance(told[1], Opened), f"{fault.name} is told once: {told}"
        assert_starved(told[2:])
        child = drive.capture._child
        assert child is not None
        grown = count_handles(child.pid) - child_handles.setdefault(
            child.pid, count_handles(child.pid)
        )
        assert grown <= 0, "the child leaks handles"
    assert drive.capture.get_counts().outages == len(drive.lost())
    assert count_handles() <= handles + 2, "the proxy's two ends of a connection at most"
    assert len(list_children()) == children
    return returns


def assert_starved(facts: Sequence[Fact]) -> None:
    """Outages over a whole wire: only silence, and only on a machine with far too much to do.

    Such an outage is real, and told once like any other.
    """
    for lost, opened in zip(facts[::2], facts[1::2], strict=True):
        assert isinstance(lost, Lost)
        assert isinstance(opened, Opened)
        assert lost.reason is LossReason.TIMEOUT, lost
        assert os.getloadavg()[0] > 2 * (os.cpu_count() or 1), f"nothing was wrong: {lost}"
        print(f"no fault, but the machine had too much to do: {lost.what}")


def test_thirty_faults_are_each_told_once_and_survived(drive: Drive, wire: TcpProxy) -> None:
    returns = suffer(drive, wire, 30)
    print(f"30 faults, back after {max(returns):.1f} s at most")


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_five_hundred_faults_are_each_told_once_and_survived(drive: Drive, wire: TcpProxy) -> None:
    returns = sorted(suffer(drive, wire, 500))
    print(f"500 faults, back after {returns[250]:.1f} s (median), {returns[-1]:.1f} s (most)")


def test_a_stalled_camera_is_given_up_after_ten_seconds_and_comes_back(
    wire: TcpProxy,
) -> None:
    """The product's own limits, once."""
    capture = Capture(Camera("north", f"rtsp://127.0.0.1:{wire.port}/street"))
    drive = Drive(capture)
    capture.start()
    try:
        drive.until_opened()
        wire.set_fault(Fault.STALL)
        stalled = time.monotonic()
        # A busy machine may notice late, but nobody may give a camera up early.
        assert drive.until_lost(NOTICED_WITHIN_SECONDS).reason is LossReason.TIMEOUT
        given_up = time.monotonic() - stalled
        print(f"given up {given_up:.1f} s after the last picture")
        assert given_up > 9.0
        wire.set_fault(Fault.NONE)
        returned = time.monotonic()
        drive.until_opened(BACK_WITHIN_SECONDS)
        print(f"back after {time.monotonic() - returned:.1f} s")
    finally:
        capture.close()


def test_live_frames_carry_arrival_times_and_packets_are_counted(drive: Drive) -> None:
    drive.until_opened()
    begun_ns = time.monotonic_ns()
    drive.until(lambda: drive.frames >= 10)
    frame = drive.newest
    assert frame is not None
    assert begun_ns < frame.captured_monotonic_ns < time.monotonic_ns()
    assert abs(frame.captured_utc_ns - time.time_ns()) < 10_000_000_000
    counts = drive.capture.get_counts()
    assert counts.packets >= counts.frames_captured > 10
    assert counts.video_bytes > 1000


def test_a_camera_that_ends_its_stream_is_opened_again(rtsp_ports: tuple[int, int]) -> None:
    capture = Capture(Camera("north", f"rtsp://127.0.0.1:{rtsp_ports[0]}/short"))
    drive = Drive(capture)
    capture.start()
    try:
        drive.until_opened()
        assert drive.until_lost().reason is LossReason.ENDED
        drive.until_opened()
    finally:
        capture.close()


def test_the_right_password_opens_a_locked_camera(rtsp_ports: tuple[int, int]) -> None:
    source = f"rtsp://mayor:s3cr%3At@127.0.0.1:{rtsp_ports[1]}/locked"
    capture = Capture(Camera("north", source))
    drive = Drive(capture)
    capture.start()
    try:
        drive.until_opened()
        child = capture._child
        assert child is not None
        command_line = Path(f"/proc/{child.pid}/cmdline").read_text("utf-8")
        assert "s3cr" not in command_line, "every user of a machine can list command lines"
    finally:
        capture.close()
