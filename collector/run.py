"""One collector from start to end: which ports, in which order, and what ends it."""

import asyncio
import logging
import os
import resource
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc

from collector.accounts import INVITATION_PATH
from collector.accounts.origin import Origin
from collector.authority import Authority, check_clock, expires_utc
from collector.clips.counter import ClipCounter
from collector.core import Core, open_core, own_directory
from collector.enrolment import Enrolments
from collector.listeners import (
    RENEW_BEFORE,
    Address,
    ServerCertificate,
    add_port,
    listen_plain,
    make_server,
)
from collector.operators import Operators
from collector.retention import DEFAULT_DAYS
from collector.rights import Role
from collector.session import Sessions
from collector.storage import Storage
from collector.timekeeping import Timekeeping
from collector.updates.counter import UpdateCounter
from collector.upkeep import keep_fresh
from collector.web import Page
from edge.clock import Clock
from edge.whole_file import write_private
from edge.wire.v1 import (
    clip_pb2_grpc,
    enrolment_pb2_grpc,
    operator_pb2_grpc,
    rollout_pb2_grpc,
    session_pb2_grpc,
    storage_pb2_grpc,
    time_pb2_grpc,
    update_pb2_grpc,
)

OPERATOR_URI = "vigie://operator/local"
STOP_SECONDS = 3.0
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")

_log = logging.getLogger("vigie.collector")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a person asked of the collector.

    names: DNS names and IPs that poles reach it by. page_origin: where people open the page.
    """

    data: Path
    sessions: Address
    enrolment: Address
    page: Address
    page_origin: Origin | None = None
    names: tuple[str, ...] = ()
    retention_days: int = DEFAULT_DAYS


async def run(plan: Plan, clock: Clock, say: Say) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises VigieError when it cannot start, or when the medium fails under it.
    """
    check_clock(clock)
    _raise_file_limit()
    told = _listen_to_signals()
    with own_directory(plan.data):
        async with open_core(plan.data, clock, plan.page_origin) as core:
            await serve(plan, core, clock, say, told)


async def serve(plan: Plan, core: Core, clock: Clock, say: Say, told: asyncio.Future[None]) -> None:
    """Open the ports and serve until `told` is resolved.

    Raises VigieError when a port cannot be had, or when the medium fails.
    """
    certificate = ServerCertificate(core.authority, clock, _names(plan))
    sessions = Sessions(core.writer, core.intake, core.services)
    server, door = make_server(), make_server()
    at_sessions = add_port(server, plan.sessions, certificate.credentials(asks_clients=True))
    at_door = add_port(door, plan.enrolment, certificate.credentials(asks_clients=False))
    page_socket = listen_plain(plan.page)
    at_page = plan.page.at(page_socket.getsockname()[1])
    _add_services(core, sessions, server, door, at_sessions.port)
    await server.start()
    await door.start()
    page = Page(core.services, page_socket)

    def renew() -> None:
        if certificate.renew_when_due():
            _log.info("server_certificate_renewed")
        _write_operator(plan.data, core.authority, clock)

    duties = [
        asyncio.ensure_future(sessions.sweep_forever()),
        asyncio.ensure_future(core.services.updates.decide_forever()),
        asyncio.ensure_future(keep_fresh(core, clock, plan.retention_days, renew)),
    ]
    try:
        await _say_first_account(plan, core, at_page, say)
        addresses = {"sessions": at_sessions.local, "enrolment": at_door.local, "page": at_page}
        _write_operator(plan.data, core.authority, clock)
        _write_addresses(plan.data, addresses)
        say(f"devices connect to {at_sessions}, enrol at {at_door}; the page is http://{at_page}/")
        await _until_over([told, core.writer.ended, *duties, *page.tasks])
    finally:
        await page.stop()
        await asyncio.gather(server.stop(STOP_SECONDS), door.stop(STOP_SECONDS))
        for duty in duties:
            duty.cancel()
        await asyncio.wait(duties)


def _add_services(
    core: Core,
    sessions: Sessions,
    server: grpc.aio.Server,
    door: grpc.aio.Server,
    session_port: int,
) -> None:
    services = core.services
    session_pb2_grpc.add_SessionServiceServicer_to_server(sessions, server)
    operator_pb2_grpc.add_OperatorServiceServicer_to_server(Operators(services), server)
    counter = ClipCounter(services.clips, services.reader)
    clip_pb2_grpc.add_ClipDeskServiceServicer_to_server(counter, server)
    clip_pb2_grpc.add_ClipServiceServicer_to_server(core.arrivals, server)
    desk = UpdateCounter(services.rollouts, services.bundles)
    rollout_pb2_grpc.add_UpdateDeskServiceServicer_to_server(desk, server)
    update_pb2_grpc.add_UpdateServiceServicer_to_server(core.fetches, server)
    enrolments = Enrolments(services.devices, services.trusted, session_port)
    storage_pb2_grpc.add_StorageServiceServicer_to_server(Storage(services.shares), server)
    time_pb2_grpc.add_TimeServiceServicer_to_server(Timekeeping(services.trusted), door)
    for each in (server, door):
        enrolment_pb2_grpc.add_EnrolmentServiceServicer_to_server(enrolments, each)


def _raise_file_limit() -> None:
    """A descriptor a pole: take as many as this process may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _listen_to_signals() -> asyncio.Future[None]:
    """A future that SIGTERM and SIGINT resolve."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        if not told.done():
            told.set_result(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell)
    return told


async def _until_over(parts: Sequence[asyncio.Future[None]]) -> None:
    """Wait for the first part to end, and raise what ended it."""
    done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
    for part in done:
        part.result()


def _names(plan: Plan) -> list[str]:
    """Everything this collector may be called, each once."""
    hosts = [address.host for address in (plan.sessions, plan.enrolment) if not address.is_wildcard]
    return list(dict.fromkeys([*plan.names, *hosts, *LOCAL_NAMES, socket.gethostname()]))


async def _say_first_account(plan: Plan, core: Core, page: Address, say: Say) -> None:
    """Print the one-time link to the first account, until there is one."""
    link = plan.data / "operator" / "first-account.txt"
    if await core.services.accounts.has_any():
        link.unlink(missing_ok=True)
        return
    token = await core.services.accounts.invite("collector", Role.SUPERVISOR)
    address = f"http://{page.local}{INVITATION_PATH}{token}"
    write_private(link, f"{address}\n".encode())
    say(f"make the first account within a day at {address}")


def _write_operator(directory: Path, authority: Authority, clock: Clock) -> None:
    """The identity that this machine's command line uses; a new one before it ends."""
    folder = directory / "operator"
    certificate = folder / "certificate.pem"
    now = datetime.fromtimestamp(clock.utc_ns() / 1e9, UTC)
    if certificate.exists() and now < expires_utc(certificate.read_bytes()) - RENEW_BEFORE:
        return
    pair = authority.make_client(OPERATOR_URI)
    write_private(folder / "key.pem", pair.key_pem)
    write_private(certificate, pair.certificate_pem)
    write_private(folder / "ca.pem", authority.ca_pem)


def _write_addresses(directory: Path, addresses: dict[str, Address]) -> None:
    """Where this collector listens, for the command line on the same machine."""
    lines = [f'{name} = "{address}"' for name, address in addresses.items()]
    content = "\n".join([*lines, f"process = {os.getpid()}", ""])
    write_private(directory / "operator" / "collector.toml", content.encode())
