"""The pole's half of the session: a state machine without I/O, clock or thread.

The shell tells it what happened (`receive`) and does what comes back, in order. At least once
on the wire: whatever was not acked is sent again on the next stream, from the seq the collector
welcomes us with. What may follow what stands in `transitions.py`; the words in `dialogue.py`.

Weak spot, known: a status or a question for the time may be lost with its stream; the next one
replaces it. What becomes of commands stands in `commands.py`.
"""

import random
from collections.abc import Callable, Iterable

from edge.errors import Kind, VigieError
from edge.link import dialogue as said
from edge.link.backoff import Backoff
from edge.link.commands import Commands
from edge.link.greeting import UPDATE_BOTH, Introduction, PeerError, check_welcome
from edge.link.ledger import Ledger
from edge.link.transitions import TRANSITIONS, Fault, State, get_fault
from edge.link.window import Window
from edge.wire.v1 import session_pb2

# How long the collector may be silent where it owes us a word. A saturated uplink delivers late,
# so both are above the keepalive time-out of 30 s.
WELCOME_WITHIN_NS = 45_000_000_000
ACK_WITHIN_NS = 60_000_000_000
# A status is sent at least this often (design section 9, proto: at most one a minute otherwise).
STATUS_EVERY_NS = 60_000_000_000

# What was on its way when we asked for the end says nothing any more; acks still do.
_IGNORED_WHEN_CLOSING = (said.Opened, said.Welcomed, said.CommandReceived, said.TimeStated)


class LocalError(VigieError):
    """The shell gave an input that cannot come now: a defect of ours."""


class Session:
    """One pole's session over all its streams. Belongs to one task; nothing here blocks."""

    def __init__(self, pole: Introduction, *, rng: random.Random, ledger: Ledger) -> None:
        self._pole = pole
        self._backoff = Backoff(rng)
        self._commands = Commands(pole.software, ledger)
        self._state = State.WAITING
        self._now_ns = 0
        self._retry_at_ns = 0
        self._after_close = State.WAITING
        self._fetch_number = 0
        self._holdings = said.Holdings(0, 0, 0)
        self._window = Window(0, 0)
        self._begin_stream()

    @property
    def state(self) -> State:
        """Where the session stands."""
        return self._state

    @property
    def unacked_batches(self) -> int:
        """How many batches are under way without an ack; never more than the window."""
        return self._window.unacked_batches

    def receive(self, happened: said.Input) -> list[said.Output]:
        """Take one input and give what is to be done, in order.

        Raises:
            PeerError: the collector broke the protocol; end the stream and give Closed.
            LocalError: the shell did; a defect.

        """
        before = self._state
        row = TRANSITIONS.get((before, type(happened)))
        if row is None:
            raise self._get_refusal(happened)
        if before is State.CLOSING and isinstance(happened, _IGNORED_WHEN_CLOSING):
            return []
        try:
            outputs = list(self._handle(happened))
        except PeerError:
            self._enter_closing(State.WAITING)
            raise
        if self._state not in row:
            raise LocalError(Kind.INTERNAL, f"{before} may not become {self._state}")
        return outputs

    def _get_refusal(self, happened: said.Input) -> VigieError:
        pair = f"{type(happened).__name__} in state {self._state.value}"
        if get_fault(self._state, type(happened)) is Fault.LOCAL:
            return LocalError(Kind.INTERNAL, f"the link gave its session {pair}")
        self._enter_closing(State.WAITING)
        return PeerError(Kind.INTERNAL, f"the collector sent {pair}", hint=UPDATE_BOTH)

    def _handle(self, happened: said.Input) -> Iterable[said.Output]:
        handlers: dict[type, Callable[..., Iterable[said.Output]]] = {
            said.Tick: self._on_tick,
            said.Opened: self._on_opened,
            said.Welcomed: self._on_welcomed,
            said.Acked: self._on_acked,
            said.CommandReceived: self._on_command,
            said.Closed: self._on_closed,
            said.SpoolRang: self._on_spool_rang,
            said.BatchesReady: self._on_batches,
            said.StatusDue: self._on_status_due,
            said.StatusTaken: self._on_status_taken,
            said.Performed: self._on_performed,
            said.ChannelReady: self._on_channel_ready,
            said.TimeAsked: self._on_time_asked,
            said.UpdateTold: self._on_update_told,
            said.TimeStated: self._on_time_stated,
            said.Stop: self._on_stop,
        }
        return handlers[type(happened)](happened)

    # Time.

    def _on_tick(self, tick: said.Tick) -> Iterable[said.Output]:
        self._now_ns = max(self._now_ns, tick.now_ns)
        if self._state is State.WAITING and self._now_ns >= self._retry_at_ns:
            self._state = State.OPENING
            return [said.Open()]
        if self._state is State.GREETING and self._is_late(self._hello_at_ns, WELCOME_WITHIN_NS):
            return self._close(said.Because.NO_WELCOME)
        if self._state is State.STREAMING:
            return self._on_tick_streaming()
        return []

    def _on_tick_streaming(self) -> Iterable[said.Output]:
        if self._window.unacked_batches and self._is_late(self._progress_at_ns, ACK_WITHIN_NS):
            return self._close(said.Because.NO_ACK)
        if self._is_late(self._status_at_ns, STATUS_EVERY_NS):
            return self._on_status_due()
        return []

    def _is_late(self, since_ns: int, within_ns: int) -> bool:
        return self._now_ns - since_ns >= within_ns

    # The stream's beginning and end.

    def _begin_stream(self) -> None:
        self._window = Window(0, 0)
        self._has_fetch_open = False
        self._has_more = False
        self._dictionaries_sent: set[int] = set()
        self._hello_at_ns = self._progress_at_ns = self._status_at_ns = self._now_ns

    def _on_opened(self, opened: said.Opened) -> Iterable[said.Output]:
        self._begin_stream()
        self._holdings = opened.holdings
        self._state = State.GREETING
        hello = self._pole.make_hello(opened.holdings)
        return [said.Send(session_pb2.ConnectRequest(hello=hello))]

    def _on_welcomed(self, welcomed: said.Welcomed) -> Iterable[said.Output]:
        welcome = welcomed.welcome
        check_welcome(welcome, self._holdings)
        self._state = State.STREAMING
        self._window = Window(welcome.stored_seq, welcome.window_batches)
        self._progress_at_ns = self._now_ns
        outputs: list[said.Output] = []
        if welcome.stored_seq:
            outputs.append(said.Delete(self._holdings.epoch, welcome.stored_seq))
        return [*outputs, *self._on_status_due(), *self._fetch()]

    def _on_closed(self, closed: said.Closed) -> Iterable[said.Output]:
        goes_to = self._after_close if self._state is State.CLOSING else State.WAITING
        self._window, self._state = Window(0, 0), goes_to
        if goes_to is State.OPENING:
            return [said.Open()]
        if goes_to is State.STOPPED:
            return []
        after_ns = self._backoff.draw_ns(refused=closed.kind is Kind.PERMISSION_DENIED)
        self._retry_at_ns = self._now_ns + after_ns
        return [said.Retry(after_ns)]

    def _close(self, because: said.Because, then: State = State.WAITING) -> list[said.Output]:
        self._enter_closing(then)
        return [said.Close(because)]

    def _enter_closing(self, then: State) -> None:
        if self._state in {State.OPENING, State.GREETING, State.STREAMING}:
            self._state = State.CLOSING
            self._after_close = then

    def _on_channel_ready(self, _: said.ChannelReady) -> Iterable[said.Output]:
        if self._state in {State.GREETING, State.STREAMING}:
            return self._close(said.Because.MOVED, State.OPENING)
        if self._state is State.WAITING:
            self._state = State.OPENING
            return [said.Open()]
        return []

    def _on_stop(self, _: said.Stop) -> Iterable[said.Output]:
        self._after_close = State.STOPPED
        if self._state is State.WAITING:
            self._state = State.STOPPED
            return []
        if self._state in {State.CLOSING, State.STOPPED}:
            return []
        return self._close(said.Because.STOPPED, State.STOPPED)

    # Batches up, acks down.

    def _fetch(self) -> list[said.Output]:
        if self._has_fetch_open or not self._window.has_room:
            self._has_more = True
            return []
        self._has_fetch_open = True
        self._has_more = False
        self._fetch_number += 1
        window = self._window
        return [said.Fetch(self._fetch_number, window.sent_seq, window.room_batches)]

    def _on_spool_rang(self, _: said.SpoolRang) -> Iterable[said.Output]:
        return self._fetch() if self._state is State.STREAMING else []

    def _on_batches(self, ready: said.BatchesReady) -> Iterable[said.Output]:
        if self._state is not State.STREAMING or ready.number != self._fetch_number:
            return []
        self._has_fetch_open = False
        if ready.epoch != self._holdings.epoch:
            return self._close(said.Because.NEW_EPOCH, State.OPENING)
        outputs: list[said.Output] = []
        for spooled in ready.batches:
            if not self._window.has_room:
                self._has_more = True
                break
            outputs += self._send_batch(spooled, ready)
        if ready.batches or self._has_more:
            outputs += self._fetch()
        return outputs

    def _send_batch(self, spooled: said.Spooled, ready: said.BatchesReady) -> Iterable[said.Output]:
        if spooled.last_seq <= self._window.sent_seq:
            raise LocalError(Kind.INTERNAL, f"the spool gave seq {spooled.last_seq} again")
        request = session_pb2.ConnectRequest(batch=spooled.batch)
        if spooled.first_seq > self._window.sent_seq + 1:
            request.batch.follows_seq = self._window.sent_seq
        outputs: list[said.Output] = []
        number = spooled.batch.dictionary
        if number not in self._dictionaries_sent and number in ready.dictionaries:
            self._dictionaries_sent.add(number)
            declared = session_pb2.ConnectRequest(dictionary=ready.dictionaries[number])
            outputs.append(said.Send(declared))
        if not self._window.unacked_batches:
            self._progress_at_ns = self._now_ns
        self._window.add(spooled.last_seq, request.ByteSize())
        return [*outputs, said.Send(request)]

    def _on_acked(self, acked: said.Acked) -> Iterable[said.Output]:
        if acked.stored_seq > self._window.sent_seq:
            if self._state is State.CLOSING:
                return []
            raise PeerError(
                Kind.INTERNAL,
                f"the collector acknowledged seq {acked.stored_seq}, "
                f"but only {self._window.sent_seq} was sent",
                hint=UPDATE_BOTH,
            )
        if not self._window.remove(acked.stored_seq):
            return []
        self._progress_at_ns = self._now_ns
        self._backoff.reset()
        outputs: list[said.Output] = [said.Delete(self._holdings.epoch, acked.stored_seq)]
        is_going_on = self._state is State.STREAMING and self._has_more
        return outputs + (self._fetch() if is_going_on else [])

    # Status, time and commands.

    def _on_status_due(self, _: said.StatusDue | None = None) -> list[said.Output]:
        if self._state is not State.STREAMING:
            return []
        self._status_at_ns = self._now_ns
        return [said.TakeStatus()]

    def _on_status_taken(self, taken: said.StatusTaken) -> Iterable[said.Output]:
        return self._say(session_pb2.ConnectRequest(status=taken.status))

    def _on_time_asked(self, asked: said.TimeAsked) -> Iterable[said.Output]:
        question = session_pb2.TimeQuestion(nonce=asked.nonce)
        return self._say(session_pb2.ConnectRequest(time_question=question))

    def _on_update_told(self, told: said.UpdateTold) -> Iterable[said.Output]:
        return self._say(session_pb2.ConnectRequest(update_report=told.report))

    def _say(self, message: session_pb2.ConnectRequest) -> list[said.Output]:
        """What is lost without a stream is said again on the next one."""
        return [said.Send(message)] if self._state is State.STREAMING else []

    def _on_time_stated(self, stated: said.TimeStated) -> Iterable[said.Output]:
        return [said.PassTime(stated.statement)]

    def _on_command(self, received: said.CommandReceived) -> Iterable[said.Output]:
        outputs = self._commands.take(received.command)
        self._status_at_ns = self._now_ns if said.TakeStatus() in outputs else self._status_at_ns
        return outputs

    def _on_performed(self, performed: said.Performed) -> Iterable[said.Output]:
        return self._commands.finish(performed.answer, has_stream=self._state is State.STREAMING)
