"""The two ports: who is asked for a certificate, and which one is shown."""

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509

from collector.authority import Authority
from collector.listeners import (
    RENEW_BEFORE,
    Address,
    ServerCertificate,
    add_port,
    make_server,
)
from edge.clock import SystemClock
from edge.enrolment.channel import Credentials
from tests.collector.conftest import ANYWHERE, Running, make_hello
from tests.fakes.authority import Authority as Stranger
from tests.fakes.clock import FakeClock


def shown_serial(address: Address) -> int:
    pem = ssl.get_server_certificate((address.host, address.port))
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


async def test_a_renewed_certificate_is_shown_at_the_next_handshake(tmp_path: Path) -> None:
    clock = FakeClock(utc_ns=SystemClock().utc_ns())
    authority = Authority(tmp_path / "authority", clock)
    certificate = ServerCertificate(authority, clock, ["127.0.0.1"])
    server = make_server()
    at = add_port(server, ANYWHERE, certificate.credentials(asks_clients=False))
    await server.start()
    first = await asyncio.to_thread(shown_serial, at)
    assert await asyncio.to_thread(shown_serial, at) == first
    clock.advance((timedelta(days=30) - RENEW_BEFORE).total_seconds())
    assert certificate.renew_when_due()
    assert await asyncio.to_thread(shown_serial, at) != first
    await server.stop(0)


async def test_a_certificate_of_another_authority_gets_no_connection(collector: Running) -> None:
    stranger = Stranger("stranger").make_device("north-gate")
    credentials = Credentials(collector.ca_pem, stranger.key_pem, stranger.certificate_pem)
    stream = collector.stream(credentials)
    await stream.say(make_hello())
    assert (await stream.ending())[0] is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("text", "address", "local"),
    [
        ("127.0.0.1:7443", Address("127.0.0.1", 7443), "127.0.0.1:7443"),
        ("[::1]:1", Address("::1", 1), "[::1]:1"),
        ("0.0.0.0:7443", Address("0.0.0.0", 7443), "127.0.0.1:7443"),
        ("control.example:7443", Address("control.example", 7443), "control.example:7443"),
    ],
)
def test_addresses_are_read_and_reached(text: str, address: Address, local: str) -> None:
    assert Address.parse(text) == address
    assert str(address.local) == local


def test_enrolment_stands_next_door() -> None:
    assert Address("127.0.0.1", 7443).next_port == Address("127.0.0.1", 7444)
    assert ANYWHERE.next_port == ANYWHERE
