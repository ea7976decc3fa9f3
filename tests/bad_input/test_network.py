"""What the network and the collector can do to a pole: one line each, with the exact words.

Nothing here loses an event: the spool holds what was not acknowledged.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from edge.enrolment.certificate import enrol
from edge.enrolment.diagnosis import find_reason, split_address
from edge.enrolment.identity import IdentityDirectory
from edge.errors import Kind, VigieError
from tests.fakes.authority import Authority, Pair, make_credentials
from tests.fakes.pole import Pole, Told, listen_to_link
from tests.fakes.server import DEVICE, Script, Server

DENIED = grpc.StatusCode.PERMISSION_DENIED
OURS, THEIRS = Authority("ours"), Authority("theirs")
ENROL_AGAIN = (
    "Enrol with this collector: 'vigie device invite NAME' there, then 'vigie device enrol' here."
)


@dataclass(frozen=True)
class Handshake:
    """Who shows which certificate, and what is said of it."""

    server: Pair
    device: Pair
    what: str
    hint: str


MATRIX: dict[str, Handshake] = {
    "the server is of another authority": Handshake(
        THEIRS.make_server(),
        OURS.make_device(DEVICE),
        "{at} is not certified by the authority in ca.pem",
        "Somebody else answers there, or the collector has a new authority. Compare ca.pem with "
        "the collector's, then enrol again.",
    ),
    "the server's certificate is for another name": Handshake(
        OURS.make_server("elsewhere.example"),
        OURS.make_device(DEVICE),
        "the collector's certificate is not for the name 'localhost'",
        "Use a name that the collector was started with ('vigie collector run --name NAME'), or "
        "add this one there.",
    ),
    "the server's certificate has expired": Handshake(
        OURS.make_server(from_day=-31),
        OURS.make_device(DEVICE),
        "the certificate of {at} has expired, as the clock here has it",
        "Check the clock, then restart the collector, which renews its own.",
    ),
    "the server's certificate is of the future": Handshake(
        OURS.make_server(from_day=2),
        OURS.make_device(DEVICE),
        "the certificate of {at} is not valid yet, as the clock here has it",
        "The clock is behind: set it, or wait until it has synchronised.",
    ),
    "the device is of another authority": Handshake(
        OURS.make_server(),
        THEIRS.make_device(DEVICE),
        "{at} refuses the certificate we show: it is not of its authority",
        ENROL_AGAIN,
    ),
    "the device's certificate has expired": Handshake(
        OURS.make_server(),
        OURS.make_device(DEVICE, from_day=-31),
        "{at} refuses the certificate we show: it has expired",
        "Enrol again with a new token from 'vigie device invite NAME'.",
    ),
}


@pytest.fixture
def pole(tmp_path: Path) -> Pole:
    return Pole(tmp_path)


@pytest.fixture
def told() -> Iterator[Told]:
    with listen_to_link() as told:
        yield told


@pytest.mark.parametrize("wrong", MATRIX)
async def test_a_wrong_certificate_is_refused_with_the_reason_in_the_devices_log(
    pole: Pole, told: Told, wrong: str
) -> None:
    row = MATRIX[wrong]
    pole.append(1)
    async with Server(OURS, pair=row.server) as server:
        pole.put_identity(OURS, server.sessions, pair=row.device)
        async with pole.run_link():
            line = await told.wait_for("link_unreachable")
        assert not server.script.seen
    what = row.what.format(at=server.sessions)
    assert line == f'link_unreachable reason="{what}" remedy="{row.hint}"'
    assert pole.read_pending() == 1


@dataclass(frozen=True)
class Manners:
    """How a collector behaves, and the line in the device's log."""

    script: Script
    event: str
    line: str


MANNERS: dict[str, Manners] = {
    "it speaks an older session": Manners(
        Script(wire_version=0),
        "peer_error",
        'peer_error reason="the collector speaks version 0 of the session, this device speaks '
        '1 to 1" remedy="Update the older of the two."',
    ),
    "it knows no session at all": Manners(
        Script(refuse=(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")),
        "link_closed",
        'link_closed kind=failed_precondition reason="the collector does not offer the session" '
        'remedy="It is older than this device, or the address is not a collector\'s."',
    ),
    "it has revoked the device": Manners(
        Script(refuse=(DENIED, "device north-gate is revoked. If it is yours: enrol it again.")),
        "link_closed",
        'link_closed kind=permission_denied reason="device north-gate is revoked. If it is yours: '
        'enrol it again." remedy=none',
    ),
    "the certificate is somebody else's": Manners(
        Script(refuse=(DENIED, "the certificate is for device yard, but the hello is from north")),
        "link_closed",
        'link_closed kind=permission_denied reason="the certificate is for device yard, but the '
        'hello is from north" remedy=none',
    ),
    "it acknowledges what was never sent": Manners(
        Script(ack_beyond=5),
        "peer_error",
        'peer_error reason="the collector acknowledged seq 6, but only 1 was sent" '
        'remedy="Update the collector and the device to the same release."',
    ),
    "it knows more of this epoch than the pole: a stolen id or a restored spool": Manners(
        Script(stored_seq=900),
        "peer_error",
        'peer_error reason="the collector has seq 900 of this epoch, but the spool only ever gave '
        '1" remedy="Another device uses this identity, or the spool was restored from a copy. '
        'Revoke the device and enrol it again."',
    ),
}


@pytest.mark.parametrize("wrong", MANNERS)
async def test_a_collector_with_bad_manners_is_named_and_nothing_is_lost(
    pole: Pole, told: Told, wrong: str
) -> None:
    row = MANNERS[wrong]
    pole.append(1)
    async with Server(OURS, script=row.script) as server:
        pole.put_identity(OURS, server.sessions)
        async with pole.run_link():
            assert await told.wait_for(row.event) == row.line
            await told.wait_for("link_retry")
    assert pole.read_pending() == 1


async def test_a_collector_that_is_down_is_named_and_tried_again(pole: Pole, told: Told) -> None:
    pole.append(1)
    # Bound, so that nobody else gets the port meanwhile, and nobody listens.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        at = f"localhost:{taken.getsockname()[1]}"
        pole.put_identity(OURS, at)
        async with pole.run_link():
            assert await told.wait_for("link_unreachable") == (
                f'link_unreachable reason="nothing listens at {at}" '
                'remedy="Start the collector, or enrol again with the right address."'
            )
            await told.wait_for("link_retry")
    assert pole.read_pending() == 1


async def test_a_collector_that_accepts_and_says_nothing_is_slow() -> None:
    """The kernel accepts; nobody ever reads. Takes the five seconds that are waited for it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        at = f"localhost:{silent.getsockname()[1]}"
        credentials = make_credentials(OURS, OURS.make_device(DEVICE))
        error = await asyncio.to_thread(find_reason, at, credentials)
    assert str(error) == (f"{at} did not answer within 5 s\n  Check cable, modem and firewall.")


async def test_something_else_at_the_port_is_told_from_a_collector() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-other\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        at = f"localhost:{server.sockets[0].getsockname()[1]}"
        credentials = make_credentials(OURS, OURS.make_device(DEVICE))
        error = await asyncio.to_thread(find_reason, at, credentials)
    assert error.what.startswith(f"{at} does not speak TLS as a collector does (")
    assert error.hint == "Check the port."


async def test_a_collector_that_dies_after_the_handshake_does_not_refuse_our_certificate(
    tmp_path: Path,
) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    pair = OURS.make_server()
    (tmp_path / "server.pem").write_bytes(pair.key_pem + pair.certificate_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context)
    async with server:
        at = f"localhost:{server.sockets[0].getsockname()[1]}"
        credentials = make_credentials(OURS, OURS.make_device(DEVICE))
        error = await asyncio.to_thread(find_reason, at, credentials)
    assert error.kind is Kind.UNAVAILABLE, "a refusal would wait for up to a minute"
    assert str(error) == f"{at} hung up\n  It is tried again by itself."


@pytest.mark.parametrize("address", ["", "host", ":7443", "host:", "host:0", "host:99999", "h:x"])
def test_a_wrong_address_is_refused_with_its_form(address: str) -> None:
    with pytest.raises(VigieError) as refused:
        split_address(address)
    assert str(refused.value) == (
        f"'{address}' is no address of a collector\n"
        "  Write it as HOST:PORT, such as control.example:7443."
    )


REFUSED = "\n  Make a new token with 'vigie device invite NAME' at the collector."
ENROLMENTS: dict[str, tuple[Script, str]] = {
    "the token was used": (
        Script(refuse_enrolment=(DENIED, "the token for device north-gate was used already")),
        "the collector refused: the token for device north-gate was used already" + REFUSED,
    ),
    "the token has expired": (
        Script(refuse_enrolment=(DENIED, "the token for device north-gate has expired")),
        "the collector refused: the token for device north-gate has expired" + REFUSED,
    ),
    "the answer is for another device": (
        Script(certify_as="yard"),
        "the collector's certificate is for yard, this device is north-gate",
    ),
    "the collector is in trouble": (
        Script(refuse_enrolment=(grpc.StatusCode.UNAVAILABLE, "the disk is full")),
        (
            "the collector refused: the disk is full\n"
            "  Run the same command again; the token is still good."
        ),
    ),
    "the collector cannot enrol": (
        Script(refuse_enrolment=(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")),
        (
            "the collector does not know how to enrol devices\n"
            "  Update the collector to the device's release."
        ),
    ),
}


@pytest.mark.parametrize("wrong", ENROLMENTS)
async def test_a_refused_enrolment_says_why_and_leaves_the_old_identity(
    pole: Pole, tmp_path: Path, wrong: str
) -> None:
    script, message = ENROLMENTS[wrong]
    pole.put_identity(OURS, "old.example:1")
    before = pole.directory.read_identity()
    ca = tmp_path / "given-ca.pem"
    ca.write_bytes(OURS.ca_pem)
    async with Server(OURS, script=script) as server:
        with pytest.raises(VigieError) as refused:
            await enrol(
                pole.directory,
                device=DEVICE,
                collector=server.enrolment,
                ca=ca,
                token="t",
                settle=lambda *_: None,
            )
    assert str(refused.value) == message
    assert pole.directory.read_identity() == before


async def test_enrolling_with_the_wrong_authority_sends_no_token(
    pole: Pole, tmp_path: Path
) -> None:
    ca = tmp_path / "given-ca.pem"
    ca.write_bytes(THEIRS.ca_pem)
    async with Server(OURS) as server:
        with pytest.raises(VigieError) as refused:
            await enrol(
                pole.directory,
                device=DEVICE,
                collector=server.enrolment,
                ca=ca,
                token="t",
                settle=lambda *_: None,
            )
        assert not server.script.keys
    assert refused.value.kind is Kind.PERMISSION_DENIED
    assert refused.value.what == (f"{server.enrolment} is not certified by the authority in ca.pem")


FILES: dict[str, tuple[str, bytes | None, str]] = {
    "no certificate": (
        "certificate.pem",
        None,
        (
            "{path}: this device is not enrolled: certificate.pem is missing\n  Make a token with "
            "'vigie device invite NAME' at the collector, then run 'vigie device enrol' here."
        ),
    ),
    "a damaged certificate": (
        "certificate.pem",
        b"-----BEGIN CERTIFICATE-----\nno\n",
        (
            "{path}/certificate.pem: certificate.pem holds no certificate\n  Enrol the device "
            "again with a new token from 'vigie device invite NAME'."
        ),
    ),
    "somebody else's key": (
        "key.pem",
        THEIRS.make_device("yard").key_pem,
        (
            "{path}: no key here fits certificate.pem\n  Enrol the device again with a new token "
            "from 'vigie device invite NAME'."
        ),
    ),
    "a device file without a collector": (
        "device.toml",
        b'name = "north-gate"\n',
        (
            "{path}/device.toml: device.toml needs name and collector ('collector')\n  Enrol the "
            "device again with a new token from 'vigie device invite NAME'."
        ),
    ),
}


@pytest.mark.parametrize("wrong", FILES)
def test_a_damaged_identity_is_named_with_its_file(pole: Pole, wrong: str) -> None:
    name, content, message = FILES[wrong]
    pole.put_identity(OURS, "localhost:1")
    path = pole.directory.path / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(VigieError) as refused:
        IdentityDirectory(pole.directory.path).read_identity()
    assert str(refused.value) == message.format(path=pole.directory.path)
