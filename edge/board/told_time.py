"""The collector's signed word about the time, asked before any session: one question, one answer.

Believed is what the trust file with the right fingerprint says about who signs; the connection is
believed in nothing. A round trip bounds the error, as in edge/mandate/clock_proof.py.
"""

import os
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from edge.board.trouble import BoardError, Trouble
from edge.board.undated import undated_channel
from edge.clock import Clock
from edge.enrolment.channel import get_kind
from edge.errors import Kind, VigieError
from edge.mandate.clock_proof import MAX_ROUND_TRIP_NS
from edge.mandate.time_statement import NONCE_BYTES, TimeAnswer, is_signed
from edge.mandate.trust import Trust, load_trust
from edge.wire.v1 import time_pb2, time_pb2_grpc

if TYPE_CHECKING:
    from edge.wire.v1.time_pb2_grpc import TimeServiceAsyncStub

ANSWER_SECONDS = 30.0
_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class ToldTime:
    """At monotonic_ns of this machine it was utc_ns, give or take error_ns. trust: as handed
    out, checked against the fingerprint.
    """

    utc_ns: int
    monotonic_ns: int
    error_ns: int
    trust: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to ask, as whom, and which trust file's word counts."""

    collector: str
    ca_pem: str
    device: str
    authority_fingerprint: str


async def ask_time(asked: Asked, clock: Clock) -> ToldTime:
    """Raises BoardError: NO_NETWORK, WRONG_AUTHORITY, WRONG_TRUST, REFUSED or BAD_CLOCK."""
    nonce = os.urandom(NONCE_BYTES)
    began_ns = clock.monotonic_ns()
    answer = await _call(asked, nonce)
    ended_ns = clock.monotonic_ns()
    trust = _check_trust(answer.trust, asked.authority_fingerprint)
    said = answer.statement
    statement = TimeAnswer(said.nonce, said.utc_ms, said.error_ms, said.signature)
    if said.nonce != nonce or trust.clip_key is None:
        raise _bad_clock("the collector did not answer the question that was asked")
    if not is_signed(statement, asked.device, trust.clip_key):
        raise _bad_clock("the time is not signed by the collector that the authority names")
    round_trip_ns = ended_ns - began_ns
    if round_trip_ns > MAX_ROUND_TRIP_NS:
        raise _bad_clock(f"the answer took {round_trip_ns / 1e9:.0f} s and proves nothing")
    error_ns = said.error_ms * _NS_PER_MS + round_trip_ns // 2 + _NS_PER_MS
    utc_ns = said.utc_ms * _NS_PER_MS + round_trip_ns // 2
    return ToldTime(utc_ns, ended_ns, error_ns, answer.trust)


async def _call(asked: Asked, nonce: bytes) -> time_pb2.StateTimeResponse:
    request = time_pb2.StateTimeRequest(
        device=asked.device, nonce=nonce, authority_fingerprint=asked.authority_fingerprint
    )
    async with undated_channel(asked.collector, asked.ca_pem) as undated:
        stub: TimeServiceAsyncStub = time_pb2_grpc.TimeServiceStub(undated.channel)
        try:
            return await stub.StateTime(request, timeout=ANSWER_SECONDS)
        except grpc.aio.AioRpcError as error:
            if undated.failure is not None:
                raise _explain(asked.collector, undated.failure) from error
            raise _refused(asked.collector, error) from error


def _check_trust(text: str, fingerprint: str) -> Trust:
    try:
        trust = load_trust(text) if text else None
    except VigieError as wrong:
        raise _wrong_trust("a trust file that cannot be read") from wrong
    if trust is None or trust.fingerprint != fingerprint:
        raise _wrong_trust("another trust file" if trust else "no such trust file")
    return trust


def _explain(collector: str, failure: OSError) -> BoardError:
    if isinstance(failure, ssl.SSLCertVerificationError):
        return BoardError(
            Trouble.WRONG_AUTHORITY,
            f"{collector} is not the collector in the provisioning file ({failure.verify_message})",
            kind=Kind.PERMISSION_DENIED,
            hint="Compare its ca.pem and its name with those of 'vigie provision new'.",
        )
    return BoardError(
        Trouble.NO_NETWORK,
        f"{collector} cannot be reached ({failure.strerror or failure})",
        kind=Kind.UNAVAILABLE,
        hint="Check cable, modem and firewall; it is tried again by itself.",
    )


def _refused(collector: str, error: grpc.aio.AioRpcError) -> BoardError:
    kind = get_kind(error.code())
    trouble = Trouble.NO_NETWORK if kind is Kind.UNAVAILABLE else Trouble.REFUSED
    told = error.details() or error.code().name.lower()
    return BoardError(trouble, f"{collector} tells no time: {told}", kind=kind)


def _wrong_trust(what: str) -> BoardError:
    return BoardError(
        Trouble.WRONG_TRUST,
        f"the collector has {what}",
        kind=Kind.PERMISSION_DENIED,
        hint="Let it take the authority's file ('vigie collector trust FILE'), or provision this "
        "pole with the fingerprint of the one that it has.",
    )


def _bad_clock(what: str) -> BoardError:
    return BoardError(Trouble.BAD_CLOCK, what, kind=Kind.PERMISSION_DENIED)
