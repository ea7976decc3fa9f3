"""The thin shell around the session: one loop that tells it what happened and does what it says.

One task (`run`) owns the session and performs outputs in order; other tasks only put inputs into
a bounded queue. Nothing is dropped there: who finds it full waits, and HTTP/2 makes the peer wait.
"""

import asyncio
import logging
import random
from collections import deque
from pathlib import Path

import grpc

from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.link import dialogue as said
from edge.link import status
from edge.link.channel import make_channel, wait_ready
from edge.link.courier import Courier
from edge.link.diagnosis import find_reason
from edge.link.drain import Drain
from edge.link.enrolment import get_credentials
from edge.link.greeting import PeerError
from edge.link.identity import Identity, IdentityDirectory
from edge.link.journal import note
from edge.link.memory import read_ledger, write_ledger
from edge.link.renewal import Renewal
from edge.link.session import Session
from edge.link.stream import WRITE_WITHIN_SECONDS, Stream, Tell
from edge.link.throttle import DEFAULT_BITS_PER_SECOND
from edge.link.transitions import State
from edge.service.watchdog import Watchdog
from edge.spool.database import StorageError
from edge.wire.v1 import session_pb2

TICK_SECONDS = 1.0
MAX_QUEUED_INPUTS = 64
# A turn of the session may wait for one write to a slow collector, and for the disk. Who takes no
# input for longer makes no progress.
LONGEST_TURN_NS = round(WRITE_WITHIN_SECONDS * 1e9) + 15_000_000_000

# An input with the number of the stream it came from; 0: from no stream.
_Queued = tuple[int, said.Input]


class Client:
    """One pole's link. Made and run on one event loop; `stop` may be called from its tasks."""

    def __init__(
        self,
        data: Path,
        identity_directory: IdentityDirectory,
        drain: Drain,
        *,
        clock: Clock,
        rng: random.Random,
        software: str,
        clip_bits_per_second: int = DEFAULT_BITS_PER_SECOND,
        watchdog: Watchdog | None = None,
    ) -> None:
        """clip_bits_per_second: at most so fast a sealed clip goes up. watchdog: None: nobody's."""
        self._data = data
        self._directory = identity_directory
        self._renewal = Renewal(
            identity_directory,
            clock=clock,
            rng=rng,
            ready=self._move,
            tell=self._tell_performed,
        )
        self._drain = drain
        self._clock = clock
        self._watchdog = watchdog or Watchdog(None, 0, clock)
        self._turned_ns = clock.monotonic_ns()
        self._ledger = read_ledger(identity_directory.path)
        self._session = Session(self._identity.device, software, rng=rng, ledger=self._ledger)
        self._inputs: asyncio.Queue[_Queued] = asyncio.Queue(MAX_QUEUED_INPUTS)
        self._channel: grpc.aio.Channel | None = None
        self._stream: Stream | None = None
        self._stream_number = 0
        self._opening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._courier = Courier(
            data,
            lambda: self._identity,
            self._tell_performed,
            clock=clock,
            rng=rng,
            bits_per_second=clip_bits_per_second,
        )

    @property
    def _identity(self) -> Identity:
        return self._renewal.identity

    @property
    def state(self) -> State:
        """Where the session stands."""
        return self._session.state

    async def stop(self) -> None:
        """Ask for a clean end; `run` returns soon after."""
        await self._inputs.put((0, said.Stop()))

    async def run(self) -> None:
        """Until stopped. Raises StorageError when the spool cannot be used at all."""
        note("link_started", device=self._identity.device, collector=self._identity.collector)
        watchers = [
            asyncio.create_task(work())
            for work in (self._tick, self._listen_to_spool, self._watch_rooms, self._courier.run)
        ]
        try:
            await self._serve()
        finally:
            for task in [*watchers, self._opening, self._closing, self._renewal.task]:
                await _end(task)
            await self._drop_channel()
        note("link_stopped", device=self._identity.device)

    async def _serve(self) -> None:
        while self._session.state is not State.STOPPED:
            number, happened = await self._inputs.get()
            if number in {0, self._stream_number}:
                await self._apply(said.Tick(self._clock.monotonic_ns()))
                await self._apply(happened)
                self._turned_ns = self._clock.monotonic_ns()

    async def _apply(self, happened: said.Input) -> None:
        todo: deque[said.Output] = deque()
        waiting: deque[said.Input] = deque([happened])
        while todo or waiting:
            if not todo:
                todo.extend(await self._receive(waiting.popleft()))
                continue
            answer = await self._do(todo.popleft())
            if answer is not None:
                waiting.append(answer)

    async def _receive(self, happened: said.Input) -> list[said.Output]:
        if isinstance(happened, said.Closed):
            await self._note_closed(happened)
        if isinstance(happened, said.Welcomed):
            note(
                "link_welcomed",
                collector=self._identity.collector,
                stored_seq=happened.welcome.stored_seq,
                window_batches=happened.welcome.window_batches,
            )
        try:
            return self._session.receive(happened)
        except PeerError as error:
            note("peer_error", level=logging.ERROR, reason=error.what, remedy=error.hint)
            return [said.Close(said.Because.PEER_ERROR)]

    # What the session asks for.

    async def _do(self, output: said.Output) -> said.Input | None:
        match output:
            case said.Send():
                await self._send(output)
            case said.Fetch():
                return await self._fetch(output)
            case said.Delete():
                await self._delete(output)
            case said.TakeStatus():
                return await self._take_status()
            case said.Remember():
                await self._remember()
            case said.Open():
                self._opening = asyncio.create_task(self._open())
            case said.Close():
                return await self._close(output)
            case said.Perform() | said.PassTime():
                await self._pass_on(output)
            case said.Retry():
                note("link_retry", after_ms=output.after_ns // 1_000_000)
        return None

    async def _send(self, output: said.Send) -> None:
        if self._stream is not None:
            await self._stream.send(output.message)

    async def _fetch(self, fetch: said.Fetch) -> said.Input | None:
        try:
            return await self._drain.read_batches(fetch)
        except StorageError as error:
            await self._give_up_stream(error)
            return None

    async def _take_status(self) -> said.Input | None:
        try:
            pending = await self._drain.read_pending()
            found = await asyncio.to_thread(status.read_status, self._data, pending)
        except StorageError as error:
            await self._give_up_stream(error)
            return None
        return said.StatusTaken(found)

    async def _give_up_stream(self, error: VigieError) -> None:
        """The spool cannot be read: end the stream, so that the next attempt begins afresh."""
        note("spool_unreadable", level=logging.ERROR, reason=error.what, where=error.where)
        if self._stream is not None:
            await self._stream.close(gently=False)

    async def _delete(self, output: said.Delete) -> None:
        try:
            await self._drain.delete(output.epoch, output.up_to_seq)
        except StorageError as error:
            # What stays is sent and acknowledged again; the collector knows it already.
            note("spool_undeletable", level=logging.ERROR, reason=error.what, where=error.where)

    async def _remember(self) -> None:
        try:
            await asyncio.to_thread(write_ledger, self._directory.path, self._ledger)
        except OSError as error:
            # A repeat after a restart is then done again, which is harmless.
            note("answers_unwritable", level=logging.ERROR, reason=error.strerror)

    async def _pass_on(self, output: said.Perform | said.PassTime) -> None:
        """To the courier, but for the one command that concerns the link itself."""
        if isinstance(output, said.PassTime):
            await self._courier.pass_time(output.statement)
        elif output.command.WhichOneof("action") == "renew_certificate":
            self._renewal.begin(output.command)
        else:
            self._courier.perform(output.command)

    async def _move(self) -> None:
        await self._inputs.put((0, said.ChannelReady()))

    async def _tell_performed(self, answer: session_pb2.Answer) -> None:
        await self._inputs.put((0, said.Performed(answer)))

    # The stream and its channel.

    async def _open(self) -> None:
        """Fact 10: one channel, and a stream only when it is ready."""
        self._stream_number += 1
        number = self._stream_number
        if (renewed := self._renewal.take_channel()) is not None:
            await self._drop_channel()
            self._channel = renewed
        if self._channel is None:
            self._channel = make_channel(self._identity.collector, get_credentials(self._identity))
        if not await wait_ready(self._channel):
            await self._drop_channel()
            error = await asyncio.to_thread(
                find_reason, self._identity.collector, get_credentials(self._identity)
            )
            note("link_unreachable", level=logging.WARNING, reason=error.what, remedy=error.hint)
            await self._inputs.put((number, said.Closed(error.kind)))
            return
        try:
            holdings = await self._drain.read_holdings()
        except StorageError as error:
            note("spool_unreadable", level=logging.ERROR, reason=error.what, where=error.where)
            await self._inputs.put((number, said.Closed(error.kind)))
            return
        self._stream = Stream(self._channel, self._make_teller(number))
        note("link_connected", collector=self._identity.collector)
        await self._inputs.put((number, said.Opened(holdings)))

    def _make_teller(self, number: int) -> Tell:
        async def tell(happened: said.Input) -> None:
            await self._inputs.put((number, happened))

        return tell

    async def _close(self, output: said.Close) -> said.Input | None:
        if self._opening is not None and not self._opening.done():
            await _end(self._opening)
            return said.Closed(Kind.UNAVAILABLE)
        if self._stream is not None:
            gently = output.because in {said.Because.MOVED, said.Because.STOPPED}
            note("link_closing", because=output.because.value)
            self._closing = asyncio.create_task(self._stream.close(gently=gently))
        return None

    async def _note_closed(self, _: said.Closed) -> None:
        stream, self._stream = self._stream, None
        if stream is not None and stream.error is not None:
            error = stream.error
            note(
                "link_closed", kind=error.kind.value, reason=error.what, remedy=error.hint or "none"
            )

    async def _drop_channel(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    # Watchers.

    async def _tick(self) -> None:
        while True:
            await self._inputs.put((0, said.Tick(self._clock.monotonic_ns())))
            if self._clock.monotonic_ns() - self._turned_ns < LONGEST_TURN_NS:
                self._watchdog.feed()
            self._renewal.begin_if_due()
            await asyncio.sleep(TICK_SECONDS)

    async def _listen_to_spool(self) -> None:
        while True:
            await self._drain.wait()
            await self._inputs.put((0, said.SpoolRang()))

    async def _watch_rooms(self) -> None:
        """What eye and vault want told: another status, a question for the time."""
        before = await asyncio.to_thread(status.read_change_mark, self._data)
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = await asyncio.to_thread(status.read_change_mark, self._data)
            if now != before:
                before = now
                await self._inputs.put((0, said.StatusDue()))
            for nonce in await self._courier.read_questions():
                await self._inputs.put((0, said.TimeAsked(nonce)))


async def _end(task: "asyncio.Task[None] | None") -> None:
    if task is not None and not task.done():
        task.cancel()
        await asyncio.wait([task])
