"""Canonical samples: whatever a camera sends, the ring keeps what an MP4 wants."""

from dataclasses import replace
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.vault import units
from edge.vault.canon import Canon
from edge.vault.units import DIALECTS, H264, H265, UnitError
from tests.edge.vault.scenes import Movie, filmed

CODECS = {"libx264": ("h264", "h264"), "libx265": ("hevc", "hevc")}
START_CODES = (b"\x00\x00\x01", b"\x00\x00\x00\x01")


def with_start_codes(movie: Movie) -> list[bytes]:
    return [
        b"".join(START_CODES[1] + unit for unit in units.split_lengths(packet.encoded))
        for packet in movie.packets
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.mark.parametrize("codec", CODECS)
def test_start_codes_and_lengths_come_out_as_the_same_samples(folder: Path, codec: str) -> None:
    movie = filmed(folder, codec)
    plain = Canon(movie.hello)
    expected = [plain.convert(packet.encoded) for packet in movie.packets]
    assert expected == [packet.encoded for packet in movie.packets]
    _, sets = units.read_record(movie.hello.extradata, DIALECTS[movie.hello.codec])
    coded = Canon(replace(movie.hello, extradata=b"".join(START_CODES[0] + each for each in sets)))
    assert [coded.convert(each) for each in with_start_codes(movie)] == expected
    assert coded.stream == plain.stream


@pytest.mark.parametrize("codec", CODECS)
def test_parameter_sets_that_come_within_the_stream_make_the_record(
    folder: Path, codec: str
) -> None:
    container = CODECS[codec][1]
    movie = filmed(folder, codec, container)
    canon = Canon(replace(movie.hello, extradata=b""))
    samples = [canon.convert(packet.encoded) for packet in movie.packets]
    whole = filmed(folder, codec)
    dialect = DIALECTS[movie.hello.codec]
    assert canon.stream.extradata == Canon(whole.hello).stream.extradata
    assert units.read_record(canon.stream.extradata, dialect) == units.read_record(
        whole.hello.extradata, dialect
    )
    assert [units.split_lengths(each) for each in samples]


def test_the_record_is_the_one_that_ffmpeg_writes(folder: Path) -> None:
    movie = filmed(folder)
    _, sets = units.read_record(movie.hello.extradata, H264)
    assert units.make_record(sets, H264) == movie.hello.extradata


def test_shorter_lengths_become_four_bytes(folder: Path) -> None:
    movie = filmed(folder)
    short = bytearray(movie.hello.extradata)
    short[4] = 0xFC | 1
    canon = Canon(replace(movie.hello, extradata=bytes(short)))
    packet = movie.packets[1].encoded
    two = b"".join(len(each).to_bytes(2, "big") + each for each in units.split_lengths(packet))
    assert canon.convert(two) == packet
    assert canon.stream.extradata[4] == 0xFC | 3


def test_samples_decode_after_the_change(folder: Path) -> None:
    movie = filmed(folder, "libx264", "h264")
    canon = Canon(replace(movie.hello, extradata=b""))
    samples = [canon.convert(packet.encoded) for packet in movie.packets]
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = canon.stream.extradata
    frames = [frame for each in samples for frame in decoder.decode(av.Packet(each))]
    assert len(frames) + len(decoder.decode(None)) == len(samples)


def test_other_parameter_sets_begin_another_stream(folder: Path) -> None:
    first = filmed(folder, "libx264", "h264")
    second = filmed(folder, "libx264", "h264", width_px=176)
    canon = Canon(replace(first.hello, extradata=b""))
    canon.convert(first.packets[0].encoded)
    before = canon.stream
    canon.convert(first.packets[1].encoded)
    assert canon.stream == before
    canon.convert(second.packets[0].encoded)
    assert canon.stream.extradata != before.extradata


@pytest.mark.parametrize("dialect", [H264, H265])
@given(content=st.binary(max_size=80))
def test_garbage_is_refused_and_breaks_nothing(dialect: units.Dialect, content: bytes) -> None:
    for read in (
        units.split_annex_b,
        units.split_lengths,
        lambda each: units.read_record(each, dialect),
        lambda each: units.make_record([each[:40], each[40:]], dialect),
    ):
        try:
            read(content)
        except UnitError:
            continue


def test_zeros_behind_a_unit_belong_to_the_next_start_code() -> None:
    encoded = b"\x00\x00\x00\x01\x67ab\x00\x00\x00\x00\x01\x68cd\x00\x00\x01\x65ef\x00"
    assert units.split_annex_b(encoded) == [b"\x67ab", b"\x68cd", b"\x65ef"]


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        pytest.param(b"\x00\x00\x00\x09ab", "its lengths do not add up", id="runs over"),
        pytest.param(b"\x00\x00\x00\x00", "its lengths do not add up", id="empty unit"),
        pytest.param(b"", "there is no unit in it", id="nothing"),
    ],
)
def test_lengths_that_lie_are_refused(folder: Path, encoded: bytes, message: str) -> None:
    with pytest.raises(UnitError, match=message):
        Canon(filmed(folder).hello).convert(encoded)


def test_without_parameter_sets_nothing_can_be_kept(folder: Path) -> None:
    movie = filmed(folder, "libx264", "h264")
    canon = Canon(replace(movie.hello, extradata=b""))
    with pytest.raises(UnitError, match="no parameter sets came before it"):
        canon.convert(movie.packets[1].encoded)
