"""A room's words to its starter, over a real datagram socket."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.service.watchdog import Watchdog
from tests.fakes.clock import FakeClock

SECOND_NS = 1_000_000_000


@pytest.fixture
def line(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as listening:
        listening.bind(str(tmp_path / "notify"))
        yield listening


def heard(line: socket.socket) -> list[bytes]:
    words = []
    while True:
        try:
            words.append(line.recv(100))
        except BlockingIOError:
            return words


def test_ready_and_stopping_are_said_at_once(line: socket.socket) -> None:
    watchdog = Watchdog(line.getsockname(), 0, FakeClock())
    watchdog.tell_ready()
    watchdog.tell_stopping()
    assert heard(line) == [b"READY=1", b"STOPPING=1"]


def test_progress_is_told_several_times_an_interval_and_not_with_every_frame(
    line: socket.socket,
) -> None:
    clock = FakeClock()
    watchdog = Watchdog(line.getsockname(), 4 * SECOND_NS, clock)
    for _ in range(40):
        watchdog.feed()
        clock.advance(0.1)
    assert heard(line) == [b"WATCHDOG=1"] * 4


def test_nobody_asked_for_progress_and_none_is_told(line: socket.socket) -> None:
    Watchdog(line.getsockname(), 0, FakeClock()).feed()
    assert heard(line) == []


def test_the_starters_wish_is_read_from_the_environment(line: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": line.getsockname(), "WATCHDOG_USEC": "10000000"}
    Watchdog.from_environment(environment, FakeClock()).feed()
    assert heard(line) == [b"WATCHDOG=1"]


@pytest.mark.parametrize("interval", ["", "-5", "soon"])
def test_an_interval_that_is_no_number_is_no_watchdog(line: socket.socket, interval: str) -> None:
    environment = {"NOTIFY_SOCKET": line.getsockname(), "WATCHDOG_USEC": interval}
    Watchdog.from_environment(environment, FakeClock()).feed()
    assert heard(line) == []


def test_a_starter_that_is_gone_does_not_end_the_work(tmp_path: Path) -> None:
    watchdog = Watchdog(str(tmp_path / "gone"), SECOND_NS, FakeClock())
    watchdog.tell_ready()
    watchdog.feed()


def test_an_abstract_address_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("")  # the kernel gives a name that is free
        name = listening.getsockname()[1:].decode()
        Watchdog(f"@{name}", 0, FakeClock()).tell_ready()
        assert listening.recv(100) == b"READY=1"
