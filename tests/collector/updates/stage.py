"""A collector with a bundle and poles that have an image: what tests of rollouts begin with."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from edge.enrolment.channel import Credentials
from edge.wire.v1 import (
    operator_pb2,
    rollout_pb2,
    rollout_pb2_grpc,
    session_pb2,
    update_pb2,
    update_pb2_grpc,
)
from tests.collector.conftest import Running, Stream, make_hello

if TYPE_CHECKING:
    from edge.wire.v1.rollout_pb2_grpc import UpdateDeskServiceAsyncStub
    from edge.wire.v1.update_pb2_grpc import UpdateServiceAsyncStub

BOARD, VERSION = "qemu-amd64", "0.2.0"
PIECE_BYTES = 65_536
Fetching = grpc.aio.StreamStreamCall[update_pb2.FetchBundleRequest, update_pb2.FetchBundleResponse]


@dataclass
class Pole:
    """A pole with an image, on an open stream."""

    name: str
    credentials: Credentials
    stream: Stream
    updates: "UpdateServiceAsyncStub"

    async def hear_command(self) -> session_pb2.Command:
        while True:
            heard = await self.stream.hear()
            if heard.HasField("command"):
                return heard.command

    async def hear_offer(self) -> update_pb2.OfferUpdate:
        """The next offer, answered as a pole does when it is on its disk."""
        command = await self.hear_command()
        assert command.HasField("offer_update")
        await self.answer(command, session_pb2.ANSWER_CODE_DONE)
        return command.offer_update

    async def answer(
        self,
        command: session_pb2.Command,
        code: session_pb2.AnswerCode.ValueType,
        message: str = "",
    ) -> None:
        answer = session_pb2.Answer(id=command.id, code=code, message=message)
        await self.stream.call.write(session_pb2.ConnectRequest(answer=answer))

    async def report(
        self,
        phase: update_pb2.UpdatePhase.ValueType,
        bundle: bytes,
        refusal: update_pb2.UpdateRefusal.ValueType = update_pb2.UPDATE_REFUSAL_UNSPECIFIED,
    ) -> None:
        report = update_pb2.UpdateReport(
            version=VERSION,
            bundle_sha256=hashlib.sha256(bundle).digest(),
            phase=phase,
            refusal=refusal,
        )
        await self.stream.call.write(session_pb2.ConnectRequest(update_report=report))

    async def is_heard(self) -> None:
        """Until the collector has taken all that was said before."""
        question = session_pb2.TimeQuestion(nonce=bytes(16))
        await self.stream.call.write(session_pb2.ConnectRequest(time_question=question))
        while not (await self.stream.hear()).HasField("time_statement"):
            continue

    async def fetch(
        self, sha256: bytes, size_bytes: int, offset_bytes: int = 0, pieces: int = 10**9
    ) -> bytes:
        """From an offset, so many pieces, then the line is cut."""
        call: Fetching = self.updates.FetchBundle()
        got = bytearray()
        while offset_bytes + len(got) < size_bytes and pieces:
            offset = offset_bytes + len(got)
            await call.write(
                update_pb2.FetchBundleRequest(
                    bundle_sha256=sha256, offset_bytes=offset, size_bytes=PIECE_BYTES
                )
            )
            heard = await call.read()
            if not isinstance(heard, update_pb2.FetchBundleResponse):
                raise grpc.aio.AioRpcError(
                    await call.code(), await call.initial_metadata(),
                    await call.trailing_metadata(), await call.details(),
                )  # fmt: skip
            assert heard.offset_bytes == offset
            got += heard.bundle
            pieces -= 1
        call.cancel()
        return bytes(got)


@dataclass
class UpdateStage:
    """A collector and a bundle for its poles."""

    collector: Running
    bundle: bytes

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.bundle).digest()

    @property
    def desk(self) -> "UpdateDeskServiceAsyncStub":
        folder = self.collector.data / "operator"
        parts = [(folder / name).read_bytes() for name in ("key.pem", "certificate.pem")]
        channel = self.collector.channel(Credentials(self.collector.ca_pem, *parts))
        stub: UpdateDeskServiceAsyncStub = rollout_pb2_grpc.UpdateDeskServiceStub(channel)
        return stub

    async def connect(self, name: str, *, board: str = BOARD, image: str = "0.1.0") -> Pole:
        """Enrol a pole and open its stream."""
        return await self.open(name, await self.collector.enrol(name), board=board, image=image)

    async def open(
        self, name: str, credentials: Credentials, *, board: str = BOARD, image: str = "0.1.0"
    ) -> Pole:
        stream = self.collector.stream(credentials)
        hello = make_hello(name)
        hello.slot, hello.image, hello.board = "A", image, board
        await stream.say(hello)
        assert (await stream.hear()).HasField("welcome")
        channel = self.collector.channel(credentials)
        stub: UpdateServiceAsyncStub = update_pb2_grpc.UpdateServiceStub(channel)
        pole = Pole(name, credentials, stream, stub)
        await pole.is_heard()
        return pole

    def announce(self, **changes: object) -> rollout_pb2.OfferBundleRequest:
        bundle = rollout_pb2.Bundle(
            sha256=self.sha256, size_bytes=len(self.bundle), version=VERSION, board=BOARD
        )
        for name, value in changes.items():
            setattr(bundle, name, value)
        return rollout_pb2.OfferBundleRequest(bundle=bundle)

    def pieces(self, first_byte: int = 0) -> Iterator[rollout_pb2.SendBundleRequest]:
        for offset in range(first_byte, len(self.bundle), PIECE_BYTES):
            yield rollout_pb2.SendBundleRequest(
                bundle_sha256=self.sha256,
                offset_bytes=offset,
                piece=self.bundle[offset : offset + PIECE_BYTES],
            )

    async def push(self) -> None:
        """The bundle, whole."""
        await self.desk.OfferBundle(self.announce())
        await self.desk.SendBundle(self.pieces())

    async def start(self, *devices: str, **changes: object) -> rollout_pb2.Rollout:
        """A rollout that may offer at any hour, one wave."""
        request = rollout_pb2.StartRolloutRequest(
            bundle_sha256=self.sha256,
            devices=[operator_pb2.Name(name=name) for name in devices],
            ends_minute=1440,
            every_day=True,
            time_zone="Europe/Paris",
        )
        request.waves.extend((100,) if "waves" not in changes else ())
        request.MergeFrom(rollout_pb2.StartRolloutRequest(**changes))  # type: ignore[arg-type]
        return (await self.desk.StartRollout(request)).rollout

    async def decide(self) -> None:
        await self.collector.core.services.updates.decide()

    async def read(self, number: int) -> rollout_pb2.Rollout:
        request = rollout_pb2.ListRolloutsRequest(number=number)
        (found,) = (await self.desk.ListRollouts(request)).rollouts
        return found

    async def states(self, number: int) -> dict[str, str]:
        """Each pole's state in a word."""
        return {
            each.device: rollout_pb2.PoleState.Name(each.state).removeprefix("POLE_STATE_").lower()
            for each in (await self.read(number)).poles
        }


def make_bundle(size_bytes: int = 5 * PIECE_BYTES + 17, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size_bytes)
