"""The session's states and the table of what may follow what.

Rules for editing: a pair that stands here is legal and names every state it may lead to, with
the condition; a pair that does not stand here is illegal, and `get_fault` says whose fault it then
is. The manual's diagram is drawn from this table (`tools/reference`), and a test walks
every pair. What happens on the way stands in `session.py`.
"""

from collections.abc import Mapping
from enum import Enum

from edge.link.dialogue import (
    Acked,
    BatchesReady,
    ChannelReady,
    Closed,
    CommandReceived,
    Input,
    Opened,
    Performed,
    SpoolRang,
    StatusDue,
    StatusTaken,
    Stop,
    Tick,
    TimeAsked,
    TimeStated,
    UpdateTold,
    Welcomed,
)


class State(Enum):
    """Where a session stands between a pole and its collector."""

    WAITING = "waiting"
    """No stream; the next attempt has its time."""
    OPENING = "opening"
    """The shell is opening a stream."""
    GREETING = "greeting"
    """Hello is sent, Welcome is awaited."""
    STREAMING = "streaming"
    """Batches go up, acks and commands come down."""
    CLOSING = "closing"
    """We asked for the end of the stream; of what still arrives on it, only acks count."""
    STOPPED = "stopped"
    """The process ends; nothing more is sent."""


class Fault(Enum):
    """Who is wrong when an input comes in a state where it may not."""

    LOCAL = "local"
    PEER = "peer"


_W, _O, _G, _S, _C, _X = State

_FROM_PEER = (Welcomed, Acked, CommandReceived, TimeStated)
_WITH_STREAM = (State.GREETING, State.STREAMING)


def get_fault(state: State, kind: type[Input]) -> Fault:
    """Whose fault an illegal pair is: the peer's only for a message on a stream that is open."""
    is_message = kind in _FROM_PEER and state in _WITH_STREAM
    return Fault.PEER if is_message else Fault.LOCAL


TRANSITIONS: Mapping[tuple[State, type[Input]], Mapping[State, str]] = {
    (_W, Tick): {_W: "too early", _O: "the time has come"},
    (_W, SpoolRang): {_W: ""},
    (_W, BatchesReady): {_W: "read for a stream that is gone"},
    (_W, StatusDue): {_W: ""},
    (_W, StatusTaken): {_W: "taken for a stream that is gone"},
    (_W, Performed): {_W: ""},
    (_W, ChannelReady): {_O: "no reason to wait any longer"},
    (_W, TimeAsked): {_W: "no stream to ask on"},
    (_W, UpdateTold): {_W: "told on the next stream"},
    (_W, Stop): {_X: ""},
    (_O, Tick): {_O: ""},
    (_O, Opened): {_G: "hello"},
    (_O, Closed): {_W: "could not be opened"},
    (_O, SpoolRang): {_O: ""},
    (_O, BatchesReady): {_O: "read for a stream that is gone"},
    (_O, StatusDue): {_O: ""},
    (_O, StatusTaken): {_O: "taken for a stream that is gone"},
    (_O, Performed): {_O: ""},
    (_O, ChannelReady): {_O: "the next stream takes it"},
    (_O, TimeAsked): {_O: "no stream to ask on"},
    (_O, UpdateTold): {_O: "told on the next stream"},
    (_O, Stop): {_C: ""},
    (_G, Tick): {_G: "", _C: "no welcome in time"},
    (_G, Welcomed): {_S: "fetch", _C: "a welcome that cannot be"},
    (_G, Closed): {_W: "refused or cut"},
    (_G, SpoolRang): {_G: ""},
    (_G, BatchesReady): {_G: "read for a stream that is gone"},
    (_G, StatusDue): {_G: ""},
    (_G, StatusTaken): {_G: "taken for a stream that is gone"},
    (_G, Performed): {_G: ""},
    (_G, ChannelReady): {_C: "move"},
    (_G, TimeAsked): {_G: "asked again later"},
    (_G, UpdateTold): {_G: "told again later"},
    (_G, Stop): {_C: ""},
    (_S, Tick): {_S: "", _C: "no ack in time"},
    (_S, Acked): {_S: "delete, fetch", _C: "an ack that cannot be"},
    (_S, CommandReceived): {_S: "perform or answer", _C: "a command without an id"},
    (_S, Closed): {_W: "cut"},
    (_S, SpoolRang): {_S: "fetch"},
    (_S, BatchesReady): {_S: "send", _C: "the spool began a new epoch"},
    (_S, StatusDue): {_S: "take a status"},
    (_S, StatusTaken): {_S: "send"},
    (_S, Performed): {_S: "remember, answer"},
    (_S, ChannelReady): {_C: "move"},
    (_S, TimeAsked): {_S: "ask"},
    (_S, UpdateTold): {_S: "send"},
    (_S, TimeStated): {_S: "pass on"},
    (_S, Stop): {_C: ""},
    (_C, Tick): {_C: ""},
    (_C, Opened): {_C: "opened after the stop"},
    (_C, Welcomed): {_C: ""},
    (_C, Acked): {_C: "delete"},
    (_C, CommandReceived): {_C: ""},
    (_C, Closed): {_W: "after an error", _O: "moved", _X: "stopped"},
    (_C, SpoolRang): {_C: ""},
    (_C, BatchesReady): {_C: ""},
    (_C, StatusDue): {_C: ""},
    (_C, StatusTaken): {_C: ""},
    (_C, Performed): {_C: ""},
    (_C, ChannelReady): {_C: ""},
    (_C, TimeAsked): {_C: ""},
    (_C, UpdateTold): {_C: ""},
    (_C, TimeStated): {_C: ""},
    (_C, Stop): {_C: ""},
    (_X, Tick): {_X: ""},
    (_X, SpoolRang): {_X: ""},
    (_X, BatchesReady): {_X: ""},
    (_X, StatusDue): {_X: ""},
    (_X, StatusTaken): {_X: ""},
    (_X, Performed): {_X: ""},
    (_X, ChannelReady): {_X: ""},
    (_X, TimeAsked): {_X: ""},
    (_X, UpdateTold): {_X: ""},
    (_X, Stop): {_X: ""},
}
