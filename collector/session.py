"""The collector's half of the session: hello, welcome, batches to the writer, acks back.

One stream a device: gRPC's own task answers, and one of ours reads. Nothing here touches the disk:
a batch goes to the writer, and its answer comes back on the loop after the commit.
"""

import asyncio
import logging
from collections.abc import AsyncIterator

import grpc

from collector.bounds import find_problems
from collector.ledger import SqliteIntake, keep_dictionary
from collector.open_stream import WINDOW_BATCHES, OpenStream
from collector.peer import DEVICE, STATUS, Peer, authorise, certificate_of, one_line
from collector.services import Services
from collector.store import Delivery
from collector.writer import Writer
from edge.errors import Kind, VigieError
from edge.wire.bounds import check, check_dictionary
from edge.wire.names import FUNCTION_NUMBERS
from edge.wire.v1 import event_pb2, session_pb2, session_pb2_grpc

WIRE_VERSION = 1
HELLO_SECONDS = 30.0
RENEW_LEFT_MS = 10 * 86_400_000
SWEEP_SECONDS = 4.0  # revocation ends a stream within 5 s (promise P9), whoever wrote it

_log = logging.getLogger("vigie.collector")
_KNOWN_FUNCTIONS = frozenset(FUNCTION_NUMBERS.values())

Requests = AsyncIterator[session_pb2.ConnectRequest]
Context = grpc.aio.ServicerContext[session_pb2.ConnectRequest, session_pb2.ConnectResponse]


class Sessions(session_pb2_grpc.SessionServiceServicer):
    """SessionService over mutual TLS."""

    def __init__(self, writer: Writer, intake: SqliteIntake, services: Services) -> None:
        self._writer = writer
        self._intake = intake
        self._devices = services.devices
        self._commands = services.commands
        self._mandates = services.mandates
        self._trusted = services.trusted
        self._updates = services.updates
        self._metrics = services.metrics
        self._clock = services.clock
        self._open: dict[OpenStream, Peer] = {}

    async def Connect(  # type: ignore[override]  # noqa: N802 - gRPC's name; typed without write()
        self, requests: Requests, context: Context
    ) -> None:
        """Serve one stream until the device, the connection's age or a revocation ends it."""
        try:
            await self._serve(context)
        except VigieError as refused:
            _log.warning("stream_ended peer=%s reason=%r", context.peer(), refused.what)
            await context.abort(STATUS[refused.kind], one_line(refused))

    async def sweep_forever(self) -> None:
        """Sweep as long as the collector runs."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.sweep()

    def sweep(self) -> None:
        """End streams of what was revoked meanwhile.

        Fact 15: gRPC for Python knows no revocation lists, so this is asked at every opening and
        swept here.
        """
        for stream, peer in list(self._open.items()):
            try:
                self._devices.check_not_revoked(peer.name, peer.serial)
            except VigieError as revoked:
                stream.end(revoked)

    async def _serve(self, context: Context) -> None:
        # Heard before anybody is refused: grpc.aio calls a refusal that overtakes the device's own
        # write INTERNAL, and the device would not learn why.
        first = await _read_first(context)
        peer = authorise(certificate_of(context.auth_context()), DEVICE)
        self._devices.check_not_revoked(peer.name, peer.serial)
        hello = _take_hello(first, peer)
        stored_seq = await self._writer.submit(
            lambda connection: self._intake.open_epoch(connection, peer.name, hello.epoch)
        )
        stream = OpenStream(peer.name, hello.epoch, stored_seq)
        self._open[stream] = peer
        self._metrics.streams.set(len(self._open))
        try:
            await self._devices.open_stream(
                peer.name, hello.software, stream, is_behind=hello.last_seq < stored_seq
            )
            await context.write(self._welcome(hello, stored_seq))
            _log.info("stream_opened device=%s stored_seq=%d", peer.name, stored_seq)
            await self._updates.hear_hello(peer.name, hello)
            await self._ask_to_renew(stream, peer)
            await self._ask_what_waits(stream, hello)
            await self._run(stream, context)
        finally:
            self._devices.close_stream(peer.name, stream)
            del self._open[stream]
            self._metrics.streams.set(len(self._open))

    async def _ask_to_renew(self, stream: OpenStream, peer: Peer) -> None:
        """A device renews by itself from day 10; one that did not is told to, in its last third."""
        left_ms = peer.expires_utc_ms - self._clock.utc_ns() // 1_000_000
        if left_ms < RENEW_LEFT_MS:
            stream.command(
                session_pb2.Command(
                    id=await self._devices.next_command_id(peer.name),
                    renew_certificate=session_pb2.RenewCertificate(),
                )
            )

    async def _ask_what_waits(self, stream: OpenStream, hello: session_pb2.Hello) -> None:
        """Mandates that the pole does not know, and every command it has not answered."""
        version = hello.mandate_version if hello.HasField("mandate_version") else None
        await self._mandates.catch_up(stream.device, version)
        for command in await self._commands.waiting(stream.device):
            stream.command(command)

    async def _run(self, stream: OpenStream, context: Context) -> None:
        """Read and answer side by side; whichever ends first ends the other."""
        reading = asyncio.ensure_future(self._read(stream, context))
        reading.add_done_callback(lambda _: stream.wake())
        try:
            while not reading.done():
                for word in await stream.next_words():
                    if not reading.done():  # core tells the end only after words were heard
                        await context.write(word)
        finally:
            reading.cancel()
            await asyncio.wait((reading,))
        if not reading.cancelled():
            reading.result()

    async def _read(self, stream: OpenStream, context: Context) -> None:
        while isinstance(request := await context.read(), session_pb2.ConnectRequest):
            if request.HasField("batch"):
                batch = request.batch
                self._check(stream, find_problems(batch))
                await stream.take_room()
                self._writer.deliver(Delivery(stream.device, stream.epoch, batch), stream.answer)
            else:
                await self._take(stream, request)

    async def _take(self, stream: OpenStream, request: session_pb2.ConnectRequest) -> None:
        """Everything that is not a batch, and rare."""
        if request.HasField("dictionary"):
            self._check(stream, check_dictionary(request.dictionary))
            await self._keep_dictionary(stream, request.dictionary)
        elif request.HasField("status"):
            self._check(stream, check(request.status))
            await self._devices.keep_health(stream.device, request.status)
        elif request.HasField("answer"):
            self._check(stream, check(request.answer))
            await self._commands.keep_answer(stream.device, request.answer)
        elif request.HasField("time_question"):
            self._check(stream, check(request.time_question))
            stream.state_time(self._trusted.state_time(stream.device, request.time_question.nonce))
        elif request.HasField("update_report"):
            self._check(stream, check(request.update_report))
            await self._updates.hear_report(stream.device, request.update_report)
        elif request.HasField("hello"):
            raise VigieError(Kind.INVALID_ARGUMENT, f"device {stream.device} said hello twice")
        # Content of a newer protocol is left alone: the welcome said which version is spoken.

    async def _keep_dictionary(self, stream: OpenStream, dictionary: event_pb2.Dictionary) -> None:
        unknown = sum(rule.function not in _KNOWN_FUNCTIONS for rule in dictionary.rules)
        self._metrics.unknown_functions.inc(unknown)
        await self._writer.submit(
            lambda connection: keep_dictionary(connection, stream.device, stream.epoch, dictionary)
        )

    def _check(self, stream: OpenStream, problems: list[str]) -> None:
        if problems:
            self._metrics.batches_refused.inc()
            raise VigieError(
                Kind.INVALID_ARGUMENT,
                f"device {stream.device} sent what the wire forbids: {problems[0]}",
                hint="Update the collector and the device to the same release.",
            )

    def _welcome(self, hello: session_pb2.Hello, stored_seq: int) -> session_pb2.ConnectResponse:
        return session_pb2.ConnectResponse(
            welcome=session_pb2.Welcome(
                wire_version=min(hello.wire_version, WIRE_VERSION),
                stored_seq=stored_seq,
                window_batches=WINDOW_BATCHES,
                collector_utc_ms=self._clock.utc_ns() // 1_000_000,
            )
        )


async def _read_first(context: Context) -> object:
    """The first message, or nothing when none comes in time."""
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            return await context.read()
    except TimeoutError:
        return None


def _take_hello(first: object, peer: Peer) -> session_pb2.Hello:
    """The first message as a hello of the device that the certificate names.

    Raises VigieError when it is not one.
    """
    if not isinstance(first, session_pb2.ConnectRequest) or not first.HasField("hello"):
        raise VigieError(Kind.INVALID_ARGUMENT, f"device {peer.name} did not say hello first")
    hello = first.hello
    problems = check(hello)
    if hello.wire_version < 1:
        problems.append("Hello.wire_version is 0; versions count from 1")
    if hello.epoch == 0:
        problems.append("Hello.epoch is 0; an epoch is drawn at random")
    if problems:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"device {peer.name} said a wrong hello: {problems[0]}",
            hint="Update the collector and the device to the same release.",
        )
    if hello.device != peer.name:
        raise VigieError(
            Kind.PERMISSION_DENIED,
            f"the certificate is for device {peer.name}, but the hello is from {hello.device}",
            hint="Enrol the device under its own name.",
        )
    return hello
