"""The packet socket: one connection a camera, and no caller harms another's."""

import selectors
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import pytest

from edge.vault.fragment import GapReason
from edge.vault.intake import MAX_CONNECTIONS, Intake
from edge.vault.recorder import Recorder
from edge.wire.packets import StreamHello, StreamPacket, pack_hello, pack_packet_head
from tests.edge.vault.scenes import FPS, Movie, Pole, invented


@dataclass(frozen=True, slots=True)
class Door:
    """A vault's intake, turned by hand."""

    pole: Pole
    recorder: Recorder
    intake: Intake
    selector: selectors.BaseSelector

    def turn(self) -> None:
        """Look at everything that is ready, until nothing is."""
        while ready := self.selector.select(0):
            for key, _ in ready:
                key.data()

    def call(self) -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        line.connect(str(self.pole.places.socket))
        return line

    def is_hung_up(self, line: socket.socket) -> bool:
        self.turn()
        line.setblocking(False)
        try:
            return line.recv(1) == b""
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True


@pytest.fixture
def door(pole: Pole) -> Iterator[Door]:
    recorder = pole.record()
    with selectors.DefaultSelector() as selector:
        intake = Intake(pole.places.socket, recorder, selector)
        yield Door(pole, recorder, intake, selector)
        intake.close()
    recorder.close()


def wire(hello: StreamHello, packets: tuple[StreamPacket, ...]) -> bytes:
    frames = [pack_packet_head(each) + each.encoded for each in packets]
    return pack_hello(hello) + b"".join(frames)


def now(door: Door, frames: int = FPS) -> Movie:
    clock = door.pole.clock
    return invented(frames).from_moment(clock.utc_ns(), clock.monotonic_ns())


def finish(door: Door) -> None:
    door.turn()
    assert door.recorder.settle(30)


def test_the_socket_is_for_the_eyes_group_only(door: Door) -> None:
    assert stat.S_IMODE(door.pole.places.socket.stat().st_mode) == 0o660


def test_a_second_connection_of_a_camera_takes_over_and_the_gap_is_named(door: Door) -> None:
    movie = now(door, 20)
    with closing(door.call()) as first, closing(door.call()) as second:
        first.sendall(wire(movie.hello, movie.packets[:10]))
        door.turn()
        second.sendall(wire(movie.hello, movie.packets[10:]))
        assert door.is_hung_up(first)
        assert not door.is_hung_up(second)
    finish(door)
    gaps = [header.gap.reason if header.gap else None for header in door.pole.headers()]
    assert gaps == [None, GapReason.CAMERA_SILENT]
    assert [header.samples for header in door.pole.headers()] == [10, 10]


def garbage(movie: Movie) -> bytes:
    return wire(movie.hello, movie.packets[:5]) + b"\xff" * 64


def no_hello(movie: Movie) -> bytes:
    return wire(movie.hello, movie.packets[:1])[len(pack_hello(movie.hello)) :]


def a_path(movie: Movie) -> bytes:
    return wire(replace(movie.hello, camera="../keys"), ())


def another_name(movie: Movie) -> bytes:
    return wire(movie.hello, movie.packets[:5]) + pack_hello(replace(movie.hello, camera="south"))


def broken_sets(movie: Movie) -> bytes:
    return wire(replace(movie.hello, codec="h264", extradata=b"\x01\x02"), ())


@pytest.mark.parametrize("sent", [garbage, no_hello, a_path, another_name, broken_sets])
def test_who_sends_what_no_child_sends_is_hung_up_on_and_harms_nobody(
    door: Door, sent: Callable[[Movie], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    movie = now(door)
    with closing(door.call()) as bad, closing(door.call()) as good:
        bad.sendall(sent(movie))
        assert door.is_hung_up(bad)
        good.sendall(wire(movie.hello, movie.packets))
        assert not door.is_hung_up(good)
    finish(door)
    assert "packets_refused" in caplog.text
    assert sum(header.samples for header in door.pole.headers()) >= FPS
    assert sorted(each.name for each in door.pole.places.ring.iterdir()) == ["north", "ring.id"]


def test_a_packet_that_is_cut_off_costs_itself_only(door: Door) -> None:
    movie = now(door)
    with closing(door.call()) as line:
        line.sendall(wire(movie.hello, movie.packets)[:-7])
    finish(door)
    assert [header.samples for header in door.pole.headers()] == [FPS - 1]


def test_more_callers_than_there_can_be_cameras_are_refused(door: Door) -> None:
    lines = [door.call() for _ in range(MAX_CONNECTIONS)]
    door.turn()
    try:
        with closing(door.call()) as late:
            assert door.is_hung_up(late)
        assert not door.is_hung_up(lines[0])
    finally:
        for line in lines:
            line.close()


def test_more_names_than_there_can_be_cameras_are_refused(door: Door) -> None:
    movie = now(door)
    for number in range(MAX_CONNECTIONS):
        with closing(door.call()) as line:
            line.sendall(pack_hello(replace(movie.hello, camera=f"camera-{number}")))
        door.turn()
    with closing(door.call()) as line:
        line.sendall(pack_hello(movie.hello))
        assert door.is_hung_up(line)


def test_a_socket_that_a_dead_vault_left_is_replaced(pole: Pole) -> None:
    pole.places.socket.parent.mkdir(parents=True)
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(pole.places.socket))
    left.close()
    recorder = pole.record()
    with selectors.DefaultSelector() as selector:
        intake = Intake(pole.places.socket, recorder, selector)
        door = Door(pole, recorder, intake, selector)
        with closing(door.call()) as line:
            assert not door.is_hung_up(line)
        door.turn()
        intake.close()
    recorder.close()
