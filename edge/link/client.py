"""The thin shell around the session: one loop that tells it what happened and does what it says.

One task (`run`) owns the session and performs outputs in order; other tasks only put inputs into
a bounded queue. Nothing is dropped there: who finds it full waits, and HTTP/2 makes the peer wait.
"""

import asyncio
import logging
import random
from collections import deque
from pathlib import Path

from edge.clock import Clock
from edge.enrolment.identity import Identity, IdentityDirectory
from edge.errors import VigieError
from edge.link import dialogue as said
from edge.link import status
from edge.link.courier import Courier
from edge.link.drain import Drain
from edge.link.greeting import Introduction, PeerError
from edge.link.journal import note
from edge.link.line import Line, end
from edge.link.memory import read_ledger, write_ledger
from edge.link.pace import DEFAULT_BITS_PER_SECOND
from edge.link.questions import Questions
from edge.link.renewal import Renewal
from edge.link.session import Session
from edge.link.stream import WRITE_WITHIN_SECONDS
from edge.link.transitions import State
from edge.link.updates import Updates
from edge.service.image import Image
from edge.service.watchdog import Watchdog
from edge.spool.database import StorageError
from edge.wire.v1 import session_pb2, update_pb2

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
        image: Image | None = None,
    ) -> None:
        """clip_bits_per_second: at most so fast a sealed clip goes up, or an update comes down.

        watchdog: None: nobody's. image: None: this machine runs none and takes no update.
        """
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
        pole = Introduction(self._identity.device, software, image)
        self._session = Session(pole, rng=rng, ledger=self._ledger)
        self._inputs: asyncio.Queue[_Queued] = asyncio.Queue(MAX_QUEUED_INPUTS)
        self._line = Line(self._renewal, drain, self._put)
        self._courier = Courier(
            data,
            lambda: self._identity,
            self._tell_performed,
            clock=clock,
            rng=rng,
            bits_per_second=clip_bits_per_second,
        )
        self._updates = Updates(
            data,
            image,
            lambda: self._identity,
            self._tell_performed,
            self._tell_update,
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
            for work in (
                self._tick,
                self._listen_to_spool,
                self._watch_status,
                self._carry_questions,
                self._courier.run,
                self._updates.run,
            )
        ]
        try:
            await self._serve()
        finally:
            for task in [*watchers, self._renewal.task]:
                await end(task)
            await self._line.hang_up()
        note("link_stopped", device=self._identity.device)

    async def _serve(self) -> None:
        while self._session.state is not State.STOPPED:
            number, happened = await self._inputs.get()
            if number in {0, self._line.number}:
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
            self._line.note_closed()
        if isinstance(happened, said.Welcomed):
            note(
                "link_welcomed",
                collector=self._identity.collector,
                stored_seq=happened.welcome.stored_seq,
                window_batches=happened.welcome.window_batches,
            )
            self._updates.begin_again()
        try:
            return self._session.receive(happened)
        except PeerError as error:
            note("peer_error", level=logging.ERROR, reason=error.what, remedy=error.hint)
            return [said.Close(said.Because.PEER_ERROR)]

    # What the session asks for.

    async def _do(self, output: said.Output) -> said.Input | None:
        match output:
            case said.Send():
                await self._line.send(output.message)
            case said.Fetch():
                return await self._fetch(output)
            case said.Delete():
                await self._delete(output)
            case said.TakeStatus():
                return await self._take_status()
            case said.Remember():
                await self._remember()
            case said.Open():
                self._line.begin()
            case said.Close():
                return await self._line.close(output.because)
            case said.Perform() | said.PassTime():
                await self._pass_on(output)
            case said.Retry():
                note("link_retry", after_ms=output.after_ns // 1_000_000)
        return None

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
        await self._line.cut()

    async def _delete(self, output: said.Delete) -> None:
        self._updates.proof.note_stored(output.epoch, output.up_to_seq)
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
        """To whom it concerns: the link itself, its updates, or whoever the courier goes to."""
        if isinstance(output, said.PassTime):
            await self._courier.pass_time(output.statement)
        elif output.command.WhichOneof("action") == "renew_certificate":
            self._renewal.begin(output.command)
        elif output.command.WhichOneof("action") == "offer_update":
            self._updates.perform(output.command)
        else:
            self._courier.perform(output.command)

    async def _put(self, number: int, happened: said.Input) -> None:
        await self._inputs.put((number, happened))

    async def _move(self) -> None:
        await self._inputs.put((0, said.ChannelReady()))

    async def _tell_performed(self, answer: session_pb2.Answer) -> None:
        await self._inputs.put((0, said.Performed(answer)))

    async def _tell_update(self, report: update_pb2.UpdateReport) -> None:
        await self._inputs.put((0, said.UpdateTold(report)))

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

    async def _watch_status(self) -> None:
        """A camera that is lost or back is told at once."""
        before = await asyncio.to_thread(status.read_change_mark, self._data)
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = await asyncio.to_thread(status.read_change_mark, self._data)
            if now != before:
                before = now
                await self._inputs.put((0, said.StatusDue()))

    async def _carry_questions(self) -> None:
        """Ask for the time what eye and vault ask, at once while there is a stream to ask on."""
        questions = Questions(self._data, self._clock)
        try:
            while True:
                await questions.wait(TICK_SECONDS)
                if self._session.state is State.STREAMING:
                    for nonce in await questions.read():
                        await self._inputs.put((0, said.TimeAsked(nonce)))
        finally:
            questions.close()
