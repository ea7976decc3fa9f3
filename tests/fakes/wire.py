"""A pole and a collector joined by a wire that loses, repeats, reorders and cuts.

Both halves are the real ones: `edge.link.session` over a real spool file, `collector.ingest` over
a real database. Only the wire and the time are made up. One seed, one history.
"""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from collector.ingest import Ingest
from collector.ledger import SqliteLedger
from collector.schema import open_writer
from collector.store import Delivery
from edge.errors import Kind
from edge.link import dialogue as said
from edge.link.greeting import Introduction, PeerError
from edge.link.ledger import Ledger
from edge.link.session import Session
from edge.spool.database import Database, SqliteDatabase
from edge.spool.spool import Packed, Spool
from edge.wire.v1 import event_pb2, session_pb2
from tests.fakes.clock import FakeClock

DEVICE = "north-gate"
SECOND_NS = 1_000_000_000
WINDOW_BATCHES = 8


@dataclass(frozen=True, slots=True)
class Weather:
    """What the wire does to messages. Chances are per message, times in seconds.

    A TCP stream neither loses nor repeats nor reorders inside itself; this wire may, to prove
    that nothing hangs on it.
    """

    lose_chance: float = 0.0
    repeat_chance: float = 0.0
    reorder_chance: float = 0.0
    cut_every_s: float = 600.0
    collector_dies_every_s: float = 3600.0
    pole_dies_every_s: float = 7200.0
    event_every_s: float = 30.0


class CollectorHalf:
    """The collector's side of streams: the real ingest core, acks after commit."""

    def __init__(self, path: Path, clock: FakeClock) -> None:
        self._connection = open_writer(path)
        self._connection.execute("PRAGMA synchronous=OFF")
        self._clock = clock
        self._ingest = self._start()

    def _start(self) -> Ingest:
        newest = self._connection.execute("SELECT max(number) FROM events").fetchone()[0]
        return Ingest(self._clock, (newest or 0) + 1)

    def die(self) -> None:
        """Lose everything that is not committed."""
        self._ingest = self._start()

    def answer(
        self, epoch: int, message: session_pb2.ConnectRequest
    ) -> session_pb2.ConnectResponse | None:
        """What comes back to one message, after its commit."""
        content = message.WhichOneof("content")
        if content == "hello":
            stored_seq = self._ingest.open_epoch(SqliteLedger(self._connection), DEVICE, epoch)
            welcome = session_pb2.Welcome(
                wire_version=1, stored_seq=stored_seq, window_batches=WINDOW_BATCHES
            )
            return session_pb2.ConnectResponse(welcome=welcome)
        if content == "batch":
            self._connection.execute("BEGIN IMMEDIATE")
            delivery = Delivery(DEVICE, epoch, message.batch)
            (committed,) = self._ingest.store(SqliteLedger(self._connection), [delivery])
            self._connection.execute("COMMIT")
            return session_pb2.ConnectResponse(ack=session_pb2.Ack(stored_seq=committed.stored_seq))
        return None

    def read_stored(self) -> list[tuple[int, bytes]]:
        """(seq, body) of every stored event in the order in which they were numbered."""
        found = self._connection.execute("SELECT seq, body FROM events ORDER BY number")
        return [(int(seq), bytes(body)) for seq, body in found]


class Simulation:
    """Runs a pole, a wire and a collector through simulated time."""

    def __init__(self, folder: Path, seed: int, weather: Weather) -> None:
        self._rng = random.Random(seed)
        self._weather = weather
        self._clock = FakeClock()
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._spool_path = folder / "spool.db"
        self._spool = self._open_spool()
        self.collector = CollectorHalf(folder / "collector.db", self._clock)
        self.accepted: list[bytes] = []
        self.most_unacked = 0
        self.cuts = 0
        self._stream = 0
        self._is_cut = True
        self._session = self._make_session()
        self._is_raining = True

    def run(self, seconds: float) -> None:
        """Let time pass in bad weather, then let the sun shine until nothing waits."""
        for act, every_s in (
            (self._append, self._weather.event_every_s),
            (self._cut, self._weather.cut_every_s),
            (self._kill_collector, self._weather.collector_dies_every_s),
            (self._kill_pole, self._weather.pole_dies_every_s),
        ):
            self._repeat(act, every_s)
        self._tick()
        self._run_until(seconds)
        self._is_raining = False
        self._run_until(seconds + 600.0)

    def read_pending(self) -> int:
        """How many seqs still wait on the pole."""
        return self._spool.pending().seqs

    # Time.

    def _run_until(self, seconds: float) -> None:
        end_ns = round(seconds * SECOND_NS)
        while self._agenda and self._agenda[0][0] <= end_ns:
            when_ns, _, act = heapq.heappop(self._agenda)
            self._clock.advance((when_ns - self._clock.monotonic_ns()) / 1e9)
            act()

    def _at(self, after_s: float, act: Callable[[], None]) -> None:
        when_ns = self._clock.monotonic_ns() + round(after_s * SECOND_NS)
        heapq.heappush(self._agenda, (when_ns, next(self._order), act))

    def _repeat(self, act: Callable[[], None], every_s: float) -> None:
        def again() -> None:
            if self._is_raining:
                act()
                self._at(self._rng.expovariate(1 / every_s), again)

        if every_s:
            self._at(self._rng.expovariate(1 / every_s), again)

    def _tick(self) -> None:
        self._tell(said.Tick(self._clock.monotonic_ns()))
        self._at(5.0, self._tick)

    # The pole.

    def _open_spool(self) -> Spool:
        def connect(path: Path) -> Database:
            database = SqliteDatabase(path)
            database.execute("PRAGMA synchronous=OFF")
            return database

        return Spool(self._spool_path, clock=self._clock, connect=connect)

    def _make_session(self) -> Session:
        session = Session(Introduction(DEVICE, "0.1.0"), rng=self._rng, ledger=Ledger())
        session.receive(said.StatusDue())
        return session

    def _append(self) -> None:
        bodies = [self._make_body() for _ in range(self._rng.randrange(1, 9))]
        self._spool.append(
            lambda _: Packed(
                captured_utc_ms=self._clock.utc_ns() // 1_000_000, dictionary=2, bodies=bodies
            )
        )
        self.accepted += bodies
        self._tell(said.SpoolRang())

    def _make_body(self) -> bytes:
        event = event_pb2.Event(
            rule=1, phase=event_pb2.PHASE_START, track=len(self.accepted) + 1, measured=1
        )
        event.duration_ms = self._rng.randrange(1, 1 << 30)
        return event.SerializeToString()

    def _kill_pole(self) -> None:
        self._cut_stream()
        self._spool.close()
        self._spool = self._open_spool()
        self._session = self._make_session()
        self._tell(said.Tick(self._clock.monotonic_ns()))

    def _tell(self, happened: said.Input) -> None:
        try:
            outputs = self._session.receive(happened)
        except PeerError:
            self._cut()
            raise
        self.most_unacked = max(self.most_unacked, self._session.unacked_batches)
        for output in outputs:
            self._do(output)

    def _do(self, output: said.Output) -> None:
        match output:
            case said.Open():
                self._at(0.1, self._open_stream)
            case said.Send():
                self._carry(output.message)
            case said.Fetch():
                self._fetch(output)
            case said.Delete():
                self._spool.acknowledge(output.up_to_seq)
            case said.Close():
                self._cut()
            case _:
                pass

    def _fetch(self, fetch: said.Fetch) -> None:
        found = self._spool.read(fetch.after_seq)
        batches = tuple(said.Spooled(p.batch.first_seq, p.last_seq, p.batch) for p in found)
        ready = said.BatchesReady(fetch.number, self._spool.epoch, batches, {})
        # A slow card answers late, perhaps after the stream that asked is gone.
        slow_s = self._rng.choice((0.001, 0.001, 5.0)) if self._is_raining else 0.001
        asked = self._session

        def answer() -> None:
            if asked is self._session:  # a process that died hears nothing
                self._tell(ready)

        self._at(slow_s, answer)

    # The wire.

    def _open_stream(self) -> None:
        self._stream += 1
        self._is_cut = False
        pending = self._spool.pending()
        holdings = said.Holdings(pending.epoch, pending.last_seq, pending.first_seq)
        if self._session.state.value == "opening":
            self._tell(said.Opened(holdings))

    def _cut(self) -> None:
        if self._session.state.value in {"greeting", "streaming", "closing"} and not self._is_cut:
            self._cut_stream()
            self._tell(said.Closed(Kind.UNAVAILABLE))

    def _cut_stream(self) -> None:
        self._is_cut = True
        self._stream += 1
        self.cuts += 1

    def _kill_collector(self) -> None:
        self.collector.die()
        self._cut()

    def _carry(self, message: session_pb2.ConnectRequest) -> None:
        stream, epoch = self._stream, self._spool.epoch
        copy = session_pb2.ConnectRequest.FromString(message.SerializeToString())
        self._deliver(lambda: self._arrive_up(stream, epoch, copy))

    def _arrive_up(self, stream: int, epoch: int, message: session_pb2.ConnectRequest) -> None:
        # What was on its way when the stream was cut may still come in; nobody hears the answer.
        answer = self.collector.answer(epoch, message)
        if answer is not None:
            self._deliver(lambda: self._arrive_down(stream, answer))

    def _arrive_down(self, stream: int, answer: session_pb2.ConnectResponse) -> None:
        if stream != self._stream or self._is_cut:
            return
        if answer.HasField("ack"):
            if self._session.state.value == "streaming":
                self._tell(said.Acked(answer.ack.stored_seq))
        elif self._session.state.value == "greeting":
            self._tell(said.Welcomed(answer.welcome))

    def _deliver(self, arrive: Callable[[], None]) -> None:
        weather, rng = self._weather, self._rng
        if self._is_raining and rng.random() < weather.lose_chance:
            return
        late = self._is_raining and rng.random() < weather.reorder_chance
        self._at(rng.uniform(0.0, 30.0) if late else 0.05, arrive)
        if self._is_raining and rng.random() < weather.repeat_chance:
            self._at(rng.uniform(0.05, 60.0), arrive)
