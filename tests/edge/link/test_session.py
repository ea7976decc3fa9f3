"""The session machine: every pair of state and input, and what each rule of it promises."""

import itertools
import random
from collections.abc import Callable
from typing import get_args

import pytest

from edge.errors import Kind
from edge.link import dialogue as said
from edge.link.greeting import Introduction, PeerError
from edge.link.ledger import MAX_ANSWERS, Ledger
from edge.link.session import (
    ACK_WITHIN_NS,
    STATUS_EVERY_NS,
    WELCOME_WITHIN_NS,
    LocalError,
    Session,
)
from edge.link.transitions import TRANSITIONS, Fault, State, get_fault
from edge.wire.v1 import event_pb2, session_pb2, update_pb2

EPOCH = 7
DONE = session_pb2.ANSWER_CODE_DONE
REPORT = session_pb2.Command(id=5, report_status=session_pb2.ReportStatus())
RENEW = session_pb2.Command(id=6, renew_certificate=session_pb2.RenewCertificate())

INPUTS: dict[type[said.Input], said.Input] = {
    said.Tick: said.Tick(1),
    said.Opened: said.Opened(said.Holdings(EPOCH, 100, 1)),
    said.Welcomed: said.Welcomed(
        session_pb2.Welcome(wire_version=1, stored_seq=0, window_batches=4)
    ),
    said.Acked: said.Acked(0),
    said.CommandReceived: said.CommandReceived(REPORT),
    said.Closed: said.Closed(Kind.UNAVAILABLE),
    said.SpoolRang: said.SpoolRang(),
    said.BatchesReady: said.BatchesReady(99, EPOCH, (), {}),
    said.StatusDue: said.StatusDue(),
    said.StatusTaken: said.StatusTaken(session_pb2.Status()),
    said.Performed: said.Performed(session_pb2.Answer(id=6, code=DONE)),
    said.ChannelReady: said.ChannelReady(),
    said.TimeAsked: said.TimeAsked(bytes(16)),
    said.UpdateTold: said.UpdateTold(update_pb2.UpdateReport(version="2")),
    said.TimeStated: said.TimeStated(session_pb2.TimeStatement(nonce=bytes(16))),
    said.Stop: said.Stop(),
}


def _make_session(state: State = State.STREAMING, ledger: Ledger | None = None) -> Session:
    """A session that was led into a state by proper inputs."""
    session = Session(
        Introduction("pole", "0.1.0"), rng=random.Random(1), ledger=ledger or Ledger()
    )
    path: dict[State, list[type[said.Input]]] = {
        State.WAITING: [],
        State.OPENING: [said.Tick],
        State.GREETING: [said.Tick, said.Opened],
        State.STREAMING: [said.Tick, said.Opened, said.Welcomed],
        State.CLOSING: [said.Tick, said.Opened, said.Stop],
        State.STOPPED: [said.Stop],
    }
    for kind in path[state]:
        session.receive(INPUTS[kind])
    assert session.state is state
    return session


def _spooled(first_seq: int, count: int = 1, dictionary: int = 2) -> said.Spooled:
    batch = event_pb2.Batch(first_seq=first_seq, dictionary=dictionary)
    batch.events.extend(event_pb2.Event(rule=1) for _ in range(count))
    return said.Spooled(first_seq, first_seq + count - 1, batch)


def _fill(session: Session, *batches: said.Spooled) -> list[said.Output]:
    """Answer the session's newest fetch."""
    return session.receive(said.BatchesReady(session._fetch_number, EPOCH, batches, {}))


def _sent(outputs: list[said.Output], content: str) -> list[session_pb2.ConnectRequest]:
    sends = [output.message for output in outputs if isinstance(output, said.Send)]
    return [message for message in sends if message.WhichOneof("content") == content]


def _name(each: State | type[said.Input]) -> str:
    return each.name if isinstance(each, State) else each.__name__


PAIRS = list(itertools.product(State, get_args(said.Input)))


@pytest.mark.parametrize(("state", "kind"), PAIRS, ids=_name)
def test_every_pair_goes_where_the_table_says_or_names_whose_fault_it_is(
    state: State, kind: type[said.Input]
) -> None:
    session = _make_session(state)
    allowed = TRANSITIONS.get((state, kind))
    if allowed is not None:
        session.receive(INPUTS[kind])
        assert session.state in allowed
        return
    wrong = PeerError if get_fault(state, kind) is Fault.PEER else LocalError
    with pytest.raises(wrong):
        session.receive(INPUTS[kind])
    assert session.state is (State.CLOSING if wrong is PeerError else state)


REACH: dict[tuple[State, type[said.Input], State], Callable[[Session], object]] = {
    (State.WAITING, said.Tick, State.WAITING): lambda session: (
        session.receive(said.Tick(0)),
        session.receive(said.Closed(Kind.PERMISSION_DENIED)),
        session.receive(said.Tick(0)),
    ),
    (State.GREETING, said.Tick, State.CLOSING): lambda session: session.receive(
        said.Tick(WELCOME_WITHIN_NS + 1)
    ),
    (State.STREAMING, said.Tick, State.CLOSING): lambda session: (
        _fill(session, _spooled(1)),
        session.receive(said.Tick(ACK_WITHIN_NS + 1)),
    ),
    (State.STREAMING, said.BatchesReady, State.CLOSING): lambda session: session.receive(
        said.BatchesReady(session._fetch_number, EPOCH + 1, (), {})
    ),
    (State.CLOSING, said.Closed, State.STOPPED): lambda session: session.receive(
        INPUTS[said.Closed]
    ),
}


@pytest.mark.parametrize("pair", REACH, ids=lambda pair: f"{pair[0].name}-{pair[2].name}")
def test_the_less_usual_ends_of_a_pair_are_reached_too(
    pair: tuple[State, type[said.Input], State],
) -> None:
    session = _make_session(pair[0])
    REACH[pair](session)
    assert session.state is pair[2]
    assert pair[2] in TRANSITIONS[pair[0], pair[1]]


def test_the_window_of_the_welcome_bounds_what_is_under_way() -> None:
    session = _make_session()
    outputs = _fill(session, *(_spooled(seq) for seq in range(1, 10)))
    assert [message.batch.first_seq for message in _sent(outputs, "batch")] == [1, 2, 3, 4]
    assert not any(isinstance(output, said.Fetch) for output in outputs)
    outputs = session.receive(said.Acked(2))
    assert outputs == [said.Delete(EPOCH, 2), said.Fetch(2, 4, 2)]


def test_large_batches_are_bounded_by_bytes_too() -> None:
    session = _make_session(State.GREETING)
    session.receive(
        said.Welcomed(session_pb2.Welcome(wire_version=1, stored_seq=0, window_batches=64))
    )
    large = [_spooled(seq) for seq in range(1, 30)]
    for each in large:
        each.batch.events[0].trace = bytes(60_000)
    assert len(_sent(_fill(session, *large), "batch")) == 9


def test_an_ack_of_what_was_never_sent_is_the_peers_error() -> None:
    session = _make_session()
    _fill(session, _spooled(1))
    with pytest.raises(PeerError, match="acknowledged seq 2, but only 1 was sent"):
        session.receive(said.Acked(2))
    assert session.state is State.CLOSING


def test_an_ack_that_comes_late_or_twice_changes_nothing() -> None:
    session = _make_session()
    _fill(session, _spooled(1), _spooled(2))
    session.receive(said.Acked(2))
    assert session.receive(said.Acked(1)) == []
    assert session.receive(said.Acked(2)) == []


def test_batches_read_for_an_older_stream_are_not_sent() -> None:
    session = _make_session()
    number = session._fetch_number
    session.receive(INPUTS[said.Closed])
    session.receive(said.Tick(1 << 50))
    session.receive(INPUTS[said.Opened])
    session.receive(INPUTS[said.Welcomed])
    stale = said.BatchesReady(number, EPOCH, (_spooled(50),), {})
    assert session.receive(stale) == []


def test_a_hole_in_the_spool_is_said_with_the_batch_after_it() -> None:
    session = _make_session()
    outputs = _fill(session, _spooled(1), _spooled(10))
    first, second = _sent(outputs, "batch")
    assert not first.batch.HasField("follows_seq")
    assert second.batch.follows_seq == 1


def test_a_dictionary_is_sent_once_a_stream_and_before_its_first_batch() -> None:
    session = _make_session()
    known = {2: event_pb2.Dictionary(number=2), 3: event_pb2.Dictionary(number=3)}
    batches = (_spooled(1), _spooled(2), _spooled(3, dictionary=3))
    outputs = session.receive(said.BatchesReady(session._fetch_number, EPOCH, batches, known))
    contents = [
        output.message.WhichOneof("content") for output in outputs if isinstance(output, said.Send)
    ]
    assert contents == ["dictionary", "batch", "batch", "dictionary", "batch"]


@pytest.mark.parametrize(
    ("welcome", "message"),
    [
        (
            session_pb2.Welcome(wire_version=0, window_batches=4),
            "the collector speaks version 0 of the session, this device speaks 1 to 1",
        ),
        (
            session_pb2.Welcome(wire_version=1, window_batches=0),
            "the collector offers a window of 0 batches, allowed are 1 to 64",
        ),
        (
            session_pb2.Welcome(wire_version=1, window_batches=65),
            "the collector offers a window of 65 batches, allowed are 1 to 64",
        ),
        (
            session_pb2.Welcome(wire_version=1, window_batches=4, stored_seq=101),
            "the collector has seq 101 of this epoch, but the spool only ever gave 100",
        ),
    ],
)
def test_a_welcome_that_cannot_be_is_refused(welcome: session_pb2.Welcome, message: str) -> None:
    session = _make_session(State.GREETING)
    with pytest.raises(PeerError) as refused:
        session.receive(said.Welcomed(welcome))
    assert refused.value.what == message
    assert session.state is State.CLOSING


def test_a_welcome_frees_the_spool_of_what_is_stored_already() -> None:
    session = _make_session(State.GREETING)
    welcome = session_pb2.Welcome(wire_version=1, window_batches=4, stored_seq=40)
    outputs = session.receive(said.Welcomed(welcome))
    assert outputs == [said.Delete(EPOCH, 40), said.TakeStatus(), said.Fetch(1, 40, 4)]


def test_a_status_is_taken_at_least_once_a_minute() -> None:
    session = _make_session()
    assert session.receive(said.Tick(STATUS_EVERY_NS - 1)) == []
    assert session.receive(said.Tick(STATUS_EVERY_NS + 1)) == [said.TakeStatus()]
    assert session.receive(said.Tick(STATUS_EVERY_NS + 2)) == []


def test_a_command_is_done_once_remembered_before_answered_and_answered_again() -> None:
    session = _make_session()
    assert session.receive(said.CommandReceived(RENEW)) == [said.Perform(RENEW)]
    assert session.receive(said.CommandReceived(RENEW)) == []
    outputs = session.receive(said.Performed(session_pb2.Answer(id=6, code=DONE)))
    assert isinstance(outputs[0], said.Remember)
    assert _sent(outputs[1:], "answer")
    again = session.receive(said.CommandReceived(RENEW))
    assert _sent(again, "answer")
    assert len(again) == 1


def test_a_command_of_a_newer_collector_is_answered_as_unknown() -> None:
    outputs = _make_session().receive(said.CommandReceived(session_pb2.Command(id=9)))
    (message,) = _sent(outputs, "answer")
    assert message.answer.code == session_pb2.ANSWER_CODE_UNKNOWN


def test_the_time_is_asked_on_an_open_stream_only_and_passed_on_unread() -> None:
    for state in State:
        sent = _sent(_make_session(state).receive(said.TimeAsked(b"n" * 16)), "time_question")
        assert len(sent) == (state is State.STREAMING)
    (question,) = _sent(_make_session().receive(said.TimeAsked(b"n" * 16)), "time_question")
    assert question.time_question.nonce == b"n" * 16
    statement = session_pb2.TimeStatement(nonce=b"n" * 16, utc_ms=1, signature=b"s" * 64)
    assert _make_session().receive(said.TimeStated(statement)) == [said.PassTime(statement)]


def test_the_ledger_keeps_the_newest_answers_only() -> None:
    ledger = Ledger()
    for number in range(1, MAX_ANSWERS + 3):
        ledger.finish(session_pb2.Answer(id=number, code=DONE))
    assert ledger.get_answer(2) is None
    assert ledger.get_answer(3) is not None
    assert len(ledger.answers) == MAX_ANSWERS


def test_retries_spread_over_all_of_a_bound_that_doubles_up_to_a_minute() -> None:
    bounds_s = (1, 2, 4, 8, 16, 32, 60, 60)
    draws: list[list[float]] = [[] for _ in bounds_s]
    for seed in range(200):
        session = Session(Introduction("pole", "0.1.0"), rng=random.Random(seed), ledger=Ledger())
        now_ns = 0
        for place, _ in enumerate(bounds_s):
            session.receive(said.Tick(now_ns))
            (retry,) = session.receive(said.Closed(Kind.UNAVAILABLE))
            assert isinstance(retry, said.Retry)
            draws[place].append(retry.after_ns / 1e9)
            now_ns += retry.after_ns
    for bound_s, drawn in zip(bounds_s, draws, strict=True):
        assert max(drawn) <= bound_s
        assert min(drawn) < bound_s * 0.1
        assert max(drawn) > bound_s * 0.9


def test_moving_to_a_new_channel_opens_at_once_and_sends_again_what_was_not_acked() -> None:
    session = _make_session()
    _fill(session, _spooled(1), _spooled(2))
    assert session.receive(said.ChannelReady()) == [said.Close(said.Because.MOVED)]
    assert session.receive(said.Closed(Kind.UNAVAILABLE)) == [said.Open()]
    session.receive(INPUTS[said.Opened])
    outputs = session.receive(INPUTS[said.Welcomed])
    assert outputs[-1] == said.Fetch(3, 0, 4)


def test_a_session_that_was_stopped_says_nothing_more() -> None:
    session = _make_session()
    assert session.receive(said.Stop()) == [said.Close(said.Because.STOPPED)]
    assert session.receive(said.Closed(Kind.UNAVAILABLE)) == []
    assert session.receive(said.Tick(1 << 60)) == []
    assert session.state is State.STOPPED
