"""A real grpc.aio server over real mutual TLS on loopback, with a collector's manners in memory.

For what the real collector never does: an older protocol, no acks, refusals by script.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import TracebackType

import grpc
from google.protobuf.message import Message

from edge.wire.v1 import (
    clip_pb2,
    clip_pb2_grpc,
    enrolment_pb2,
    enrolment_pb2_grpc,
    event_pb2,
    session_pb2,
    session_pb2_grpc,
    update_pb2_grpc,
)
from tests.fakes.authority import Authority, Pair
from tests.fakes.bundles import Shelf

DEVICE = "north-gate"
Context = grpc.aio.ServicerContext[session_pb2.ConnectRequest, session_pb2.ConnectResponse]
ClipContext = grpc.aio.ServicerContext[Message, Message]
EnrolContext = grpc.aio.ServicerContext[enrolment_pb2.EnrolRequest, enrolment_pb2.EnrolResponse]
RenewContext = grpc.aio.ServicerContext[enrolment_pb2.RenewRequest, enrolment_pb2.RenewResponse]


@dataclass
class Script:
    """How the server behaves, and what it saw. Change it while it runs."""

    wire_version: int = 1
    window_batches: int = 4
    stored_seq: int | None = None
    acks: bool = True
    ack_beyond: int = 0
    is_silent: bool = False
    refuse: tuple[grpc.StatusCode, str] | None = None
    refuse_enrolment: tuple[grpc.StatusCode, str] | None = None
    certify_as: str = ""
    commands: list[session_pb2.Command] = field(default_factory=list)
    seen: list[session_pb2.ConnectRequest] = field(default_factory=list)
    peers: list[str] = field(default_factory=list)
    stored: dict[int, bytes] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    doubled: int = 0
    open_streams: int = 0
    statements: dict[bytes, session_pb2.TimeStatement] = field(default_factory=dict)
    offers: list[clip_pb2.OfferClipRequest] = field(default_factory=list)
    uploads: list[int] = field(default_factory=list)
    clips: dict[str, bytearray] = field(default_factory=dict)
    reports: list[clip_pb2.ReportClipRequest] = field(default_factory=list)
    refuse_offer: tuple[grpc.StatusCode, str] | None = None
    cut_after_chunks: int = 0
    shelf: Shelf = field(default_factory=Shelf)

    def get_seen(self, content: str) -> list[session_pb2.ConnectRequest]:
        """Messages of one kind, in the order in which they came."""
        return [message for message in self.seen if message.WhichOneof("content") == content]


class Server:
    """`async with Server(authority) as server:` listens on `port` and `enrolment_port`."""

    def __init__(
        self,
        authority: Authority,
        *,
        pair: Pair | None = None,
        script: Script | None = None,
        client_authority: Authority | None = None,
        port: int = 0,
    ) -> None:
        self.script = script or Script()
        self.authority = authority
        self.port = port
        self.enrolment_port = 0
        self._changed = asyncio.Condition()
        self._pair = pair or authority.make_server()
        self._client_authority = client_authority or authority
        self._grpc = grpc.aio.server()

    @property
    def sessions(self) -> str:
        """HOST:PORT of the session."""
        return f"localhost:{self.port}"

    @property
    def enrolment(self) -> str:
        """HOST:PORT of enrolment."""
        return f"localhost:{self.enrolment_port}"

    async def __aenter__(self) -> "Server":
        session_pb2_grpc.add_SessionServiceServicer_to_server(_Sessions(self), self._grpc)
        enrolment_pb2_grpc.add_EnrolmentServiceServicer_to_server(_Enrolments(self), self._grpc)
        clip_pb2_grpc.add_ClipServiceServicer_to_server(_Clips(self), self._grpc)
        update_pb2_grpc.add_UpdateServiceServicer_to_server(self.script.shelf, self._grpc)
        pairs = [(self._pair.key_pem, self._pair.certificate_pem)]
        mutual = grpc.ssl_server_credentials(
            pairs, root_certificates=self._client_authority.ca_pem, require_client_auth=True
        )
        one_sided = grpc.ssl_server_credentials(pairs)
        self.port = self._grpc.add_secure_port(f"127.0.0.1:{self.port}", mutual)
        self.enrolment_port = self._grpc.add_secure_port("127.0.0.1:0", one_sided)
        await self._grpc.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Cut every stream and stop listening."""
        await self._grpc.stop(0)

    async def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Until something that the server sees is so; fails after 20 s."""
        try:
            async with asyncio.timeout(60), self._changed:
                await self._changed.wait_for(is_so)
        except TimeoutError:
            raise AssertionError(f"waited 20 s for: {what}") from None

    async def note_change(self) -> None:
        """Wake who waits."""
        async with self._changed:
            self._changed.notify_all()


class _Sessions(session_pb2_grpc.SessionServiceServicer):
    def __init__(self, server: Server) -> None:
        self._server = server

    async def Connect(  # noqa: N802 - gRPC's name
        self, request_iterator: AsyncIterator[session_pb2.ConnectRequest], context: Context
    ) -> AsyncIterator[session_pb2.ConnectResponse]:
        script = self._server.script
        script.peers += [name.decode() for name in context.auth_context().get("peer_uri", [])]
        script.open_streams += 1
        try:
            if script.refuse is not None:
                await self._server.note_change()
                await context.abort(*script.refuse)
            async for message in request_iterator:
                script.seen.append(message)
                for answer in self._get_answers(message):
                    yield answer
                await self._server.note_change()
        finally:
            script.open_streams -= 1
            await self._server.note_change()

    def _get_answers(
        self, message: session_pb2.ConnectRequest
    ) -> list[session_pb2.ConnectResponse]:
        script = self._server.script
        if message.HasField("hello") and not script.is_silent:
            return self._get_greeting()
        if message.HasField("time_question"):
            stated = script.statements.get(message.time_question.nonce)
            return [session_pb2.ConnectResponse(time_statement=stated)] if stated else []
        if message.HasField("batch"):
            stored_seq = self._store(message.batch)
            if script.acks:
                ack = session_pb2.Ack(stored_seq=stored_seq + script.ack_beyond)
                return [session_pb2.ConnectResponse(ack=ack)]
        return []

    def _get_greeting(self) -> list[session_pb2.ConnectResponse]:
        script = self._server.script
        stored_seq = max(script.stored, default=0)
        welcome = session_pb2.Welcome(
            wire_version=script.wire_version,
            stored_seq=stored_seq if script.stored_seq is None else script.stored_seq,
            window_batches=script.window_batches,
        )
        answers = [session_pb2.ConnectResponse(welcome=welcome)]
        answers += [session_pb2.ConnectResponse(command=command) for command in script.commands]
        return answers

    def _store(self, batch: event_pb2.Batch) -> int:
        script = self._server.script
        for seq, event in enumerate(batch.events, batch.first_seq):
            script.doubled += seq in script.stored
            script.stored[seq] = event.SerializeToString()
        return max(script.stored)


class _Clips(clip_pb2_grpc.ClipServiceServicer):
    """Stores what comes; cuts the stream after so many chunks when the script says so."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def OfferClip(  # noqa: N802 - gRPC's name
        self, request: clip_pb2.OfferClipRequest, context: ClipContext
    ) -> clip_pb2.OfferClipResponse:
        script = self._server.script
        script.offers.append(request)
        await self._server.note_change()
        if script.refuse_offer is not None:
            await context.abort(*script.refuse_offer)
        stored = script.clips.setdefault(request.clip, bytearray())
        return clip_pb2.OfferClipResponse(stored_bytes=len(stored))

    async def UploadClip(  # noqa: N802 - gRPC's name
        self, request_iterator: AsyncIterator[clip_pb2.UploadClipRequest], context: ClipContext
    ) -> AsyncIterator[clip_pb2.UploadClipResponse]:
        script = self._server.script
        chunks = 0
        async for chunk in request_iterator:
            stored = script.clips[chunk.clip]
            assert chunk.offset_bytes == len(stored)
            stored += chunk.sealed
            script.uploads.append(len(chunk.sealed))
            await self._server.note_change()
            yield clip_pb2.UploadClipResponse(stored_bytes=len(stored))
            chunks += 1
            if script.cut_after_chunks and chunks >= script.cut_after_chunks:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "cut by the test")

    async def ReportClip(  # noqa: N802 - gRPC's name
        self, request: clip_pb2.ReportClipRequest, context: ClipContext
    ) -> clip_pb2.ReportClipResponse:
        self._server.script.reports.append(request)
        await self._server.note_change()
        return clip_pb2.ReportClipResponse()


class _Enrolments(enrolment_pb2_grpc.EnrolmentServiceServicer):
    def __init__(self, server: Server) -> None:
        self._server = server

    async def Enrol(  # noqa: N802 - gRPC's name
        self, request: enrolment_pb2.EnrolRequest, context: EnrolContext
    ) -> enrolment_pb2.EnrolResponse:
        script = self._server.script
        if script.refuse_enrolment is not None:
            await context.abort(*script.refuse_enrolment)
        script.keys.append(request.csr_pem)
        name = script.certify_as or request.device
        return enrolment_pb2.EnrolResponse(
            certificate_pem=self._server.authority.sign(request.csr_pem, name).decode(),
            session_port=self._server.port,
        )

    async def Renew(  # noqa: N802 - gRPC's name
        self, request: enrolment_pb2.RenewRequest, context: RenewContext
    ) -> enrolment_pb2.RenewResponse:
        if self._server.script.refuse_enrolment is not None:
            await context.abort(*self._server.script.refuse_enrolment)
        self._server.script.keys.append(request.csr_pem)
        certificate_pem = self._server.authority.sign(request.csr_pem, DEVICE)
        return enrolment_pb2.RenewResponse(certificate_pem=certificate_pem.decode())
