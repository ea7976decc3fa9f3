"""The collector's half of the session, over real mutual TLS and a real database."""

import grpc
import pytest

from collector.authority import Authority
from edge.clock import SystemClock
from edge.enrolment.channel import Credentials
from edge.wire.v1 import event_pb2, operator_pb2, session_pb2
from tests.collector.conftest import (
    EPOCH,
    Running,
    make_batch,
    make_dictionary,
    make_hello,
)
from tests.fakes.clock import FakeClock

DAY_NS = 86_400_000_000_000
DENIED = grpc.StatusCode.PERMISSION_DENIED
INVALID = grpc.StatusCode.INVALID_ARGUMENT


async def list_events(collector: Running) -> list[operator_pb2.StoredEvent]:
    listed = await collector.operator.ListEvents(operator_pb2.ListEventsRequest(limit=1000))
    return list(listed.events)


async def test_a_batch_is_acked_and_then_found_with_its_rule(collector: Running) -> None:
    stream, stored_seq = await collector.open_stream(await collector.enrol())
    assert stored_seq == 0
    await stream.say(make_dictionary())
    await stream.say(make_batch(1, 3))
    await stream.hear_ack(3)
    events = await list_events(collector)
    assert [(e.number, e.device, e.epoch, e.seq) for e in events] == [
        (number, "north-gate", EPOCH, number) for number in (1, 2, 3)
    ]
    assert events[0].captured_utc_ms == 1_790_000_000_007
    assert (events[0].rule.name, events[0].model) == ("night-yard", "ssd-coco15")
    assert events[0].event.score_percent == 80
    assert events[0].start_seq == 1


async def test_a_batch_that_comes_again_is_acked_and_stored_once(collector: Running) -> None:
    credentials = await collector.enrol()
    stream, _ = await collector.open_stream(credentials)
    for _ in range(3):
        await stream.say(make_batch(1, 4))
    await stream.say(make_batch(3, 4))
    await stream.hear_ack(6)
    assert [event.seq for event in await list_events(collector)] == [1, 2, 3, 4, 5, 6]
    again, stored_seq = await collector.open_stream(credentials)
    assert stored_seq == 6
    await again.say(make_batch(1, 7))
    await again.hear_ack(7)
    assert [event.seq for event in await list_events(collector)] == [1, 2, 3, 4, 5, 6, 7]


async def test_an_ack_waits_for_the_hole_before_it(collector: Running) -> None:
    stream, _ = await collector.open_stream(await collector.enrol())
    await stream.say(make_batch(5, 2))
    assert (await stream.hear()).ack.stored_seq == 0
    await stream.say(make_batch(1, 4))
    await stream.hear_ack(6)
    assert sorted(event.seq for event in await list_events(collector)) == [1, 2, 3, 4, 5, 6]


async def test_the_ack_passes_over_what_the_pole_says_is_gone(collector: Running) -> None:
    stream, _ = await collector.open_stream(await collector.enrol())
    await stream.say(make_batch(1, 2))
    batch = make_batch(9, 2)
    batch.follows_seq = 2
    await stream.say(batch)
    await stream.hear_ack(10)
    assert [event.seq for event in await list_events(collector)] == [1, 2, 9, 10]


async def test_numbers_of_a_newer_device_are_stored_and_shown(collector: Running) -> None:
    stream, _ = await collector.open_stream(await collector.enrol())
    await stream.say(make_dictionary(function=999))
    batch = make_batch(1)
    batch.events[0].phase = event_pb2.Phase.ValueType(77)
    batch.events[0].object_class = event_pb2.ObjectClass.ValueType(99)
    await stream.say(batch)
    await stream.hear_ack(1)
    (event,) = await list_events(collector)
    assert (event.rule.function, event.event.phase, event.event.object_class) == (999, 77, 99)


async def test_each_epoch_has_its_own_watermark(collector: Running) -> None:
    credentials = await collector.enrol()
    first, _ = await collector.open_stream(credentials)
    await first.say(make_batch(1, 5))
    await first.hear_ack(5)
    second = collector.stream(credentials)
    await second.say(make_hello(epoch=7))
    assert (await second.hear()).welcome.stored_seq == 0


async def test_the_newest_stream_of_an_identity_wins(collector: Running) -> None:
    credentials = await collector.enrol()
    older, _ = await collector.open_stream(credentials)
    newer, _ = await collector.open_stream(credentials)
    assert await older.ending() == (
        grpc.StatusCode.UNAVAILABLE,
        (
            "another stream of device north-gate was opened. "
            "If only one machine has this identity, this is its older connection."
        ),
    )
    await newer.say(make_batch(1))
    await newer.hear_ack(1)
    assert not (await collector.core.services.reader.list_devices())[0].has_twin


async def test_two_machines_with_one_identity_are_marked(collector: Running) -> None:
    credentials = await collector.enrol()
    streams = [await collector.open_stream(credentials) for _ in range(3)]
    assert len(streams) == 3
    (device,) = await collector.core.services.reader.list_devices()
    assert device.has_twin


async def test_a_pole_that_knows_less_than_was_stored_is_marked(collector: Running) -> None:
    credentials = await collector.enrol()
    stream, _ = await collector.open_stream(credentials)
    await stream.say(make_batch(1, 9))
    await stream.hear_ack(9)
    await collector.open_stream(credentials, last_seq=3)
    assert (await collector.core.services.reader.list_devices())[0].has_twin


async def test_health_is_kept_and_shown(collector: Running) -> None:
    stream, _ = await collector.open_stream(await collector.enrol())
    await stream.say(session_pb2.Status(uptime_ms=5, pending_events=2, temperature_c=-3))
    await stream.say(make_batch(1))
    await stream.hear_ack(1)
    listed = await collector.operator.ListDevices(operator_pb2.ListDevicesRequest())
    (device,) = listed.devices
    assert device.is_connected
    assert device.stored_events == 1
    assert device.state == operator_pb2.DEVICE_STATE_ENROLLED
    assert (device.status.pending_events, device.status.temperature_c) == (2, -3)
    assert device.software == "0.1.0"


REFUSED_HELLOS: dict[str, tuple[session_pb2.Hello, grpc.StatusCode, str]] = {
    "another device's name": (
        make_hello("south-gate"),
        DENIED,
        (
            "the certificate is for device north-gate, but the hello is from south-gate. "
            "Enrol the device under its own name."
        ),
    ),
    "no epoch": (
        make_hello(epoch=0),
        INVALID,
        (
            "device north-gate said a wrong hello: Hello.epoch is 0; an epoch is drawn at random. "
            "Update the collector and the device to the same release."
        ),
    ),
    "no version": (
        make_hello(wire_version=0),
        INVALID,
        (
            "device north-gate said a wrong hello: Hello.wire_version is 0; versions count from 1. "
            "Update the collector and the device to the same release."
        ),
    ),
    "a name that is too long": (
        session_pb2.Hello(wire_version=1, device="n" * 65, epoch=EPOCH),
        INVALID,
        (
            "device north-gate said a wrong hello: Hello.device is 65 bytes, over 64. "
            "Update the collector and the device to the same release."
        ),
    ),
}


@pytest.mark.parametrize("case", REFUSED_HELLOS.values(), ids=REFUSED_HELLOS.keys())
async def test_a_wrong_hello_is_refused_with_its_reason(
    collector: Running, case: tuple[session_pb2.Hello, grpc.StatusCode, str]
) -> None:
    hello, code, reason = case
    stream = collector.stream(await collector.enrol())
    await stream.say(hello)
    assert await stream.ending() == (code, reason)


async def test_a_newer_device_is_answered_in_the_older_version(collector: Running) -> None:
    stream = collector.stream(await collector.enrol())
    await stream.say(make_hello(wire_version=2))
    assert (await stream.hear()).welcome.wire_version == 1


async def test_a_batch_that_breaks_the_bounds_is_refused_whole(collector: Running) -> None:
    stream, _ = await collector.open_stream(await collector.enrol())
    batch = make_batch(1, 2)
    batch.events[1].trace = b"x" * 98
    await stream.say(batch)
    code, reason = await stream.ending()
    assert code is INVALID
    assert reason == (
        "device north-gate sent what the wire forbids: Batch.events.trace is 98 bytes, over 96. "
        "Update the collector and the device to the same release."
    )
    assert await list_events(collector) == []


async def test_an_operator_cannot_speak_as_a_device(collector: Running) -> None:
    pair = collector.core.authority.make_client("vigie://operator/local")
    stream = collector.stream(Credentials(collector.ca_pem, pair.key_pem, pair.certificate_pem))
    await stream.say(make_hello())
    assert await stream.ending() == (
        DENIED,
        (
            "the certificate is for vigie://operator/local, not for a device. "
            "Use a certificate with exactly one URI, vigie://device/NAME."
        ),
    )


async def test_a_device_that_forgot_to_renew_is_told_to(collector: Running) -> None:
    back_then = FakeClock(SystemClock().utc_ns() - 25 * DAY_NS)
    pair = Authority(collector.data / "authority", back_then).make_client("vigie://device/yard")
    credentials = Credentials(collector.ca_pem, pair.key_pem, pair.certificate_pem)
    for expected in (1, 2):
        stream, _ = await collector.open_stream(credentials, "yard")
        command = session_pb2.Command()
        while not command.id:
            command = (await stream.hear()).command
        assert command.id == expected
        assert command.WhichOneof("action") == "renew_certificate"
        stream.call.cancel()
