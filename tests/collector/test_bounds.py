"""The quick look passes nothing that the full check would refuse."""

from hypothesis import given
from hypothesis import strategies as st

from collector.bounds import find_problems, is_plain
from edge.wire.bounds import check_batch
from edge.wire.v1 import event_pb2
from tests.collector.conftest import make_batch

SMALL = st.integers(0, 3)


@st.composite
def events(draw: st.DrawFn) -> event_pb2.Event:
    event = event_pb2.Event(
        rule=draw(SMALL),
        phase=event_pb2.Phase.ValueType(draw(SMALL)),
        trace=bytes(draw(st.sampled_from((0, 1, 8, 96, 97, 98)))),
        reason=draw(st.sampled_from(("", "timeout", "é" * 40))),
    )
    if draw(st.booleans()):
        event.track = draw(SMALL)
    if draw(st.booleans()):
        event.score_percent = draw(st.integers(98, 102))
    if draw(st.booleans()):
        event.start_back = draw(SMALL)
    if draw(st.booleans()):
        event.gap.CopyFrom(event_pb2.Gap(first_seq=draw(SMALL), last_seq=draw(SMALL)))
    return event


@given(first_seq=SMALL, dictionary=SMALL, content=st.lists(events(), max_size=3))
def test_what_looks_plain_is_in_order(
    first_seq: int, dictionary: int, content: list[event_pb2.Event]
) -> None:
    batch = event_pb2.Batch(first_seq=first_seq, dictionary=dictionary, events=content)
    if is_plain(batch):
        assert check_batch(batch) == []
    assert find_problems(batch) == check_batch(batch)


def test_the_usual_batch_looks_plain() -> None:
    assert is_plain(make_batch(1, 256))


def test_too_many_events_do_not_look_plain() -> None:
    assert not is_plain(make_batch(1, 257))
