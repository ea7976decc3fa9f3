"""How a pole gets its certificate, and how it loses it."""

import asyncio

import grpc
import pytest
from cryptography import x509

from edge.enrolment.channel import Credentials
from edge.enrolment.identity import make_request
from edge.wire.v1 import enrolment_pb2, operator_pb2
from tests.collector.conftest import SECONDS, Running, make_batch, make_hello, make_key

DENIED = grpc.StatusCode.PERMISSION_DENIED
INVITE = "Make a new token with 'vigie device invite north-gate' at the collector."
Refusal = tuple[grpc.StatusCode | None, str | None]


async def ask(
    collector: Running, token: str, *, device: str = "north-gate", key: str = "k"
) -> enrolment_pb2.EnrolResponse:
    key_pem = make_key(collector.data / f"pole-{key}")
    request = enrolment_pb2.EnrolRequest(
        device=device, token=token, csr_pem=make_request(key_pem, device)
    )
    return await collector.enrolment().Enrol(request)


async def refusal(collector: Running, token: str, **asked: str) -> Refusal:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await ask(collector, token, **asked)
    return refused.value.code(), refused.value.details()


async def invite(collector: Running, device: str = "north-gate", seconds: int = 0) -> str:
    request = operator_pb2.InviteDeviceRequest(device=device, valid_seconds=seconds)
    return (await collector.operator.InviteDevice(request)).token


async def test_a_certificate_names_one_device_and_can_sign_nothing(collector: Running) -> None:
    answer = await ask(collector, await invite(collector))
    certificate = x509.load_pem_x509_certificate(answer.certificate_pem.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == ["vigie://device/north-gate"]
    limits = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert not limits.ca
    assert not usage.key_cert_sign
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert life.days == 30
    assert answer.session_port == int(collector.addresses["sessions"].rpartition(":")[2])


async def test_a_used_token_is_refused_for_another_key(collector: Running) -> None:
    token = await invite(collector)
    await ask(collector, token)
    reason = f"the token for device north-gate was used already. {INVITE}"
    assert await refusal(collector, token, key="other") == (DENIED, reason)


async def test_an_enrolment_whose_answer_was_lost_is_repeated(collector: Running) -> None:
    token = await invite(collector)
    first, second = await ask(collector, token), await ask(collector, token)
    assert first.certificate_pem != second.certificate_pem


async def test_a_token_is_good_for_its_device_only(collector: Running) -> None:
    await invite(collector)
    token = await invite(collector, "south-gate")
    reason = f"the token is not for device north-gate. {INVITE}"
    assert await refusal(collector, token) == (DENIED, reason)
    assert await refusal(collector, "") == (DENIED, reason)


async def test_a_token_is_kept_as_a_hash_only(collector: Running) -> None:
    token = await invite(collector)
    files = [path for path in collector.data.rglob("*") if path.is_file()]
    assert not any(token.encode() in path.read_bytes() for path in files)


async def test_a_renewed_certificate_is_for_the_same_device(collector: Running) -> None:
    credentials = await collector.enrol()
    key_pem = make_key(collector.data / "next")
    # What the request claims does not count: the connection says who asks.
    request = enrolment_pb2.RenewRequest(csr_pem=make_request(key_pem, "somebody-else"))
    renewed = await collector.enrolment(credentials, "sessions").Renew(request)
    pair = Credentials(collector.ca_pem, key_pem, renewed.certificate_pem.encode())
    _, stored_seq = await collector.open_stream(pair)
    assert stored_seq == 0


async def test_renewal_needs_the_certificate_to_be_renewed(collector: Running) -> None:
    key_pem = make_key(collector.data / "next")
    request = enrolment_pb2.RenewRequest(csr_pem=make_request(key_pem, "north-gate"))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await collector.enrolment().Renew(request)
    assert refused.value.details() == (
        "the connection proved no identity. "
        "Connect with a certificate of this collector's authority."
    )


async def test_a_revoked_device_is_cut_off_and_stays_out(collector: Running) -> None:
    credentials = await collector.enrol()
    stream, _ = await collector.open_stream(credentials)
    await stream.say(make_batch(1))
    await stream.hear_ack(1)
    answer = await collector.operator.RevokeDevice(
        operator_pb2.RevokeDeviceRequest(device="north-gate", reason="stolen")
    )
    assert answer.ended_streams == 1
    gone = (DENIED, f"device north-gate is revoked. If it is yours: {INVITE}")
    assert await stream.ending() == gone
    again = collector.stream(credentials)
    await again.say(make_hello())
    assert await again.ending() == gone
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await collector.enrolment(credentials, "sessions").Renew(enrolment_pb2.RenewRequest())
    assert (refused.value.code(), refused.value.details()) == gone


async def test_a_device_invited_again_leaves_the_stolen_certificate_out(
    collector: Running,
) -> None:
    stolen = await collector.enrol()
    await collector.operator.RevokeDevice(operator_pb2.RevokeDeviceRequest(device="north-gate"))
    token = await invite(collector)
    key_pem = make_key(collector.data / "pole-new")
    issued = await ask(collector, token, key="new")
    fresh = Credentials(collector.ca_pem, key_pem, issued.certificate_pem.encode())
    await collector.open_stream(fresh)
    thief = collector.stream(stolen)
    await thief.say(make_hello())
    assert (await thief.ending())[0] is DENIED


async def test_a_request_for_another_kind_of_key_is_refused(collector: Running) -> None:
    token = await invite(collector)
    request = enrolment_pb2.EnrolRequest(device="north-gate", token=token, csr_pem="nothing")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await collector.enrolment().Enrol(request)
    assert refused.value.details() == (
        "the certificate request is refused: it cannot be read. "
        "Run 'vigie device enrol' of the same release on the device."
    )


async def test_a_client_without_a_certificate_gets_no_session(collector: Running) -> None:
    stream = collector.stream(Credentials(collector.ca_pem))
    async with asyncio.timeout(SECONDS):
        assert await stream.call.code() is grpc.StatusCode.UNAVAILABLE
