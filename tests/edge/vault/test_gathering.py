"""Fragments: whole groups of pictures, two seconds at most, and nothing between them unnamed."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.vault.fragment import Fragment, Gap, GapReason
from edge.vault.gathering import LARGEST_BYTES, LONGEST_NS, Context, Gatherer
from edge.wire.packets import StreamPacket
from tests.edge.vault.scenes import Movie, invented
from tests.fakes.mandates import CAMERA

START_NS = 1_790_000_000_000_000_000
NTP = "kernel_ntp"


def gathered(movie: Movie, gatherer: Gatherer | None = None) -> list[Fragment]:
    gatherer = gatherer or Gatherer(CAMERA)
    done = gatherer.begin(movie.hello)
    for packet in movie.packets:
        done += gatherer.take(packet, Context(packet.captured_utc_ns, NTP, 1))
    return done + gatherer.flush()


def played(frames: int, group: int) -> Movie:
    return invented(frames, group=group).from_moment(START_NS, 0)


def changed(movie: Movie, place: int, **changes: object) -> Movie:
    packets = list(movie.packets)
    packets[place] = replace(packets[place], **changes)  # type: ignore[arg-type]
    return Movie(movie.hello, tuple(packets))


def lengths(fragments: Sequence[Fragment]) -> list[int]:
    return [len(each.rows) for each in fragments]


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        pytest.param(50, [50, 50, 50], id="groups of two seconds"),
        pytest.param(25, [50, 50, 50], id="two groups of a second"),
        pytest.param(15, [45, 45, 45, 15], id="three groups of 0.6 seconds"),
        pytest.param(1, [51, 51, 48], id="every picture is a key"),
    ],
)
def test_a_fragment_is_whole_groups_of_at_most_two_seconds(group: int, expected: list[int]) -> None:
    fragments = gathered(played(150, group))
    assert lengths(fragments) == expected
    assert all(each.starts_at_key and not each.is_split for each in fragments)
    assert all(each.gap is None for each in fragments)


def test_a_longer_group_is_divided_evenly_and_says_so() -> None:
    fragments = gathered(played(300, 100))
    assert lengths(fragments) == [51, 49, 50, 50, 50, 50]
    assert [each.starts_at_key for each in fragments] == [True, False] * 3
    assert [each.is_split for each in fragments] == [False, True] * 3


def test_a_group_without_end_is_divided_every_two_seconds() -> None:
    fragments = gathered(played(200, 10_000))
    assert lengths(fragments) == [51, 51, 51, 47]
    assert [each.starts_at_key for each in fragments] == [True, False, False, False]


def test_a_fragment_never_holds_more_bytes_than_fit() -> None:
    movie = invented(5, group=5, size_bytes=LARGEST_BYTES // 2 - 400).from_moment(START_NS, 0)
    fragments = gathered(movie)
    assert all(len(each.samples) <= LARGEST_BYTES for each in fragments)
    assert lengths(fragments) == [2, 2, 1]
    assert [each.is_split for each in fragments] == [False, True, True]


def test_packets_that_were_dropped_before_begin_a_fragment_that_names_it() -> None:
    fragments = gathered(changed(played(40, 20), 20, is_discontinuous=True))
    assert lengths(fragments) == [20, 20]
    assert [each.gap for each in fragments] == [None, Gap(GapReason.PACKETS_DROPPED)]


def test_a_stream_that_begins_anew_is_named_and_goes_on() -> None:
    gatherer = Gatherer(CAMERA)
    first = gathered(played(30, 30), gatherer)
    later = invented(30, group=30).from_moment(START_NS + 10 * 10**9, 10 * 10**9)
    second = gathered(later, gatherer)
    assert [each.gap for each in [*first, *second]] == [None, Gap(GapReason.CAMERA_SILENT)]
    assert second[0].rows[0].dts == 0


def test_a_clock_set_forwards_begins_a_fragment_that_names_it() -> None:
    movie = played(50, 50)
    packets = list(movie.packets)
    for place in range(30, 50):
        utc_ns = packets[place].captured_utc_ns + 3_600 * 10**9
        packets[place] = replace(packets[place], captured_utc_ns=utc_ns)
    fragments = gathered(Movie(movie.hello, tuple(packets)))
    assert lengths(fragments) == [30, 20]
    assert fragments[1].gap == Gap(GapReason.CLOCK_STEPPED)
    assert fragments[1].first_utc_ns - fragments[0].last_utc_ns > 3_599 * 10**9
    assert not fragments[1].starts_at_key


def test_the_worst_error_of_its_packets_is_the_fragments() -> None:
    fragments = gathered(changed(played(20, 20), 7, clock_error_ms=90))
    assert fragments[0].clock_error_ms == 90
    assert fragments[0].clock_source == NTP
    # A sender that does not know leaves it to the vault's own proof.
    assert gathered(changed(played(20, 20), 7, clock_error_ms=None))[0].clock_error_ms == 7


@pytest.mark.parametrize(
    "stamps",
    [
        pytest.param([(None, None)] * 6, id="none"),
        pytest.param([(0, 0)] * 6, id="all the same"),
        pytest.param([(9, 9), (5, 5), (1, 1), (0, 0), (-3, -3), (-9, -9)], id="backwards"),
        pytest.param([(0, 0), (2**40, 2**40), (1, 1), (2**62, 2**62), (2, 2), (3, 3)], id="wild"),
        pytest.param([(2**63 - 1, 2**63 - 1)] * 6, id="no time stamp at all"),
        pytest.param([(7_200, 0), (3_600, 3_600), (None, 7_200), (5, None)] + [(0, 0)] * 2, id="b"),
    ],
)
def test_decode_times_grow_whatever_the_stream_says(
    stamps: list[tuple[int | None, int | None]],
) -> None:
    movie = played(6, 6)
    packets = tuple(
        replace(packet, pts=pts, dts=dts, duration=0)
        for packet, (pts, dts) in zip(movie.packets, stamps, strict=True)
    )
    rows = [row for each in gathered(Movie(movie.hello, packets)) for row in each.rows]
    times = [row.dts for row in rows]
    assert times == sorted(set(times))
    assert all(row.pts >= row.dts for row in rows)
    assert len(rows) == 6


def a_packet(number: int, *, is_key: bool, drop: bool, step_ns: int) -> StreamPacket:
    packet = invented(1).packets[0]
    return replace(
        packet,
        encoded=number.to_bytes(4, "big"),
        is_key=is_key,
        is_discontinuous=drop,
        captured_utc_ns=START_NS + step_ns,
        captured_monotonic_ns=step_ns,
    )


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.booleans(), st.booleans(), st.integers(1, 3 * 10**9)), min_size=1, max_size=80
    )
)
def test_every_packet_is_in_one_fragment_in_order(steps: list[tuple[bool, bool, int]]) -> None:
    now_ns = 0
    packets = []
    for number, (is_key, drop, passed_ns) in enumerate(steps):
        now_ns += passed_ns
        packets.append(a_packet(number, is_key=is_key, drop=drop, step_ns=now_ns))
    fragments = gathered(Movie(invented(1).hello, tuple(packets)))
    assert b"".join(each.samples for each in fragments) == b"".join(
        packet.encoded for packet in packets
    )
    for each in fragments:
        assert each.stream.ticks_to_ns(each.rows[-1].dts - each.rows[0].dts) <= LONGEST_NS
        assert each.last_utc_ns - each.first_utc_ns <= LONGEST_NS + 10**9
