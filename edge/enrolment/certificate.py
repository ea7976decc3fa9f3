"""How a pole gets its certificate: once with a token, then with the certificate it has.

The key is on disk before anything is asked, so an enrolment that was cut anywhere is repeated
with the same command; the collector answers the same key and token again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import grpc

from edge.enrolment.channel import Credentials, get_kind, make_channel, wait_ready
from edge.enrolment.diagnosis import find_reason, split_address
from edge.enrolment.identity import Identity, IdentityDirectory, make_request
from edge.errors import Kind, VigieError
from edge.wire.identifiers import DEVICE_NAME_HINT, is_device_name
from edge.wire.v1 import enrolment_pb2, enrolment_pb2_grpc

ANSWER_WITHIN_SECONDS = 30.0

Answer = TypeVar("Answer")


class EnrolmentError(VigieError):
    """The collector did not certify this device; the reason is the collector's own."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The key that this pole's clips will be signed with, shown once. edge/evidence makes both.

    key: 32 bytes. proof: 64 bytes, over this device's name and this token.
    """

    key: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What an enrolment came to. trust: whom to believe, as the collector hands it out; may be
    empty.
    """

    identity: Identity
    trust: str


async def enrol(
    directory: IdentityDirectory,
    *,
    device: str,
    collector: str,
    ca: Path,
    token: str,
    settle: Callable[[str, bytes], object],
    evidence: Evidence | None = None,
) -> Enrolled:
    """Get the first certificate (or a new one, with a new token) and put it into force.

    collector: HOST:PORT of enrolment; the answer names the sessions' port. evidence: None for a
    pole without a vault. settle: is given whom the collector says to believe and its share of the
    key of data at rest, before the identity is in force; what it raises leaves the identity as it
    was, and the key that the token is good for.

    Raises:
        EnrolmentError: a bad name or authority file, or the collector refused.
        ConnectError: the collector cannot be reached or not be trusted.
        IdentityError: the identity cannot be written.

    """
    check_name(device)
    split_address(collector)
    ca_pem = _read_authority(ca)
    csr_pem = make_request(directory.ensure_next_key(), device)
    request = enrolment_pb2.EnrolRequest(device=device, token=token, csr_pem=csr_pem)
    if evidence is not None:
        request.evidence_key, request.evidence_proof = evidence.key, evidence.proof
    answer = await _ask(
        collector,
        Credentials(ca_pem),
        lambda stub: stub.Enrol(request, timeout=ANSWER_WITHIN_SECONDS),
    )
    settle(answer.trust, answer.data_share)
    identity = directory.write_enrolled(
        answer.certificate_pem.encode(),
        device=device,
        collector=_sessions_address(collector, answer),
        ca_pem=ca_pem,
    )
    return Enrolled(identity, answer.trust)


async def renew(directory: IdentityDirectory, identity: Identity) -> Identity:
    """Get the next certificate with the present one, on a channel of its own.

    Raises:
        EnrolmentError: the collector refused (a revoked device, for one).
        ConnectError: the collector cannot be reached or not be trusted.
        IdentityError: the identity cannot be written.

    """
    key_pem = await asyncio.to_thread(directory.ensure_next_key)
    request = enrolment_pb2.RenewRequest(csr_pem=make_request(key_pem, identity.device))
    answer = await _ask(
        identity.collector,
        get_credentials(identity),
        lambda stub: stub.Renew(request, timeout=ANSWER_WITHIN_SECONDS),
    )
    return await asyncio.to_thread(
        directory.write_renewed, answer.certificate_pem.encode(), identity.device
    )


def get_credentials(identity: Identity) -> Credentials:
    """What this identity proves itself with."""
    return Credentials(identity.ca_pem, identity.key_pem, identity.certificate_pem)


def check_name(device: str) -> None:
    """Refuse what cannot be a device's name.

    Raises:
        EnrolmentError: it is not lower-case letters, digits and hyphens, 1 to 63 of them.

    """
    if not is_device_name(device):
        raise EnrolmentError(
            Kind.INVALID_ARGUMENT,
            f"'{device}' cannot be a device's name",
            hint=DEVICE_NAME_HINT,
        )


def _read_authority(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EnrolmentError(
            Kind.NOT_FOUND,
            f"the authority file cannot be read ({error.strerror})",
            where=str(path),
            hint="Copy ca.pem from the collector; 'vigie device invite' prints where it is.",
        ) from error
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise EnrolmentError(
            Kind.INVALID_ARGUMENT,
            "the authority file holds no certificate",
            where=str(path),
            hint="Copy ca.pem from the collector; 'vigie device invite' prints where it is.",
        )
    return content


async def _ask(
    collector: str,
    credentials: Credentials,
    call: Callable[["enrolment_pb2_grpc.EnrolmentServiceAsyncStub"], Awaitable[Answer]],
) -> Answer:
    async with make_channel(collector, credentials) as channel:
        if not await wait_ready(channel):
            raise await asyncio.to_thread(find_reason, collector, credentials)
        stub: enrolment_pb2_grpc.EnrolmentServiceAsyncStub
        stub = enrolment_pb2_grpc.EnrolmentServiceStub(channel)
        try:
            return await call(stub)
        except grpc.aio.AioRpcError as error:
            raise EnrolmentError(
                get_kind(error.code()), _reason(error), hint=_remedy(error)
            ) from error


def _sessions_address(collector: str, answer: enrolment_pb2.EnrolResponse) -> str:
    """Where the session is: the host that was asked, and the port it names."""
    if not answer.HasField("session_port"):
        return collector
    if not 0 < answer.session_port < 65536:
        raise EnrolmentError(
            Kind.INTERNAL,
            f"the collector names port {answer.session_port} for the session",
            hint="Update the collector and the device to the same release.",
        )
    return f"{collector.rpartition(':')[0]}:{answer.session_port}"


def _reason(error: grpc.aio.AioRpcError) -> str:
    if error.code() is grpc.StatusCode.UNIMPLEMENTED:
        return "the collector does not know how to enrol devices"
    return f"the collector refused: {error.details() or error.code().name.lower()}"


def _remedy(error: grpc.aio.AioRpcError) -> str:
    if error.code() is grpc.StatusCode.UNIMPLEMENTED:
        return "Update the collector to the device's release."
    if get_kind(error.code()) is Kind.UNAVAILABLE:
        return "Run the same command again; the token is still good."
    return "Make a new token with 'vigie device invite NAME' at the collector."
