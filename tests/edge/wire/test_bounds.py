"""What is refused on receipt, and in which words."""

from collections.abc import Callable

import pytest

from edge.wire import bounds
from edge.wire.v1 import event_pb2, session_pb2


def good_batch() -> event_pb2.Batch:
    return event_pb2.Batch(
        first_seq=10,
        captured_utc_ms=1_790_000_000_000,
        dictionary=2,
        events=[
            event_pb2.Event(rule=1, phase=event_pb2.PHASE_START),
            event_pb2.Event(rule=1, phase=event_pb2.PHASE_END, start_back=1),
        ],
    )


def good_dictionary() -> event_pb2.Dictionary:
    return event_pb2.Dictionary(
        number=2, rules=[event_pb2.Rule(name="yard", function=event_pb2.FUNCTION_INTRUSION)]
    )


def test_a_good_batch_has_no_problems() -> None:
    assert bounds.check_batch(good_batch()) == []


def test_unknown_enum_numbers_are_no_problem() -> None:
    batch = good_batch()
    batch.events[0].phase = 9  # type: ignore[assignment]
    batch.events[0].object_class = 99  # type: ignore[assignment]
    dictionary = good_dictionary()
    dictionary.rules[0].function = 999  # type: ignore[assignment]
    assert bounds.check_batch(batch) == []
    assert bounds.check_dictionary(dictionary) == []


def gap(**fields: int) -> event_pb2.Gap:
    return event_pb2.Gap(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (
            lambda batch: (batch.ClearField("first_seq"), batch.events.pop()),
            "Batch.first_seq is 0; seqs count from 1",
        ),
        (
            lambda batch: batch.ClearField("dictionary"),
            "Batch.dictionary is 0; dictionaries count from 1",
        ),
        (lambda batch: batch.ClearField("events"), "Batch.events holds 0, not 1 to 256"),
        (
            lambda batch: batch.events.extend([batch.events[0]] * 255),
            "Batch.events holds 257, not 1 to 256",
        ),
        (
            lambda batch: setattr(batch, "follows_seq", 10),
            "Batch.follows_seq 10 is not before 10",
        ),
        (
            lambda batch: setattr(batch.events[0], "rule", 0),
            "Batch.events[0].rule is 0; indices count from 1",
        ),
        (
            lambda batch: setattr(batch.events[1], "phase", 0),
            "Batch.events[1].phase is PHASE_UNSPECIFIED",
        ),
        (
            lambda batch: setattr(batch.events[0], "track", 0),
            "Batch.events[0].track is 0; tracks count from 1",
        ),
        (
            lambda batch: setattr(batch.events[0], "score_percent", 101),
            "Batch.events[0].score_percent is 101, over 100",
        ),
        (
            lambda batch: setattr(batch.events[0], "trace", b"\0" * 3),
            "Batch.events[0].trace is 3 bytes, not an even number up to 96",
        ),
        (
            lambda batch: setattr(batch.events[0], "start_back", 1),
            "Batch.events[0].start_back is set on a START",
        ),
        (
            lambda batch: setattr(batch.events[1], "start_back", 11),
            "Batch.events[1].start_back is 11 at seq 11",
        ),
        (
            lambda batch: setattr(batch.events[1], "start_back", 0),
            "Batch.events[1].start_back is 0 at seq 11",
        ),
        (
            lambda batch: batch.events[0].gap.CopyFrom(
                gap(first_seq=5, last_seq=4, missing=1, reason=1)
            ),
            "Batch.events[0].gap runs from seq 5 to 4",
        ),
        (
            lambda batch: batch.events[0].gap.CopyFrom(
                gap(first_seq=5, last_seq=9, missing=6, reason=1)
            ),
            "Batch.events[0].gap misses 6 events in seqs 5 to 9",
        ),
        (
            lambda batch: batch.events[0].gap.CopyFrom(gap(first_seq=5, last_seq=9, missing=5)),
            "Batch.events[0].gap.reason is GAP_REASON_UNSPECIFIED",
        ),
    ],
)
def test_a_bad_batch_is_told_what_is_wrong(
    spoil: Callable[[event_pb2.Batch], object], problem: str
) -> None:
    batch = good_batch()
    spoil(batch)
    assert bounds.check_batch(batch) == [problem]


def test_a_trace_beyond_its_bound_is_refused() -> None:
    batch = good_batch()
    batch.events[0].trace = b"\0" * 98
    assert bounds.check_batch(batch) == ["Batch.events.trace is 98 bytes, over 96"]


def test_a_batch_over_64_kib_is_refused() -> None:
    batch = good_batch()
    event = event_pb2.Event(rule=1, phase=event_pb2.PHASE_UPDATE, reason="r" * 64, trace=b"\0" * 96)
    batch.events.extend([event] * 254)
    for each in batch.events:
        each.MergeFromString(b"\xc2\x3e\x64" + b"n" * 100)  # a newer device's field
    assert bounds.check_batch(batch) == [f"Batch is {batch.ByteSize()} bytes, over 65536"]


def test_texts_are_measured_in_bytes_deep_inside_a_message() -> None:
    request = session_pb2.ConnectRequest(
        status=session_pb2.Status(cameras=[session_pb2.CameraStatus(camera="é" * 33)])
    )
    assert bounds.check(request) == ["ConnectRequest.status.cameras.camera is 66 bytes, over 64"]


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (
            lambda each: each.ClearField("number"),
            "Dictionary.number is 0; dictionaries count from 1",
        ),
        (lambda each: each.ClearField("rules"), "Dictionary.rules holds 0, not 1 to 512"),
        (
            lambda each: each.rules[0].ClearField("name"),
            "Dictionary.rules holds a rule without a name",
        ),
        (lambda each: each.rules.append(each.rules[0]), "Dictionary.rules names a rule twice"),
        (
            lambda each: each.rules[0].ClearField("function"),
            "Dictionary.rules holds a rule with FUNCTION_UNSPECIFIED",
        ),
    ],
)
def test_a_bad_dictionary_is_told_what_is_wrong(
    spoil: Callable[[event_pb2.Dictionary], object], problem: str
) -> None:
    dictionary = good_dictionary()
    spoil(dictionary)
    assert bounds.check_dictionary(dictionary) == [problem]
