"""Revocation ends open streams, and the sweep whatever slipped through (promise P9).

How soon, tools/bench/streams.py measures.
"""

import grpc
import pytest

from collector.session import SWEEP_SECONDS
from edge.enrolment.channel import Credentials
from edge.wire.v1 import operator_pb2
from tests.collector.conftest import Running, Stream, make_hello

FEW, MANY = 20, 300
PROMISED_SECONDS = 5.0


async def open_many(collector: Running, count: int) -> list[Stream]:
    streams = []
    for number in range(count):
        name = f"pole-{number}"
        pair = collector.core.authority.make_client(f"vigie://device/{name}")
        credentials = Credentials(collector.ca_pem, pair.key_pem, pair.certificate_pem)
        stream, _ = await collector.open_stream(credentials, name)
        streams.append(stream)
    return streams


async def revoke_all(collector: Running, count: int) -> None:
    streams = await open_many(collector, count)
    operator = collector.operator
    for number, stream in enumerate(streams):
        request = operator_pb2.RevokeDeviceRequest(device=f"pole-{number}")
        assert (await operator.RevokeDevice(request)).ended_streams == 1
        code, _ = await stream.ending()
        assert code is grpc.StatusCode.PERMISSION_DENIED


async def test_each_revoked_device_is_cut_off(collector: Running) -> None:
    await revoke_all(collector, FEW)


@pytest.mark.soak
async def test_each_of_many_revoked_devices_is_cut_off(collector: Running) -> None:
    await revoke_all(collector, MANY)


async def test_a_stream_that_nobody_told_is_found_by_the_sweep(collector: Running) -> None:
    assert SWEEP_SECONDS < PROMISED_SECONDS
    credentials = await collector.enrol()
    stream, _ = await collector.open_stream(credentials)
    devices = collector.core.services.devices
    # As if the stream had been opened while the revocation was on its way to the disk.
    own = devices._streams.pop("north-gate")
    request = operator_pb2.RevokeDeviceRequest(device="north-gate")
    assert (await collector.operator.RevokeDevice(request)).ended_streams == 0
    devices._streams["north-gate"] = own
    assert (await stream.ending())[0] is grpc.StatusCode.PERMISSION_DENIED


async def test_revocation_outlives_a_restart(collector: Running) -> None:
    credentials = await collector.enrol()
    await collector.operator.RevokeDevice(operator_pb2.RevokeDeviceRequest(device="north-gate"))
    revoked = await collector.core.writer.submit(type(collector.core.services.devices).read_revoked)
    assert revoked.names == {"north-gate"}
    assert len(revoked.serials) == 1
    stream = collector.stream(credentials)
    await stream.say(make_hello())
    assert (await stream.ending())[0] is grpc.StatusCode.PERMISSION_DENIED
