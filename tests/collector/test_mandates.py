"""Trust, mandates and the time on their way from the city to its poles."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable
from pathlib import Path

import grpc
import pytest

from collector.trusted import Trusted
from edge.enrolment.channel import Credentials
from edge.enrolment.identity import make_request
from edge.errors import Kind, VigieError
from edge.mandate.kernel_clock import KernelClock
from edge.mandate.time_statement import TimeAnswer, is_signed
from edge.mandate.trust import load_trust, write_trust
from edge.wire.v1 import enrolment_pb2, operator_pb2, session_pb2
from tests.collector.clips_stage import ClipsStage, connect_pole, set_stage, stage_mandate
from tests.collector.conftest import SECONDS, Running, make_hello, make_key
from tests.fakes.clock import FakeClock
from tests.fakes.mandates import DEVICE, City, statement


def _unknown() -> KernelClock:
    """A kernel that nobody told the time."""
    return KernelClock(is_synchronised=False, max_error_us=0)


async def refusal(call: Awaitable[object]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value.code(), str(refused.value.details()).splitlines()[0]


def deliver(envelope: bytes) -> operator_pb2.DeliverMandateRequest:
    return operator_pb2.DeliverMandateRequest(envelope=envelope.decode())


async def test_without_a_trust_file_no_mandate_is_taken(collector: Running) -> None:
    code, said = await refusal(collector.operator.DeliverMandate(deliver(City().mandate())))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert said.startswith("this collector has no trust file: nobody's mandates are believed yet")


async def test_a_trust_file_for_another_collector_is_refused(collector: Running) -> None:
    code, said = await refusal(
        collector.operator.TakeTrust(
            operator_pb2.TakeTrustRequest(trust=write_trust(City().trust).decode())
        )
    )
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert said.startswith("the trust file names the clip key of another collector")


async def test_an_enrolling_pole_is_given_the_trust_file(collector: Running) -> None:
    stage = await set_stage(collector)
    invited = await collector.operator.InviteDevice(
        operator_pb2.InviteDeviceRequest(device="pole-7")
    )
    key_pem = make_key(collector.data / "seven")
    issued = await collector.enrolment(Credentials(collector.ca_pem)).Enrol(
        enrolment_pb2.EnrolRequest(
            device="pole-7", token=invited.token, csr_pem=make_request(key_pem, "pole-7")
        )
    )
    trust = load_trust(issued.trust)
    assert trust == collector.core.services.trusted.trust
    assert trust.clip_key is not None
    assert trust.clip_key.keyid == stage.clip_key.keyid


async def test_a_mandate_of_too_few_goes_to_nobody(collector: Running) -> None:
    stage = await set_stage(collector)
    envelope = stage.city.sign(statement(version=5), by=stage.city.keys[:1])
    code, said = await refusal(collector.operator.DeliverMandate(deliver(envelope)))
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert said.startswith("1 of the 2 signatures that are needed")
    listed = await collector.operator.ListMandates(operator_pb2.ListMandatesRequest())
    assert [each.version for each in listed.mandates] == [1]


async def test_one_key_is_enough_to_stop(collector: Running) -> None:
    stage = await set_stage(collector)
    envelope = stage.city.revocation(statement())
    sent = await collector.operator.DeliverMandate(deliver(envelope))
    assert [each.name for each in sent.devices] == [DEVICE]
    command = await stage.pole.hear_command()
    assert command.take_mandate.envelope == envelope.decode()


async def test_a_pole_that_was_away_is_told_what_it_does_not_know(collector: Running) -> None:
    stage = await set_stage(collector)
    late = await connect_pole(collector, "pole-2")
    late.stream.call.cancel()
    envelope = stage_mandate(stage.city, version=2, devices=[DEVICE, "pole-2"])
    await collector.operator.DeliverMandate(deliver(envelope))
    stream, _ = await collector.open_stream(late.credentials, "pole-2")
    late.stream = stream
    command = await late.hear_command()
    assert command.take_mandate.envelope == envelope.decode()


async def test_a_pole_that_was_enrolled_later_is_told_too(collector: Running) -> None:
    stage = await set_stage(collector)
    envelope = stage_mandate(stage.city, version=2, devices=[DEVICE, "pole-3"])
    await collector.operator.DeliverMandate(deliver(envelope))
    late = await connect_pole(collector, "pole-3")
    assert (await late.hear_command()).take_mandate.envelope == envelope.decode()


async def test_an_answered_command_is_not_sent_again(collector: Running) -> None:
    stage = await set_stage(collector)
    commands = collector.core.services.commands
    async with asyncio.timeout(SECONDS):
        # The answer is on its way to the disk.
        while await commands.waiting(DEVICE):
            continue
    stage.pole.stream.call.cancel()
    hello = make_hello(DEVICE)
    hello.mandate_version = 1
    stream = collector.stream(stage.pole.credentials)
    await stream.say(hello)
    await stream.hear()
    assert await commands.waiting(DEVICE) == []


async def test_the_list_says_where_a_mandate_is_in_force(collector: Running) -> None:
    stage = await set_stage(collector)
    await stage.pole.stream.say(session_pb2.Status(uptime_ms=1, mandate_version=1))
    listed = operator_pb2.ListMandatesResponse()
    while not (listed.mandates and listed.mandates[0].in_force_at):
        listed = await collector.operator.ListMandates(operator_pb2.ListMandatesRequest())
    (mandate,) = listed.mandates
    assert [each.name for each in mandate.in_force_at] == [DEVICE]
    assert [each.name for each in mandate.signers] == ["mayor", "prefect"]
    assert mandate.profile == "bench"


async def test_the_time_is_told_signed_and_fresh(collector: Running) -> None:
    stage: ClipsStage = await set_stage(collector)
    nonce = os.urandom(16)
    question = session_pb2.ConnectRequest(time_question=session_pb2.TimeQuestion(nonce=nonce))
    await stage.pole.stream.call.write(question)
    heard = await stage.pole.stream.hear()
    while not heard.HasField("time_statement"):
        heard = await stage.pole.stream.hear()
    told = heard.time_statement
    answer = TimeAnswer(told.nonce, told.utc_ms, told.error_ms, told.signature)
    assert told.nonce == nonce
    assert is_signed(answer, DEVICE, stage.clip_key)
    assert not is_signed(answer, "pole-2", stage.clip_key)


async def test_a_question_of_another_length_ends_the_stream(collector: Running) -> None:
    stage = await set_stage(collector)
    question = session_pb2.ConnectRequest(time_question=session_pb2.TimeQuestion(nonce=b"short"))
    await stage.pole.stream.call.write(question)
    with contextlib.suppress(grpc.aio.AioRpcError):
        while True:
            await stage.pole.stream.call.read()
    code, said = await stage.pole.stream.ending()
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert said.startswith(f"device {DEVICE} asked for the time wrongly")


@pytest.mark.parametrize(
    ("kernel", "error_ms"),
    [
        (KernelClock(is_synchronised=False, max_error_us=1_000), 500),
        (KernelClock(is_synchronised=True, max_error_us=41_001), 42),
        (KernelClock(is_synchronised=True, max_error_us=0), 20),
        (KernelClock(is_synchronised=True, max_error_us=2_000_000), 2_000),
    ],
)
def test_the_time_is_as_sure_as_the_kernel_says_or_as_is_vouched_for(
    tmp_path: Path, kernel: KernelClock, error_ms: int
) -> None:
    told = Trusted(tmp_path, FakeClock(), lambda: kernel).state_time(DEVICE, os.urandom(16))
    assert told.error_ms == error_ms


def test_the_clip_key_is_made_once(tmp_path: Path) -> None:
    first = Trusted(tmp_path, FakeClock(), _unknown).clip_key.public
    assert Trusted(tmp_path, FakeClock(), _unknown).clip_key.public == first
    assert (tmp_path / "clip-key.pem").stat().st_mode & 0o777 == 0o600


def test_a_damaged_clip_key_is_named_and_never_replaced(tmp_path: Path) -> None:
    Trusted(tmp_path, FakeClock(), _unknown)
    (tmp_path / "clip-key.pem").write_text("gremlins")
    with pytest.raises(VigieError, match="the clip key cannot be read") as refused:
        Trusted(tmp_path, FakeClock(), _unknown)
    assert refused.value.kind is Kind.DATA_LOSS
    assert (tmp_path / "clip-key.pem").read_text() == "gremlins"
