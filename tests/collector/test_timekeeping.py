"""The signed time before there is a session: for anybody, and the trust file for who knows it."""

from typing import TYPE_CHECKING

import grpc
import pytest

from edge.clock import SystemClock
from edge.enrolment.channel import Credentials
from edge.mandate.keys import make_signing_key
from edge.mandate.time_statement import TimeAnswer, is_signed
from edge.mandate.trust import Trust, write_trust
from edge.wire.v1 import time_pb2, time_pb2_grpc
from tests.collector.conftest import Running

if TYPE_CHECKING:
    from edge.wire.v1.time_pb2_grpc import TimeServiceAsyncStub

NONCE = bytes(range(16))


async def ask(
    collector: Running, nonce: bytes = NONCE, fingerprint: str = ""
) -> time_pb2.StateTimeResponse:
    channel = collector.channel(Credentials(collector.ca_pem), "enrolment")
    stub: TimeServiceAsyncStub = time_pb2_grpc.TimeServiceStub(channel)
    request = time_pb2.StateTimeRequest(
        device="north-gate", nonce=nonce, authority_fingerprint=fingerprint
    )
    return await stub.StateTime(request)


def give_trust(collector: Running) -> Trust:
    trusted = collector.core.services.trusted
    keys = (make_signing_key("head").public, make_signing_key("deputy").public)
    trust = Trust("city", 2, keys, clip_key=trusted.clip_key.public)
    trusted.take(write_trust(trust).decode())
    return trust


async def test_the_time_is_signed_for_this_device_and_this_question(collector: Running) -> None:
    before_ms = SystemClock().utc_ns() // 1_000_000
    said = (await ask(collector)).statement
    key = collector.core.services.trusted.clip_key.public
    answer = TimeAnswer(said.nonce, said.utc_ms, said.error_ms, said.signature)
    assert said.nonce == NONCE
    assert before_ms <= said.utc_ms <= SystemClock().utc_ns() // 1_000_000
    assert is_signed(answer, "north-gate", key)
    assert not is_signed(answer, "south-gate", key)


async def test_the_trust_file_is_for_who_names_its_fingerprint(collector: Running) -> None:
    trust = give_trust(collector)
    text = write_trust(trust).decode()
    assert (await ask(collector, fingerprint=trust.fingerprint)).trust == text
    assert (await ask(collector, fingerprint="0" * 64)).trust == ""
    assert (await ask(collector)).trust == ""


async def test_a_nonce_of_another_length_is_refused(collector: Running) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await ask(collector, nonce=b"short")
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
