"""A pole of the page's stage that makes real clips: cut, sealed and signed by the vault's own code.

Only gRPC's transport is left out: requests are taken from the commands that wait for the pole, and
what it sends goes through the collector's ClipService with the certificate that enrolment gave it.
"""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn, cast

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from collector.clips.arrival import Context
from collector.devices import EvidenceClaim
from edge.enrolment.identity import IdentityDirectory, make_request
from edge.evidence.device_keys import prove_key
from edge.evidence.manifest import Manifest, sign_manifest
from edge.evidence.pieces import MandateName
from edge.evidence.request import ClipRequest, get_fingerprint, verify_request
from edge.evidence.sealed import Sealer
from edge.mandate.keys import PublicKey, SigningKey
from edge.mandate.trust import Trust, write_trust
from edge.vault.cut import Cut, cut_clip, cut_still
from edge.wire.v1 import clip_pb2, session_pb2
from tests.fakes.evidence import make_reader
from tests.fakes.footage import Footage, record
from tests.fakes.mandates import CITY, City, around
from tests.fakes.page_stage import DEVICE, Stage

CHUNK_BYTES = 32_768
MARK = "BENCH"


class _Certified:
    """What gRPC tells a service of its caller: the certificate, and a way to refuse."""

    def __init__(self, certificate_pem: str) -> None:
        self._certificate_pem = certificate_pem

    def auth_context(self) -> dict[str, list[bytes]]:
        return {"x509_pem_cert": [self._certificate_pem.encode()]}

    def peer(self) -> str:
        return "the stage's pole"

    async def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        raise AssertionError(f"{code}: {details}")


@dataclass
class SealedClip:
    """What a pole hands over, and the file inside."""

    clip: str
    sealed: bytes
    manifest: str
    cut: Cut


class ClipPole:
    """The city trusts the collector, the pole is enrolled, and a bench mandate is in force."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.city = City()
        self.reader = make_reader()
        self._private = Ed25519PrivateKey.generate()
        raw = self._private.public_key().public_bytes_raw()
        self.evidence = SigningKey(PublicKey(DEVICE, raw), self._private)
        self._context = stage.run(self._enrol(folder))
        self._take_trust()
        self.deliver_mandate()

    def deliver_mandate(self, **changes: object) -> str:
        """A mandate for the pole that holds now, delivered as the city's officer would."""
        holds = around(datetime.now(UTC))
        envelope = self.city.mandate(**{"devices": [DEVICE], **holds, **changes}).decode()
        self.stage.run(self.stage.core.services.mandates.deliver(envelope, "account:mayor"))
        return envelope

    def key_file(
        self, folder: Path, key: X25519PrivateKey | None = None, passphrase: str = ""
    ) -> Path:
        """The reader's private key as an officer holds it."""
        lock: KeySerializationEncryption = NoEncryption()
        if passphrase:
            lock = BestAvailableEncryption(passphrase.encode())
        private = key or self.reader.private
        path = folder / "control-room.key.pem"
        path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
        return path

    def take_requests(self) -> list[tuple[session_pb2.Command, ClipRequest]]:
        """Signed requests that wait for this pole, verified as its vault would."""
        services = self.stage.core.services
        waiting = self.stage.run(services.commands.waiting(DEVICE))
        return [
            (
                command,
                verify_request(command.request_clip.envelope, services.trusted.clip_key.public),
            )
            for command in waiting
            if command.HasField("request_clip")
        ]

    def answer(
        self, command: session_pb2.Command, code: session_pb2.AnswerCode.ValueType, message: str
    ) -> None:
        """What the vault says to a request."""
        answer = session_pb2.Answer(id=command.id, code=code, message=message)
        self.stage.run(self.stage.core.services.commands.keep_answer(DEVICE, answer))

    def make_clip(
        self, command: session_pb2.Command, request: ClipRequest, seconds: int = 6
    ) -> SealedClip:
        """Cut and seal some seconds of drawn footage, and sign what it is."""
        footage = record(seconds, side_px=128, begins_ns=request.from_utc_ms * 1_000_000)
        target = io.BytesIO()
        sealer = Sealer(target, request.clip, {self.reader.keyid: self.reader.raw})
        cut = _cut(footage, request, sealer)
        manifest = Manifest(
            request=request,
            request_sha256=bytes.fromhex(get_fingerprint(command.request_clip.envelope)),
            mandate=MandateName(1, "bench", bytes(32)),
            header=cut.header,
            fragments=cut.fragments,
            spans=cut.spans,
            gaps=(),
            chain_before=cut.chain_before,
            chain_after=cut.chain_after,
            mp4_bytes=cut.mp4_bytes,
            sealed_bytes=cut.sealed.sealed_bytes,
            sealed_blake3=cut.sealed.blake3,
            readers=(self.reader.keyid,),
            software="0.1.0",
            made_utc_ms=request.to_utc_ms,
            made_clock_error_ms=12,
        )
        signed = sign_manifest(manifest, self.evidence).decode()
        return SealedClip(request.clip, target.getvalue(), signed, cut)

    def offer(self, clip: SealedClip) -> None:
        """Announce a clip: the collector checks its manifest and waits for its bytes."""
        sealed_blake3 = clip.cut.sealed.blake3
        offer = clip_pb2.OfferClipRequest(
            clip=clip.clip,
            sealed_bytes=len(clip.sealed),
            sealed_blake3=sealed_blake3,
            manifest=clip.manifest,
        )
        self.stage.run(self.stage.core.arrivals.OfferClip(offer, self._context))

    def upload(self, clip: SealedClip, from_byte: int = 0, to_byte: int | None = None) -> None:
        """Send a stretch of an announced clip; the last byte makes it ready."""
        chunks = _chunks(clip, from_byte, len(clip.sealed) if to_byte is None else to_byte)
        self.stage.run(_exhaust(self.stage.core.arrivals.UploadClip(chunks, self._context)))

    def bring(self) -> SealedClip:
        """Answer the request that waits with a whole clip."""
        ((command, request),) = self.take_requests()
        self.answer(command, session_pb2.ANSWER_CODE_DONE, "")
        clip = self.make_clip(command, request)
        self.offer(clip)
        self.upload(clip)
        return clip

    def _take_trust(self) -> None:
        trusted = self.stage.core.services.trusted
        keys = tuple(key.public for key in self.city.keys)
        trust = Trust(
            CITY, self.city.threshold, keys, trusted.clip_key.public, (self.reader.named,)
        )
        trusted.take(write_trust(trust).decode())

    async def _enrol(self, folder: Path) -> Context:
        devices = self.stage.core.services.devices
        token, _ = await devices.invite(DEVICE, 0, "operator:test")
        claim = EvidenceClaim(*prove_key(self._private, DEVICE, token))
        key_pem = IdentityDirectory(folder).ensure_next_key()
        request = make_request(key_pem, DEVICE).encode()
        admitted = await devices.enrol(DEVICE, token, request, claim)
        return cast(Context, _Certified(admitted.issued.certificate_pem.decode()))


def _cut(footage: Footage, request: ClipRequest, sealer: Sealer) -> Cut:
    if request.kind == "still":
        return cut_still(footage, footage.headers, request.from_utc_ms, sealer, mark=MARK)
    return cut_clip(footage, footage.headers, sealer, mark=MARK)


async def _exhaust(answers: AsyncIterator[clip_pb2.UploadClipResponse]) -> None:
    async for _ in answers:
        pass


async def _chunks(
    clip: SealedClip, from_byte: int, to_byte: int
) -> AsyncIterator[clip_pb2.UploadClipRequest]:
    for offset in range(from_byte, to_byte, CHUNK_BYTES):
        part = clip.sealed[offset : min(offset + CHUNK_BYTES, to_byte)]
        yield clip_pb2.UploadClipRequest(clip=clip.clip, offset_bytes=offset, sealed=part)
