"""The collector's parts of the keys of data at rest: whose they are, and when they are gone."""

from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from collector.shares import MOST_RELEASES
from edge.enrolment.channel import Credentials
from edge.enrolment.identity import make_request
from edge.wire.v1 import enrolment_pb2, operator_pb2, storage_pb2, storage_pb2_grpc
from tests.collector.conftest import Running, make_key, run_collector

if TYPE_CHECKING:
    from edge.wire.v1.storage_pb2_grpc import StorageServiceAsyncStub

GONE = (
    "device north-gate is revoked. If it is yours: Make a new token with 'vigie device invite "
    "north-gate' at the collector."
)


async def enrol(collector: Running, device: str = "north-gate") -> tuple[Credentials, bytes]:
    invited = await collector.operator.InviteDevice(operator_pb2.InviteDeviceRequest(device=device))
    key_pem = make_key(collector.data / f"pole-{device}")
    answer = await collector.enrolment().Enrol(
        enrolment_pb2.EnrolRequest(
            device=device, token=invited.token, csr_pem=make_request(key_pem, device)
        )
    )
    pair = Credentials(collector.ca_pem, key_pem, answer.certificate_pem.encode())
    return pair, answer.data_share


async def release(collector: Running, credentials: Credentials) -> bytes:
    stub: StorageServiceAsyncStub
    stub = storage_pb2_grpc.StorageServiceStub(collector.channel(credentials))
    return (await stub.ReleaseShare(storage_pb2.ReleaseShareRequest())).data_share


async def refusal(collector: Running, credentials: Credentials) -> tuple[object, object]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await release(collector, credentials)
    return refused.value.code(), refused.value.details()


async def revoke(collector: Running) -> None:
    await collector.operator.RevokeDevice(
        operator_pb2.RevokeDeviceRequest(device="north-gate", reason="stolen")
    )


def find_in_files(folder: Path, mark: bytes) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if mark in path.read_bytes()]


async def audit(collector: Running) -> list[tuple[str, str, str]]:
    lines = await collector.core.services.audit.list_lines()
    return [(line.who, line.action, line.thing) for line in lines]


async def test_a_share_is_made_at_enrolment_and_released_again(collector: Running) -> None:
    credentials, share = await enrol(collector)
    assert len(share) == 32
    assert await release(collector, credentials) == share
    assert ("device:north-gate", "release share", "north-gate") in await audit(collector)


async def test_each_device_gets_its_own_share_whatever_it_asks(collector: Running) -> None:
    north, north_share = await enrol(collector)
    south, south_share = await enrol(collector, "south-gate")
    assert north_share != south_share
    assert await release(collector, south) == south_share
    assert await release(collector, north) == north_share


async def test_an_operator_gets_no_share(collector: Running) -> None:
    folder = collector.data / "operator"
    parts = [(folder / name).read_bytes() for name in ("key.pem", "certificate.pem")]
    code, _ = await refusal(collector, Credentials(collector.ca_pem, *parts))
    assert code is grpc.StatusCode.PERMISSION_DENIED


async def test_a_share_outlives_the_collector_and_a_second_enrolment(tmp_path: Path) -> None:
    async with run_collector(tmp_path) as first:
        credentials, share = await enrol(first)
    async with run_collector(tmp_path) as second:
        assert await release(second, credentials) == share
        assert (await enrol(second))[1] == share


async def test_a_revoked_device_gets_no_share_and_its_bytes_are_nowhere(tmp_path: Path) -> None:
    async with run_collector(tmp_path) as collector:
        credentials, share = await enrol(collector)
        await revoke(collector)
        assert await refusal(collector, credentials) == (grpc.StatusCode.PERMISSION_DENIED, GONE)
    async with run_collector(tmp_path) as again:
        assert (await refusal(again, credentials))[0] is grpc.StatusCode.PERMISSION_DENIED
    assert find_in_files(tmp_path, share) == []


async def test_a_damaged_share_is_told_and_never_replaced(collector: Running) -> None:
    credentials, share = await enrol(collector)
    path = collector.data / "shares" / "north-gate"
    path.write_bytes(share[:-1])
    told = "the share of device north-gate cannot be read"
    code, reason = await refusal(collector, credentials)
    assert code is grpc.StatusCode.DATA_LOSS
    assert str(reason).startswith(told)
    with pytest.raises(grpc.aio.AioRpcError, match=told):
        await enrol(collector)
    path.write_bytes(share)
    assert await release(collector, credentials) == share


async def test_a_share_that_a_cut_left_behind_is_destroyed_at_the_start(tmp_path: Path) -> None:
    async with run_collector(tmp_path) as collector:
        _, share = await enrol(collector)
        await revoke(collector)
    left = tmp_path / "shares" / "north-gate"
    left.write_bytes(share)
    async with run_collector(tmp_path):
        assert not left.exists()


async def test_a_device_that_returns_after_revocation_gets_another_share(
    collector: Running,
) -> None:
    _, before = await enrol(collector)
    await revoke(collector)
    credentials, share = await enrol(collector)
    assert share != before
    assert await release(collector, credentials) == share


async def test_shares_are_released_so_often_an_hour_and_no_more(collector: Running) -> None:
    credentials, _ = await enrol(collector)
    stub: StorageServiceAsyncStub
    stub = storage_pb2_grpc.StorageServiceStub(collector.channel(credentials))
    for _ in range(MOST_RELEASES):
        await stub.ReleaseShare(storage_pb2.ReleaseShareRequest())
    code, told = await refusal(collector, credentials)
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert str(told).startswith("device north-gate asked for its share 60 times within an hour.")
