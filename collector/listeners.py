"""The two ports that devices and operators reach, and the certificates they show.

gRPC for Python asks either every client of a port for a certificate or none. Sessions, renewal
and operators come in where every client is asked; a first enrolment comes in next door.
"""

import errno
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import grpc

from collector.authority import Authority, expires_utc
from edge.clock import Clock
from edge.errors import Kind, VigieError

RENEW_BEFORE = timedelta(days=10)
MAX_CALLS = 16_384

# guarantees.md section 3; the fact's number stands beside each.
OPTIONS: tuple[tuple[str, int], ...] = (
    # Fact 1: set together with the client, which pings every 60 s while a call is open.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 30_000),
    ("grpc.keepalive_permit_without_calls", 0),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
    # Fact 2: bandwidth probes count as pings.
    ("grpc.http2.bdp_probe", 0),
    # Fact 5: a stream must not outlive rotation; core itself adds 10 % of jitter (gRFC A9), and
    # its grace is infinite unless it is set.
    ("grpc.max_connection_age_ms", 3_600_000),
    ("grpc.max_connection_age_grace_ms", 60_000),
    # Fact 11: limits are explicit.
    ("grpc.max_concurrent_streams", 16),
    ("grpc.max_receive_message_length", 256 * 1024),
    ("grpc.max_send_message_length", 256 * 1024),
    ("grpc.max_metadata_size", 8 * 1024),
    # Without probes a stream's window stays at this. HTTP/2's own 64 KiB hold a clip to 8 Mbit/s at
    # 60 ms; it is what a pole may have under way, not what an idle stream costs.
    ("grpc.http2.lookahead_bytes", 256 * 1024),
    # Each connection holds a buffer of one TLS record to send, and 16 KiB by default. What goes
    # down is acks of some ten bytes.
    ("grpc.tsi.max_frame_size", 4096),
    # A port in use is an error, not a port shared with a forgotten collector.
    ("grpc.so_reuseport", 0),
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. port 0: any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """HOST:PORT or [IPV6]:PORT.

        Raises VigieError(INVALID_ARGUMENT) when it is neither.
        """
        host, colon, port = text.rpartition(":")
        if not colon or not host or not port.isdecimal() or int(port) > 65535:
            raise VigieError(
                Kind.INVALID_ARGUMENT,
                f"'{text}' is no address to listen on",
                hint="Write it as HOST:PORT, such as 127.0.0.1:7443.",
            )
        return cls(host.removeprefix("[").removesuffix("]"), int(port))

    @property
    def is_wildcard(self) -> bool:
        """True for all of the machine's addresses."""
        return self.host in {"0.0.0.0", "::"}  # noqa: S104 - recognised, not bound

    def at(self, port: int) -> "Address":
        """The same host at another port."""
        return Address(self.host, port)

    @property
    def next_port(self) -> "Address":
        """The port after this one; any free one where this is."""
        return self.at(self.port + 1 if self.port else 0)

    @property
    def local(self) -> "Address":
        """How this machine itself reaches it."""
        return Address("127.0.0.1", self.port) if self.is_wildcard else self

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class ServerCertificate:
    """The certificate both ports show; renewed while they listen."""

    def __init__(self, authority: Authority, clock: Clock, names: Sequence[str]) -> None:
        self._authority = authority
        self._clock = clock
        self._names = tuple(names)
        self._expires = datetime.min.replace(tzinfo=UTC)
        self._configuration = self._make()

    def renew_when_due(self) -> bool:
        """Make the next certificate when the present one ends soon; True when it did."""
        now = datetime.fromtimestamp(self._clock.utc_ns() / 1e9, UTC)
        if now < self._expires - RENEW_BEFORE:
            return False
        self._configuration = self._make()
        return True

    def credentials(self, *, asks_clients: bool) -> grpc.ServerCredentials:
        """Credentials that follow each renewal at the next handshake.

        Fact 14: the fetcher runs in gRPC's thread at each handshake and must never raise; it
        only hands over what was made before, and nothing while that is in use: for each
        configuration core makes a context anew, which lives as long as its connection.
        """
        in_use = self._configuration

        def fetch() -> grpc.ServerCertificateConfiguration | None:
            nonlocal in_use
            if in_use is self._configuration:
                return None
            in_use = self._configuration
            return in_use

        return grpc.dynamic_ssl_server_credentials(
            in_use,
            fetch,  # type: ignore[arg-type]  # None: no change; the stubs leave it out
            asks_clients,
        )

    def _make(self) -> grpc.ServerCertificateConfiguration:
        pair = self._authority.make_server(self._names)
        self._expires = expires_utc(pair.certificate_pem)
        return grpc.ssl_server_certificate_configuration(
            [(pair.key_pem, pair.certificate_pem)], self._authority.ca_pem
        )


def make_server() -> grpc.aio.Server:
    """A server with every limit stated. Fact 8: it belongs to the running loop."""
    return grpc.aio.server(options=OPTIONS, maximum_concurrent_rpcs=MAX_CALLS)


def add_port(
    server: grpc.aio.Server, address: Address, credentials: grpc.ServerCredentials
) -> Address:
    """Listen; the address with its real port.

    Raises VigieError(UNAVAILABLE) when the port cannot be had.
    """
    try:
        port = server.add_secure_port(str(address), credentials)
    except RuntimeError as refused:
        raise _listen_error(address) from refused
    return address.at(port)


def listen_plain(address: Address) -> socket.socket:
    """A listening socket for the page.

    Raises VigieError(UNAVAILABLE) when the port cannot be had.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
        listener.listen(128)
    except OSError as refused:
        listener.close()
        raise _refusal(address, refused) from refused
    return listener


def _listen_error(address: Address) -> VigieError:
    """Ask the kernel why; gRPC says only that it failed."""
    try:
        listen_plain(address).close()
    except VigieError as refused:
        return refused
    return VigieError(
        Kind.UNAVAILABLE,
        f"cannot listen on {address}",
        hint="Start the collector again, or give another address.",
    )


def _refusal(address: Address, refused: OSError) -> VigieError:
    if refused.errno == errno.EADDRINUSE:
        return VigieError(
            Kind.UNAVAILABLE,
            f"cannot listen on {address}: the port is in use",
            hint=f"Stop what listens there ('ss -ltnp sport = :{address.port}'), or give "
            "another port with --listen, --enrolment or --page.",
        )
    reason = os.strerror(refused.errno) if refused.errno else str(refused)
    return VigieError(
        Kind.UNAVAILABLE,
        f"cannot listen on {address}: {reason.lower()}",
        hint="Give an address of this machine and a port above 1023.",
    )
