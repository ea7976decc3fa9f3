"""Packets between capture child and vault: whole whatever the pieces, refused when they lie."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.wire import packets
from edge.wire.packets import (
    MAX_PACKET_BYTES,
    PacketError,
    SourceKind,
    StreamHello,
    StreamPacket,
    StreamRules,
    Unpacker,
    pack_hello,
    pack_packet_head,
)

HELLO = StreamHello(
    camera="north",
    codec="h264",
    extradata=b"\x01\x64",
    width_px=1920,
    height_px=1080,
    time_base_num=1,
    time_base_den=90_000,
    is_masked=False,
    source_kind=SourceKind.CAMERA,
    rules=StreamRules("ab" * 32, "cd" * 32),
)
PACKET = StreamPacket(
    encoded=b"\x00\x00\x00\x01\x65picture",
    is_key=True,
    is_discontinuous=False,
    pts=3_600,
    dts=-3_600,
    duration=3_600,
    captured_utc_ns=1_790_000_000_000_000_000,
    captured_monotonic_ns=77,
    clock_error_ms=None,
)


def wire(*frames: StreamHello | StreamPacket) -> bytes:
    return b"".join(
        pack_hello(each) if isinstance(each, StreamHello) else pack_packet_head(each) + each.encoded
        for each in frames
    )


stamps = st.none() | st.integers(-(2**62), 2**62)
any_packet = st.builds(
    StreamPacket,
    encoded=st.binary(min_size=1, max_size=300),
    is_key=st.booleans(),
    is_discontinuous=st.booleans(),
    pts=stamps,
    dts=stamps,
    duration=st.integers(0, 2**32 - 1),
    captured_utc_ns=st.integers(0, 2**63),
    captured_monotonic_ns=st.integers(0, 2**63),
    clock_error_ms=st.none() | st.integers(0, 2**32 - 2),
)


@settings(max_examples=60)
@given(st.lists(any_packet, max_size=6), st.integers(1, 400))
def test_frames_come_out_as_they_went_in_whatever_the_pieces(
    sent: list[StreamPacket], piece_bytes: int
) -> None:
    row = wire(HELLO, *sent)
    unpacker = Unpacker()
    got = [
        frame
        for start in range(0, len(row), piece_bytes)
        for frame in unpacker.feed(row[start : start + piece_bytes])
    ]
    assert got == [HELLO, *sent]
    assert unpacker.waiting_bytes == 0


def test_a_stream_that_begins_anew_says_hello_again() -> None:
    other = replace(HELLO, width_px=640, height_px=480)
    assert list(Unpacker().feed(wire(HELLO, PACKET, other, PACKET))) == [
        HELLO,
        PACKET,
        other,
        PACKET,
    ]


def test_a_frame_that_is_cut_off_is_not_given() -> None:
    unpacker = Unpacker()
    assert list(unpacker.feed(wire(HELLO, PACKET)[:-1])) == [HELLO]
    assert unpacker.waiting_bytes > 0


def body_changed(frame: bytes, place: int, content: bytes) -> bytes:
    return frame[:place] + content + frame[place + len(content) :]


@pytest.mark.parametrize(
    ("received", "message"),
    [
        pytest.param(wire(PACKET), "the first frame is no hello", id="no hello"),
        pytest.param(b"GET / HTTP/1.1\r\n", "a frame of 542393671 bytes", id="another protocol"),
        pytest.param(struct.pack("<IB", 0, 2), "a frame of 0 bytes", id="empty frame"),
        pytest.param(
            struct.pack("<IB", MAX_PACKET_BYTES * 2, 2), "a frame of 16777216 bytes", id="huge"
        ),
        pytest.param(
            body_changed(wire(HELLO), 5, b"EVIL"), "the hello is not one of a", id="magic"
        ),
        pytest.param(body_changed(wire(HELLO), 9, b"\x07"), "of version 7, this vault", id="new"),
        pytest.param(
            body_changed(wire(HELLO), 11, b"\0\0"), "a picture of 0x1080 cannot be", id="no width"
        ),
        pytest.param(
            body_changed(wire(HELLO), 15, bytes(4)), "a time base of 0/90000", id="time base"
        ),
        pytest.param(
            body_changed(wire(HELLO), 24, b"\x09"), "the hello cannot be read", id="source kind"
        ),
        pytest.param(
            body_changed(wire(HELLO), 25, b"\x06"), "lengths do not add up", id="name too long"
        ),
        pytest.param(
            wire(HELLO) + struct.pack("<IB", 1, 9), "frame kind 9 is unknown", id="unknown kind"
        ),
        pytest.param(
            wire(HELLO) + struct.pack("<IB", 5, 2) + b"abcd", "without a picture", id="empty packet"
        ),
    ],
)
def test_what_no_capture_child_sends_is_refused(received: bytes, message: str) -> None:
    with pytest.raises(PacketError, match=message):
        list(Unpacker().feed(received))


def test_what_the_reader_would_refuse_is_not_sent() -> None:
    with pytest.raises(PacketError, match="over the limit or empty"):
        pack_packet_head(replace(PACKET, encoded=b""))
    with pytest.raises(PacketError, match="over 64 bytes"):
        pack_hello(replace(HELLO, camera="n" * 65))
    with pytest.raises(PacketError, match="are over the limit"):
        pack_hello(replace(HELLO, extradata=bytes(packets.MAX_EXTRADATA_BYTES + 1)))
