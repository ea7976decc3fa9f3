"""Events between the eye's form and the wire's."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import VigieError
from edge.wire.codec import decode_event, encode_event, pack_box, unpack_box
from edge.wire.event import Box, Event, Gap, ObjectClass, Phase
from edge.wire.v1 import event_pb2

BASE_UTC_MS = 1_790_000_000_000
FULL = Event(
    captured_utc_ms=BASE_UTC_MS + 40,
    rule="yard",
    phase=Phase.PHASE_UPDATE,
    incident=7,
    object_class=ObjectClass.OBJECT_CLASS_PERSON,
    box=Box(0.25, 0.5, 0.3125, 1.0),
    track=12,
    score_percent=87,
    duration_ms=20_500,
    trace=b"\x02\x00\x03\xff\x02\x00\x01\x01",
    measured=-3,
    reason="timeout",
)
fractions = st.floats(0.0, 1.0)


def test_the_bytes_on_the_wire_are_the_agreed_ones() -> None:
    message = encode_event(FULL, rule=3, captured_utc_ms=BASE_UTC_MS, start_back=5)
    assert message.SerializeToString(deterministic=True).hex() == (
        "0828"  # captured_delta_ms 40
        "1003"  # rule 3
        "1802"  # UPDATE
        "2001"  # person
        "29ffff005000800040"  # box: 0x4000 0x8000 0x5000 0xffff
        "300c"  # track 12
        "3857"  # score 87
        "4094a001"  # 20,500 ms
        "4a08020003ff02000101"  # trace
        "5005"  # the START is five seqs back
        "5805"  # measured -3, zigzag
        "620774696d656f7574"  # timeout
    )


def test_a_gap_reaches_the_wire() -> None:
    event = Event(
        BASE_UTC_MS,
        "health/spool_gap",
        Phase.PHASE_START,
        1,
        gap=Gap(3, 9, 7, event_pb2.GAP_REASON_QUOTA),
    )
    message = encode_event(event, rule=1, captured_utc_ms=BASE_UTC_MS)
    assert message.SerializeToString(deterministic=True).hex() == "100118016a080803100918072001"
    assert (
        decode_event(message, captured_utc_ms=BASE_UTC_MS, rule="health/spool_gap", incident=1)
        == event
    )


def test_everything_comes_back() -> None:
    message = encode_event(FULL, rule=3, captured_utc_ms=BASE_UTC_MS)
    found = decode_event(message, captured_utc_ms=BASE_UTC_MS, rule="yard", incident=7)
    assert found.box is not None
    assert FULL.box is not None
    assert found.box == pytest.approx(FULL.box, abs=1 / 131_070)
    assert replace(found, box=FULL.box) == FULL


def test_what_is_absent_stays_absent() -> None:
    event = Event(BASE_UTC_MS, "yard", Phase.PHASE_START, 1)
    message = encode_event(event, rule=1, captured_utc_ms=BASE_UTC_MS)
    assert message.SerializeToString().hex() == "10011801"
    assert decode_event(message, captured_utc_ms=BASE_UTC_MS, rule="yard", incident=1) == event


def test_zero_is_not_absence() -> None:
    event = Event(
        BASE_UTC_MS, "yard", Phase.PHASE_START, 1, box=Box(0, 0, 0, 0), score_percent=0, measured=0
    )
    message = encode_event(event, rule=1, captured_utc_ms=BASE_UTC_MS)
    found = decode_event(message, captured_utc_ms=BASE_UTC_MS, rule="yard", incident=1)
    assert (found.box, found.score_percent, found.measured) == (Box(0, 0, 0, 0), 0, 0)


@given(fractions, fractions, fractions, fractions)
def test_a_box_comes_back_within_half_a_step(
    left: float, top: float, right: float, bottom: float
) -> None:
    box = Box(left, top, right, bottom)
    assert unpack_box(pack_box(box)) == pytest.approx(box, abs=1 / 131_000)


def test_a_box_beyond_the_frame_is_clipped_to_it() -> None:
    assert unpack_box(pack_box(Box(-0.5, -1.0, 1.5, 2.0))) == Box(0.0, 0.0, 1.0, 1.0)


def test_an_unknown_class_comes_back_as_its_number() -> None:
    message = event_pb2.Event(rule=1, phase=event_pb2.PHASE_START)
    message.object_class = 99  # type: ignore[assignment]
    found = decode_event(message, captured_utc_ms=BASE_UTC_MS, rule="yard", incident=1)
    assert found.object_class == 99


@pytest.mark.parametrize(
    ("event", "message"),
    [
        pytest.param(
            replace(FULL, captured_utc_ms=BASE_UTC_MS - 1),
            "yard: event of incident 7 was captured -1 ms after its batch",
            id="before its batch",
        ),
        pytest.param(
            replace(FULL, captured_utc_ms=BASE_UTC_MS + 2**32),
            "yard: event of incident 7 was captured 4294967296 ms after its batch",
            id="too long after its batch",
        ),
        pytest.param(
            replace(FULL, trace=b"\0" * 98),
            "yard: event of incident 7 has a trace of 98 bytes, over 96",
            id="trace too long",
        ),
    ],
)
def test_what_does_not_fit_is_refused(event: Event, message: str) -> None:
    with pytest.raises(VigieError) as refused:
        encode_event(event, rule=1, captured_utc_ms=BASE_UTC_MS)
    assert str(refused.value) == message
