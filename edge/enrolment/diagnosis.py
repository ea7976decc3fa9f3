"""Why a connection to the collector does not come about, and what a person does about it.

gRPC says only that it failed. This opens one connection with the same trust through the standard
library, whose verification errors are numbers, and turns them into one sentence and a remedy.
"""

import os
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from edge.enrolment.channel import Credentials
from edge.errors import Kind, VigieError

PROBE_SECONDS = 5.0

# X509_V_ERR_* of OpenSSL's x509_vfy.h.
_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21, 7})
_WRONG_NAME = frozenset({62, 64})

# What a client says first on HTTP/2 (RFC 9113 section 3.4) and an empty SETTINGS frame.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


class ConnectError(VigieError):
    """The collector could not be reached or not be trusted, or does not trust us."""


def split_address(collector: str) -> tuple[str, int]:
    """HOST:PORT or [IPV6]:PORT as host and port.

    Raises:
        ConnectError: it is neither.

    """
    host, colon, port = collector.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConnectError(
            Kind.INVALID_ARGUMENT,
            f"'{collector}' is no address of a collector",
            hint="Write it as HOST:PORT, such as control.example:7443.",
        )
    return host.removeprefix("[").removesuffix("]"), int(port)


def find_reason(collector: str, credentials: Credentials) -> ConnectError:
    """Try once, at most 5 s a step, and say what is wrong. Blocks: not for the event loop."""
    found = check_collector(collector, credentials)
    if found is not None:
        return found
    return _unavailable(f"the connection to {collector} failed", "It is tried again by itself.")


def check_collector(collector: str, credentials: Credentials) -> ConnectError | None:
    """What is wrong with the way to the collector; None: it accepted us and spoke. Blocks."""
    host, port = split_address(collector)
    try:
        was_heard = _probe(host, port, _make_context(credentials))
    except ssl.SSLCertVerificationError as error:
        return _explain_server(collector, host, error)
    except ssl.SSLError as error:
        return _explain_stranger(collector, error)
    except OSError as error:
        return _explain_network(collector, host, error)
    if was_heard:
        return None
    return _explain_hang_up(collector, credentials)


def _explain_network(collector: str, host: str, error: OSError) -> ConnectError:
    if isinstance(error, socket.gaierror):
        return _unavailable(f"no address is known for '{host}'", "Check the name and the DNS.")
    if isinstance(error, ConnectionRefusedError):
        return _unavailable(
            f"nothing listens at {collector}",
            "Start the collector, or enrol again with the right address.",
        )
    if isinstance(error, TimeoutError):
        return _unavailable(
            f"{collector} did not answer within {PROBE_SECONDS:.0f} s",
            "Check cable, modem and firewall.",
        )
    return _unavailable(
        f"{collector} cannot be reached ({error.strerror or error})",
        "Check cable, modem and firewall.",
    )


def _make_context(credentials: Credentials) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["h2"])
    try:
        context.load_verify_locations(cadata=credentials.ca_pem.decode("ascii", "replace"))
    except ssl.SSLError as error:
        raise OSError(0, "ca.pem holds no certificate") from error
    if credentials.key_pem is not None and credentials.certificate_pem is not None:
        _load_pair(context, credentials.key_pem + credentials.certificate_pem)
    return context


def _load_pair(context: ssl.SSLContext, pair_pem: bytes) -> None:
    """The standard library takes a client's key from a file only: one in memory, never on disk."""
    handle = os.memfd_create("pair", os.MFD_CLOEXEC)
    with open(handle, "wb") as file:  # noqa: PTH123 - opened by handle
        file.write(pair_pem)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{handle}")


def _probe(host: str, port: int, context: ssl.SSLContext) -> bool:
    """Shake hands and wait for the first byte; False when the server hung up instead.

    With TLS 1.3 a client learns only then that its certificate is refused.
    """
    with socket.create_connection((host, port), timeout=PROBE_SECONDS) as plain:
        plain.settimeout(PROBE_SECONDS)
        with context.wrap_socket(plain, server_hostname=host) as secure:
            try:
                secure.sendall(_PREFACE)
                return bool(secure.recv(1))
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError, ConnectionError):
                return False


def _explain_server(collector: str, host: str, error: ssl.SSLCertVerificationError) -> ConnectError:
    if error.verify_code in _UNKNOWN_AUTHORITY:
        return _refused(
            f"{collector} is not certified by the authority in ca.pem",
            "Somebody else answers there, or the collector has a new authority. Compare "
            "ca.pem with the collector's, then enrol again.",
        )
    if error.verify_code in _WRONG_NAME:
        return _refused(
            f"the collector's certificate is not for the name '{host}'",
            "Use a name that the collector was started with ('vigie collector run "
            "--name NAME'), or add this one there.",
        )
    if error.verify_code == _EXPIRED:
        return _refused(
            f"the certificate of {collector} has expired, as the clock here has it",
            "Check the clock, then restart the collector, which renews its own.",
        )
    if error.verify_code == _NOT_YET_VALID:
        return _refused(
            f"the certificate of {collector} is not valid yet, as the clock here has it",
            "The clock is behind: set it, or wait until it has synchronised.",
        )
    return _refused(
        f"the certificate of {collector} is refused ({error.verify_message})",
        "Compare ca.pem with the collector's.",
    )


def _explain_hang_up(collector: str, credentials: Credentials) -> ConnectError:
    """GRPC's server gives no reason for refusing a certificate: look at ours as it does."""
    hung_up = _unavailable(f"{collector} hung up", "It is tried again by itself.")
    if credentials.certificate_pem is None:
        return hung_up
    certificate = x509.load_pem_x509_certificate(credentials.certificate_pem)
    if certificate.not_valid_after_utc < datetime.now(UTC):
        return _refused(
            f"{collector} refuses the certificate we show: it has expired",
            "Enrol again with a new token from 'vigie device invite NAME'.",
        )
    if not _is_certified(certificate, credentials.ca_pem):
        return _refused(
            f"{collector} refuses the certificate we show: it is not of its authority",
            "Enrol with this collector: 'vigie device invite NAME' there, then "
            "'vigie device enrol' here.",
        )
    # Ours is as good as its own: the line was cut, or the collector ended.
    return hung_up


def _is_certified(certificate: x509.Certificate, ca_pem: bytes) -> bool:
    """Whether one of the authorities that certify the collector certifies us too."""
    for authority in x509.load_pem_x509_certificates(ca_pem):
        with suppress(ValueError, TypeError, InvalidSignature):
            certificate.verify_directly_issued_by(authority)
            return True
    return False


def _explain_stranger(collector: str, error: ssl.SSLError) -> ConnectError:
    reason = (error.reason or "no reason").lower().replace("_", " ")
    return _unavailable(
        f"{collector} does not speak TLS as a collector does ({reason})", "Check the port."
    )


def _refused(what: str, hint: str) -> ConnectError:
    return ConnectError(Kind.PERMISSION_DENIED, what, hint=hint)


def _unavailable(what: str, hint: str) -> ConnectError:
    return ConnectError(Kind.UNAVAILABLE, what, hint=hint)
