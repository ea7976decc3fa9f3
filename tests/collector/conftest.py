"""A real collector on loopback: its own database, its own authority, mutual TLS."""

import asyncio
import contextlib
import tomllib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import grpc
import pytest

from collector.core import Core, open_core, own_directory
from collector.listeners import Address
from collector.run import Plan, serve
from collector.updates import conduct
from edge.clock import SystemClock
from edge.enrolment.channel import Credentials, make_channel
from edge.enrolment.identity import IdentityDirectory, make_request
from edge.wire.v1 import (
    enrolment_pb2,
    enrolment_pb2_grpc,
    event_pb2,
    operator_pb2,
    operator_pb2_grpc,
    session_pb2,
    session_pb2_grpc,
)
from tests.edge.spool.conftest import quick_path as quick_path  # noqa: PLC0414 - a fixture

if TYPE_CHECKING:
    from edge.wire.v1.enrolment_pb2_grpc import EnrolmentServiceAsyncStub
    from edge.wire.v1.operator_pb2_grpc import OperatorServiceAsyncStub
    from edge.wire.v1.session_pb2_grpc import SessionServiceAsyncStub

Call = grpc.aio.StreamStreamCall[session_pb2.ConnectRequest, session_pb2.ConnectResponse]
ANYWHERE = Address("127.0.0.1", 0)
SECONDS = 60.0  # against a hang; no promise is held against it
SECONDS_OF_A_DAY = 86_400.0
EPOCH = 0xC0FF_EE00_DEAD_BEEF


def make_event(rule: int = 1, phase: int = event_pb2.PHASE_START) -> event_pb2.Event:
    return event_pb2.Event(
        captured_delta_ms=7, rule=rule, phase=event_pb2.Phase.ValueType(phase), score_percent=80
    )


def make_batch(first_seq: int, count: int = 1) -> event_pb2.Batch:
    return event_pb2.Batch(
        first_seq=first_seq,
        captured_utc_ms=1_790_000_000_000,
        dictionary=1,
        events=[make_event() for _ in range(count)],
    )


def make_dictionary(function: int = event_pb2.FUNCTION_INTRUSION) -> event_pb2.Dictionary:
    rule = event_pb2.Rule(
        name="night-yard", function=event_pb2.Function.ValueType(function), camera="north"
    )
    return event_pb2.Dictionary(number=1, rules=[rule], model="ssd-coco15")


@dataclass
class Stream:
    """A device's side of one stream, message by message."""

    call: Call

    async def say(
        self,
        message: session_pb2.Hello | event_pb2.Batch | event_pb2.Dictionary | session_pb2.Status,
    ) -> None:
        request = session_pb2.ConnectRequest()
        getattr(request, type(message).__name__.lower()).CopyFrom(message)
        # A stream that was refused meanwhile says why when it is heard or asked for its ending.
        with contextlib.suppress(asyncio.InvalidStateError, grpc.aio.AioRpcError):
            await self.call.write(request)

    async def hear(self) -> session_pb2.ConnectResponse:
        async with asyncio.timeout(SECONDS):
            heard = await self.call.read()
        assert isinstance(heard, session_pb2.ConnectResponse), "the stream is over"
        return heard

    async def hear_ack(self, stored_seq: int) -> None:
        while (await self.hear()).ack.stored_seq < stored_seq:
            continue

    async def ending(self) -> tuple[grpc.StatusCode, str]:
        """How the collector ended it."""
        async with asyncio.timeout(SECONDS):
            return await self.call.code(), await self.call.details()


@dataclass
class Running:
    """A collector that runs in the test's own loop."""

    core: Core
    addresses: dict[str, str]
    data: Path
    channels: list[grpc.aio.Channel] = field(default_factory=list)

    def channel(self, credentials: Credentials, address: str = "sessions") -> grpc.aio.Channel:
        channel = make_channel(self.addresses[address], credentials)
        self.channels.append(channel)
        return channel

    @property
    def ca_pem(self) -> bytes:
        return self.core.authority.ca_pem

    @property
    def operator(self) -> "OperatorServiceAsyncStub":
        folder = self.data / "operator"
        parts = [(folder / name).read_bytes() for name in ("key.pem", "certificate.pem")]
        channel = self.channel(Credentials(self.ca_pem, *parts))
        stub: OperatorServiceAsyncStub = operator_pb2_grpc.OperatorServiceStub(channel)
        return stub

    def enrolment(
        self, credentials: Credentials | None = None, address: str = "enrolment"
    ) -> "EnrolmentServiceAsyncStub":
        channel = self.channel(credentials or Credentials(self.ca_pem), address)
        stub: EnrolmentServiceAsyncStub = enrolment_pb2_grpc.EnrolmentServiceStub(channel)
        return stub

    async def enrol(self, device: str = "north-gate") -> Credentials:
        """The whole way in: an invitation, a key made here, a certificate."""
        invited = await self.operator.InviteDevice(operator_pb2.InviteDeviceRequest(device=device))
        key_pem = make_key(self.data / f"pole-{device}")
        issued = await self.enrolment().Enrol(
            enrolment_pb2.EnrolRequest(
                device=device, token=invited.token, csr_pem=make_request(key_pem, device)
            )
        )
        return Credentials(self.ca_pem, key_pem, issued.certificate_pem.encode())

    def stream(self, credentials: Credentials) -> Stream:
        channel = self.channel(credentials)
        stub: SessionServiceAsyncStub = session_pb2_grpc.SessionServiceStub(channel)
        return Stream(stub.Connect())

    async def open_stream(
        self, credentials: Credentials, device: str = "north-gate", last_seq: int = 1000
    ) -> tuple[Stream, int]:
        """A stream that was welcomed, and the watermark of its welcome."""
        stream = self.stream(credentials)
        await stream.say(make_hello(device, last_seq=last_seq))
        welcome = (await stream.hear()).welcome
        return stream, welcome.stored_seq


def make_key(folder: Path) -> bytes:
    return IdentityDirectory(folder).ensure_next_key()


def make_hello(
    device: str = "north-gate", *, wire_version: int = 1, epoch: int = EPOCH, last_seq: int = 1000
) -> session_pb2.Hello:
    return session_pb2.Hello(
        wire_version=wire_version, device=device, epoch=epoch, software="0.1.0", last_seq=last_seq
    )


async def wait_for_listening(serving: asyncio.Future[None], said: asyncio.Queue[str]) -> None:
    """Until the collector says where it listens, or has failed."""

    async def hear() -> None:
        while not (await said.get()).startswith("devices connect to"):
            continue

    hearing = asyncio.ensure_future(hear())
    await asyncio.wait({serving, hearing}, timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        hearing.cancel()
        serving.result()
    assert hearing.done(), "the collector did not say where it listens"


def unchanged(core: Core) -> Core:
    return core


@asynccontextmanager
async def run_collector(
    data: Path, change: Callable[[Core], Core] = unchanged, sessions: Address = ANYWHERE
) -> AsyncIterator[Running]:
    """A collector in this loop; `change` may put other parts in before the ports open."""
    plan = Plan(data, sessions, ANYWHERE, ANYWHERE)
    told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    clock = SystemClock()
    said: asyncio.Queue[str] = asyncio.Queue()
    # Its own turns would come between a test's steps: these let a rollout decide when they want.
    with own_directory(data), patch.object(conduct, "TICK_SECONDS", SECONDS_OF_A_DAY):
        async with open_core(data, clock) as opened:
            core = change(opened)
            serving = asyncio.ensure_future(serve(plan, core, clock, said.put_nowait, told))
            await wait_for_listening(serving, said)
            written = (data / "operator" / "collector.toml").read_text()
            addresses = {name: str(value) for name, value in tomllib.loads(written).items()}
            running = Running(core, addresses, data)
            try:
                yield running
            finally:
                for channel in running.channels:
                    await channel.close()
                told.set_result(None)
                await serving


@pytest.fixture
async def collector(tmp_path: Path) -> AsyncIterator[Running]:
    async with run_collector(tmp_path / "collector") as running:
        yield running


def numbers(events: Sequence[operator_pb2.StoredEvent]) -> list[int]:
    return [event.number for event in events]
