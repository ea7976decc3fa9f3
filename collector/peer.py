"""Who calls: read from the certificate that the connection proved, never from a message."""

from typing import NamedTuple

import grpc
from cryptography import x509
from google.protobuf.message import Message

from edge.errors import Kind, VigieError
from edge.wire.bounds import check

DEVICE, OPERATOR = "device", "operator"
_ROLES = {DEVICE: "a device", OPERATOR: "an operator"}

# One table, both ways the same names (edge/errors.py).
STATUS: dict[Kind, grpc.StatusCode] = {
    Kind.INVALID_ARGUMENT: grpc.StatusCode.INVALID_ARGUMENT,
    Kind.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Kind.PERMISSION_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    Kind.FAILED_PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION,
    Kind.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Kind.RESOURCE_EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Kind.DATA_LOSS: grpc.StatusCode.DATA_LOSS,
    Kind.INTERNAL: grpc.StatusCode.INTERNAL,
}


class Peer(NamedTuple):
    """A proven identity. serial: lower-case hexadecimal. expires_utc_ms: of its certificate."""

    role: str
    name: str
    serial: str
    expires_utc_ms: int

    @property
    def who(self) -> str:
        """As the audit writes it."""
        return f"{self.role}:{self.name}"


def authorise(certificate_pem: bytes, role: str) -> Peer:
    """Who a certificate is for; it must have exactly one URI SAN, of the wanted role.

    guarantees.md section 3, fact 16: what a peer may do follows from this name, never from a field
    of a message. Raises VigieError(PERMISSION_DENIED) otherwise.
    """
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    prefix = f"vigie://{role}/"
    if len(uris) != 1 or not uris[0].startswith(prefix):
        raise VigieError(
            Kind.PERMISSION_DENIED,
            f"the certificate is for {', '.join(uris) or 'nobody'}, not for {_ROLES[role]}",
            hint=f"Use a certificate with exactly one URI, {prefix}NAME.",
        )
    return Peer(
        role,
        uris[0].removeprefix(prefix),
        f"{certificate.serial_number:x}",
        round(certificate.not_valid_after_utc.timestamp() * 1000),
    )


def certificate_of(auth_context: dict[str, list[bytes]] | object) -> bytes:
    """The peer's certificate, PEM, from gRPC's auth context.

    Raises VigieError(PERMISSION_DENIED) when the connection proved none.
    """
    pem = auth_context.get("x509_pem_cert") if isinstance(auth_context, dict) else None
    if not pem:
        raise VigieError(
            Kind.PERMISSION_DENIED,
            "the connection proved no identity",
            hint="Connect with a certificate of this collector's authority.",
        )
    return bytes(pem[0])


def one_line(error: VigieError) -> str:
    """What happened and what to do, as one line of a gRPC status."""
    return f"{error.what}. {error.hint}" if error.hint else error.what


def refuse_oversized(request: Message) -> None:
    """Raises VigieError(INVALID_ARGUMENT) when a field is larger than the .proto allows."""
    if problems := check(request):
        raise VigieError(Kind.INVALID_ARGUMENT, f"the request is refused: {problems[0]}")
