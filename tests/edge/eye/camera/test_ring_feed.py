"""What a capture child sends to the vault: the camera's packets, encoded pictures, or nothing."""

import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import av
import numpy as np
import pytest
from av.container import InputContainer

from edge.eye.camera import Capture, CaptureOptions, Packet, RingDoor
from edge.eye.camera.ring_line import QUEUE_BYTES, RETRY_NS, RingLine
from edge.eye.camera.source import StreamFormat
from edge.site.model import Camera, Mask
from edge.wire.packets import SourceKind, StreamHello, StreamPacket, StreamRules, Unpacker
from tests.edge.eye.camera.driving import Drive
from tests.edge.eye.camera.films import Film, Picture, write_film
from tests.fakes.clock import FakeClock

FORMAT = StreamFormat("h264", b"", 320, 240, 1, 90_000)
RULES = StreamRules("aa" * 32, "bb" * 32)
DOOR = Mask("door", ((0.3, 0.2), (0.7, 0.2), (0.7, 0.7), (0.3, 0.7)))


class Listener:
    """The vault's end of the line: keeps what comes; may leave it lying."""

    def __init__(self, path: Path) -> None:
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(path))
        self._listening.listen(4)
        self.hellos: list[StreamHello] = []
        self.packets: list[StreamPacket] = []

    def accept(self) -> socket.socket:
        line, _ = self._listening.accept()
        return line

    def read_all(self, line: socket.socket, unpacker: Unpacker | None = None) -> None:
        unpacker = unpacker or Unpacker()
        while self.read_some(line, unpacker):
            pass

    def read_some(self, line: socket.socket, unpacker: Unpacker) -> bool:
        """Wait for bytes and keep what they complete; False at the line's end."""
        received = line.recv(1 << 16)
        for frame in unpacker.feed(received):
            kept = self.hellos if isinstance(frame, StreamHello) else self.packets
            kept.append(frame)  # type: ignore[arg-type]
        return bool(received)

    def serve(self) -> threading.Thread:
        """Read every connection until the listener is closed."""

        def run() -> None:
            while True:
                try:
                    line = self.accept()
                except OSError:
                    return
                with line:
                    self.read_all(line)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Safe twice."""
        if self._listening.fileno() >= 0:
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()


@pytest.fixture
def door(tmp_path: Path) -> Path:
    return tmp_path / "packets.sock"


@pytest.fixture
def vault(door: Path) -> Iterator[Listener]:
    listener = Listener(door)
    yield listener
    listener.close()


def capture(camera: Camera, door: Path, vault: Listener) -> None:
    """Run a recording through a real capture child to its end."""
    reader = vault.serve()
    running = Capture(camera, CaptureOptions(ring=RingDoor(str(door), RULES)))
    running.record(is_allowed=True)
    running.start()
    try:
        Drive(running).until(lambda: running.is_finished and not running.has_news())
    finally:
        running.close()
    vault.close()
    reader.join(60)


def decode(packets: list[StreamPacket]) -> list[Picture]:
    """The pictures in received packets, by a decoder of its own."""
    stream = io.BytesIO(b"".join(packet.encoded for packet in packets))
    with av.open(stream, "r", format="h264") as film:
        return luma_of(film)


def marked(number: int, width_px: int, height_px: int) -> Picture:
    """A dark picture with a bright square where the mask will be."""
    picture = np.full((height_px, width_px, 3), 30 + number, np.uint8)
    picture[80:140, 130:190] = 255
    return picture


def test_the_cameras_own_packets_reach_the_vault_untouched(
    tmp_path: Path, door: Path, vault: Listener
) -> None:
    path = write_film(tmp_path / "film.h264", Film())
    capture(Camera("north", f"file:{path}"), door, vault)
    (hello,) = vault.hellos
    assert (hello.camera, hello.codec, hello.source_kind) == ("north", "h264", SourceKind.FILE)
    assert b"".join(packet.encoded for packet in vault.packets) == path.read_bytes()
    assert vault.packets[0].is_key
    stamps = [packet.captured_utc_ns for packet in vault.packets]
    assert stamps == sorted(stamps)


def test_a_drawn_scene_is_encoded_once(door: Path, vault: Listener) -> None:
    reader = vault.serve()
    camera = Camera("north", "sim:street")
    running = Capture(camera, CaptureOptions(ring=RingDoor(str(door), RULES)))
    running.record(is_allowed=True)
    running.start()
    try:
        Drive(running).until(lambda: len(vault.packets) >= 10)
    finally:
        running.close()
    vault.close()
    reader.join(60)
    assert vault.hellos[0].source_kind is SourceKind.POLE
    assert vault.packets[0].is_key
    assert len(decode(vault.packets)) >= 9


def test_nothing_is_sent_of_a_masked_camera_unless_the_site_asks(
    tmp_path: Path, door: Path, vault: Listener
) -> None:
    path = write_film(tmp_path / "film.h264", Film(draw=marked))
    capture(Camera("north", f"file:{path}", masks=(DOOR,)), door, vault)
    assert vault.hellos == []
    assert vault.packets == []


def test_a_marker_under_a_mask_is_in_no_packet_of_a_masked_recording(
    tmp_path: Path, door: Path, vault: Listener
) -> None:
    path = write_film(tmp_path / "film.h264", Film(draw=marked, options={"crf": "1"}))
    camera = Camera("north", f"file:{path}", masks=(DOOR,), recording="masked")
    capture(camera, door, vault)
    (hello,) = vault.hellos
    assert hello.is_masked
    assert hello.source_kind is SourceKind.POLE
    pictures = decode(vault.packets)
    assert len(pictures) >= 24
    assert max(int(picture.max()) for picture in pictures) < 100
    # The same film without the mask shows the marker, so the search above can fail.
    assert max(int(each.max()) for each in decode_file(path)) > 200


def decode_file(path: Path) -> list[Picture]:
    with av.open(str(path), "r") as film:
        return luma_of(film)


def luma_of(film: InputContainer) -> list[Picture]:
    return [np.asarray(frame.to_ndarray(format="gray"), np.uint8) for frame in film.decode(video=0)]


def test_a_camera_that_records_nothing_has_no_line(
    tmp_path: Path, door: Path, vault: Listener
) -> None:
    path = write_film(tmp_path / "film.h264", Film())
    capture(Camera("north", f"file:{path}", recording="none"), door, vault)
    assert vault.hellos == []


def make_line(
    door: Path, clock: FakeClock, may_record: Callable[[], bool] = lambda: True
) -> RingLine:
    line = RingLine(
        door, "north", clock, rules=RULES, may_record=may_record, kind=SourceKind.CAMERA
    )
    line.begin(FORMAT)
    return line


def packet(size_bytes: int = 1000, *, is_key: bool = False) -> Packet:
    return Packet(bytes(size_bytes), is_key)


def test_without_a_vault_packets_are_counted_and_the_camera_goes_on(door: Path) -> None:
    line = make_line(door, FakeClock())
    for _ in range(5):
        line.take(packet(is_key=True))
    assert (line.counts.sent, line.counts.dropped) == (0, 5)


def test_what_may_not_be_recorded_is_announced_and_not_sent(door: Path) -> None:
    allowed = False
    line = make_line(door, FakeClock(), lambda: allowed)
    with closing(Listener(door)) as listener:
        for is_key in (True, False):
            line.take(packet(is_key=is_key))
        allowed = True
        for is_key in (False, True, False):
            line.take(packet(is_key=is_key))
        allowed = False
        line.take(packet(is_key=True))
        with listener.accept() as received:
            line.close()
            listener.read_all(received)
    assert [hello.rules for hello in listener.hellos] == [RULES]
    assert [(each.is_key, each.is_discontinuous) for each in listener.packets] == [
        (True, True),
        (False, False),
    ]
    assert (line.counts.sent, line.counts.dropped) == (2, 4)


def test_a_capture_child_sends_while_it_is_allowed_and_no_longer(
    door: Path, vault: Listener
) -> None:
    reader = vault.serve()
    running = Capture(
        Camera("north", "sim:street"), CaptureOptions(ring=RingDoor(str(door), RULES))
    )
    drive = Drive(running)
    running.start()
    try:
        drive.until(lambda: bool(vault.hellos) and running.get_counts().frames_captured >= 3)
        assert vault.packets == []
        running.record(is_allowed=True)
        drive.until(lambda: len(vault.packets) >= 3)
        running.record(is_allowed=False)
        # It may still send what was on its way: silent is who films on and sends nothing.
        sent, seen = len(vault.packets), running.get_counts().frames_captured

        def is_silent() -> bool:
            nonlocal sent, seen
            if len(vault.packets) > sent:
                sent, seen = len(vault.packets), running.get_counts().frames_captured
            return running.get_counts().frames_captured >= seen + 9

        drive.until(is_silent)
    finally:
        running.close()
    vault.close()
    reader.join(60)


def test_a_vault_that_comes_later_gets_everything_from_the_next_key_picture(door: Path) -> None:
    clock = FakeClock()
    line = make_line(door, clock)
    line.take(packet(is_key=True))
    listener = Listener(door)
    clock.advance(RETRY_NS / 1e9)
    for is_key in (False, True, False):
        line.take(packet(is_key=is_key))
    with listener.accept() as received:
        line.close()
        listener.read_all(received)
    listener.close()
    assert [(each.is_key, each.is_discontinuous) for each in listener.packets] == [
        (True, True),
        (False, False),
    ]


def test_a_vault_that_does_not_read_costs_packets_and_is_told_of_the_hole(door: Path) -> None:
    listener = Listener(door)
    line = make_line(door, FakeClock())
    big = 1 << 20
    line.take(packet(big, is_key=True))
    for _ in range(2 * QUEUE_BYTES // big):
        line.take(packet(big))
    assert line.counts.dropped > QUEUE_BYTES // big // 2
    with listener.accept() as received:
        unpacker = Unpacker()
        # In turns, so that nobody waits for the other: the queue is full, so there is always
        # something to read, and what was read makes room for what is taken.
        while not any(each.is_discontinuous for each in listener.packets[1:]):
            assert listener.read_some(received, unpacker)
            line.take(packet(is_key=True))
        line.close()
        listener.read_all(received, unpacker)
    listener.close()
    holes = [each for each in listener.packets[1:] if each.is_discontinuous]
    assert len(holes) == 1
    assert holes[0].is_key


def test_a_vault_that_dies_is_found_again(door: Path) -> None:
    clock = FakeClock()
    first = Listener(door)
    line = make_line(door, clock)
    line.take(packet(is_key=True))
    first.accept().close()
    first.close()
    door.unlink()
    second = Listener(door)
    for _ in range(3):
        line.take(packet(is_key=True))
    clock.advance(RETRY_NS / 1e9)
    line.take(packet(is_key=True))
    with second.accept() as received:
        line.close()
        second.read_all(received)
    second.close()
    assert len(second.hellos) == 1
    assert len(second.packets) >= 1
