"""A collector that a city trusts, with one pole under a mandate: what tests of clips begin with."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.enrolment.channel import Credentials
from edge.enrolment.identity import make_request
from edge.evidence.device_keys import prove_key
from edge.evidence.manifest import sign_manifest
from edge.evidence.pieces import MandateName
from edge.evidence.request import ClipRequest, get_fingerprint, verify_request
from edge.mandate.keys import PublicKey, SigningKey
from edge.mandate.trust import Trust, write_trust
from edge.wire.v1 import (
    clip_pb2,
    clip_pb2_grpc,
    enrolment_pb2,
    event_pb2,
    operator_pb2,
    session_pb2,
)
from tests.collector.conftest import Running, Stream, make_dictionary, make_key
from tests.fakes.evidence import Reader, make_clip, make_reader
from tests.fakes.mandates import CAMERA, CITY, DEVICE, City, around

if TYPE_CHECKING:
    from edge.wire.v1.clip_pb2_grpc import ClipDeskServiceAsyncStub, ClipServiceAsyncStub

CHUNK_BYTES = 32_768
REASON = "a person was pushed, see the report"


@dataclass
class Pole:
    """A pole that is enrolled with an evidence key and holds a stream."""

    credentials: Credentials
    evidence: SigningKey
    stream: Stream
    clips: "ClipServiceAsyncStub"
    newest_command: int = 0

    async def hear_command(self) -> session_pb2.Command:
        """The next command; acks and what was heard before are passed over, as a pole does."""
        while True:
            heard = await self.stream.hear()
            if heard.HasField("command") and heard.command.id > self.newest_command:
                self.newest_command = heard.command.id
                return heard.command

    async def answer(
        self, command: session_pb2.Command, code: session_pb2.AnswerCode.ValueType, message: str
    ) -> None:
        request = session_pb2.ConnectRequest(
            answer=session_pb2.Answer(id=command.id, code=code, message=message)
        )
        await self.stream.call.write(request)

    async def upload(self, chunks: AsyncIterator[clip_pb2.UploadClipRequest]) -> int:
        """How much the collector has after the last chunk."""
        answers = [each.stored_bytes async for each in self.clips.UploadClip(chunks)]
        assert answers == sorted(answers)
        return answers[-1]


@dataclass
class Sealed:
    """A clip as a vault would hand it over; the sealed bytes are any bytes."""

    clip: str
    content: bytes
    manifest: str

    @property
    def offer(self) -> clip_pb2.OfferClipRequest:
        return clip_pb2.OfferClipRequest(
            clip=self.clip,
            sealed_bytes=len(self.content),
            sealed_blake3=blake3(self.content).digest(),
            manifest=self.manifest,
        )

    async def chunks(self, first_byte: int = 0) -> AsyncIterator[clip_pb2.UploadClipRequest]:
        for offset in range(first_byte, len(self.content), CHUNK_BYTES):
            part = self.content[offset : offset + CHUNK_BYTES]
            yield clip_pb2.UploadClipRequest(clip=self.clip, offset_bytes=offset, sealed=part)


@dataclass
class ClipsStage:
    """Everything that a clip needs before somebody asks for it."""

    collector: Running
    city: City
    reader: Reader
    pole: Pole

    @property
    def desk(self) -> "ClipDeskServiceAsyncStub":
        folder = self.collector.data / "operator"
        parts = [(folder / name).read_bytes() for name in ("key.pem", "certificate.pem")]
        channel = self.collector.channel(Credentials(self.collector.ca_pem, *parts))
        stub: ClipDeskServiceAsyncStub = clip_pb2_grpc.ClipDeskServiceStub(channel)
        return stub

    @property
    def clip_key(self) -> PublicKey:
        return self.collector.core.services.trusted.clip_key.public

    def read_request(self, command: session_pb2.Command) -> ClipRequest:
        """The signed request in a command, verified as the vault would."""
        return verify_request(command.request_clip.envelope, self.clip_key)

    def seal(
        self,
        command: session_pb2.Command,
        *,
        profile: str = "bench",
        size_bytes: int = 5 * CHUNK_BYTES + 17,
    ) -> Sealed:
        """What a good vault answers a command with."""
        request = self.read_request(command)
        content = os.urandom(size_bytes)
        manifest = replace(
            make_clip(1000, 2000).manifest,
            request=request,
            request_sha256=bytes.fromhex(get_fingerprint(command.request_clip.envelope)),
            mandate=MandateName(1, profile, bytes(32)),
            sealed_bytes=len(content),
            sealed_blake3=blake3(content).digest(),
            readers=request.readers,
        )
        return Sealed(request.clip, content, sign_manifest(manifest, self.pole.evidence).decode())

    def ask(self, **changes: object) -> clip_pb2.AskClipRequest:
        """A good wish for ten seconds, with changes."""
        now_ms = now_utc_ms()
        wish = clip_pb2.AskClipRequest(
            device=DEVICE,
            camera=CAMERA,
            from_utc_ms=now_ms - 60_000,
            to_utc_ms=now_ms - 50_000,
            reason=REASON,
            case="2026-0042",
        )
        wish.MergeFrom(clip_pb2.AskClipRequest(**changes))  # type: ignore[arg-type]
        for name, value in changes.items():
            setattr(wish, name, value)
        return wish


async def set_stage(collector: Running) -> ClipsStage:
    """Trust taken, pole enrolled and connected, mandate delivered and answered."""
    city, reader = City(), make_reader()
    clip_key = collector.core.services.trusted.clip_key.public
    trust = Trust(
        CITY, city.threshold, tuple(key.public for key in city.keys), clip_key, (reader.named,)
    )
    await collector.operator.TakeTrust(
        operator_pb2.TakeTrustRequest(trust=write_trust(trust).decode())
    )
    pole = await connect_pole(collector)
    stage = ClipsStage(collector, city, reader, pole)
    await collector.operator.DeliverMandate(
        operator_pb2.DeliverMandateRequest(envelope=stage_mandate(city).decode())
    )
    command = await pole.hear_command()
    assert command.HasField("take_mandate")
    await pole.answer(command, session_pb2.ANSWER_CODE_DONE, "")
    return stage


def stage_mandate(city: City, **changes: object) -> bytes:
    """A mandate that holds now."""
    return city.mandate(**{**around(datetime.now(UTC)), **changes})


async def connect_pole(collector: Running, device: str = DEVICE) -> Pole:
    """Enrol with an evidence key, open a stream, name the camera."""
    private = Ed25519PrivateKey.generate()
    evidence = SigningKey(PublicKey(device, private.public_key().public_bytes_raw()), private)
    invited = await collector.operator.InviteDevice(operator_pb2.InviteDeviceRequest(device=device))
    key, proof = prove_key(private, device, invited.token)
    key_pem = make_key(collector.data / f"pole-{device}")
    issued = await collector.enrolment().Enrol(
        enrolment_pb2.EnrolRequest(
            device=device,
            token=invited.token,
            csr_pem=make_request(key_pem, device),
            evidence_key=key,
            evidence_proof=proof,
        )
    )
    credentials = Credentials(collector.ca_pem, key_pem, issued.certificate_pem.encode())
    stream, _ = await collector.open_stream(credentials, device)
    await stream.say(make_dictionary(event_pb2.FUNCTION_INTRUSION))
    channel = collector.channel(credentials, "sessions")
    stub: ClipServiceAsyncStub = clip_pb2_grpc.ClipServiceStub(channel)
    return Pole(credentials, evidence, stream, stub)


def now_utc_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)
