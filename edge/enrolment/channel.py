"""The one outgoing connection: how it is made, and how long anybody waits for it."""

import asyncio
from dataclasses import dataclass

import grpc

from edge.errors import Kind

READY_WITHIN_SECONDS = 20.0

# guarantees.md section 3, fact 11: limits are explicit; larger is an error, not a larger limit.
MAX_MESSAGE_BYTES = 256 * 1024

OPTIONS: tuple[tuple[str, int], ...] = (
    # Fact 1: client and server set together; the server allows pings without data every 30 s.
    ("grpc.keepalive_time_ms", 60_000),
    # Fact 4: this is also TCP_USER_TIMEOUT; 20 s is too short for a saturated LTE uplink.
    ("grpc.keepalive_timeout_ms", 30_000),
    ("grpc.keepalive_permit_without_calls", 0),
    ("grpc.http2.max_pings_without_data", 0),
    # Fact 2: bandwidth probes are pings too, and a strict server counts them as strikes.
    ("grpc.http2.bdp_probe", 0),
    # Fact 11.
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # At least once is the session's business; the library sends nothing twice.
    ("grpc.enable_retries", 0),
    # Fact 14: a channel with a new certificate must not share the old one's connection.
    ("grpc.use_local_subchannel_pool", 1),
    # The channel looks up no address through proxies or service configs of its surroundings.
    ("grpc.enable_http_proxy", 0),
    ("grpc.service_config_disable_resolution", 1),
)

# One table, both ways the same names (edge/errors.py).
KINDS: dict[grpc.StatusCode, Kind] = {
    grpc.StatusCode.OK: Kind.UNAVAILABLE,
    grpc.StatusCode.CANCELLED: Kind.UNAVAILABLE,
    grpc.StatusCode.INVALID_ARGUMENT: Kind.INVALID_ARGUMENT,
    grpc.StatusCode.DEADLINE_EXCEEDED: Kind.UNAVAILABLE,
    grpc.StatusCode.NOT_FOUND: Kind.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS: Kind.FAILED_PRECONDITION,
    grpc.StatusCode.PERMISSION_DENIED: Kind.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED: Kind.PERMISSION_DENIED,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Kind.RESOURCE_EXHAUSTED,
    grpc.StatusCode.FAILED_PRECONDITION: Kind.FAILED_PRECONDITION,
    grpc.StatusCode.UNIMPLEMENTED: Kind.FAILED_PRECONDITION,
    grpc.StatusCode.UNAVAILABLE: Kind.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS: Kind.DATA_LOSS,
    grpc.StatusCode.INTERNAL: Kind.INTERNAL,
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a connection proves itself with. Key and certificate are absent before enrolment."""

    ca_pem: bytes
    key_pem: bytes | None = None
    certificate_pem: bytes | None = None


def get_kind(code: grpc.StatusCode) -> Kind:
    """Our kind for gRPC's status; INTERNAL for one that the table does not know."""
    return KINDS.get(code, Kind.INTERNAL)


def make_channel(collector: str, credentials: Credentials) -> grpc.aio.Channel:
    """A channel to HOST:PORT that trusts the pinned authority only. Connects when asked to.

    Fact 8: it belongs to the thread and loop that made it. Fact 10: no interceptors.
    Fact 13: gRPC is imported and made in the link only, after the process has started.
    """
    proof = grpc.ssl_channel_credentials(
        root_certificates=credentials.ca_pem,
        private_key=credentials.key_pem,
        certificate_chain=credentials.certificate_pem,
    )
    return grpc.aio.secure_channel(collector, proof, options=OPTIONS)


async def wait_ready(channel: grpc.aio.Channel) -> bool:
    """True once the connection stands; False when it failed or took longer than 20 s.

    Fact 10: a stream is opened on a ready channel only; streams against a dead server leak.
    """
    try:
        async with asyncio.timeout(READY_WITHIN_SECONDS):
            while (state := channel.get_state(True)) is not grpc.ChannelConnectivity.READY:
                if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                    return False
                await channel.wait_for_state_change(state)
    except TimeoutError:
        return False
    return True
