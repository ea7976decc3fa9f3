"""The collector's own certificate authority: who is a pole, who an operator, who we are.

P-256 throughout. A certificate for a client has exactly one URI SAN, no CA flag and no right to
sign certificates. The authority's key never leaves `DIR/authority/`, mode 0600.
"""

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.whole_file import write_private

AUTHORITY_DAYS = 3650
CLIENT_DAYS = 30  # a stolen key is of use for no longer, even where nobody notices
SERVER_DAYS = 30
BACKDATED = timedelta(minutes=5)  # a pole's clock may be a little behind
SERVER_URI = "vigie://collector"
EARLIEST_UTC = datetime(2026, 1, 1, tzinfo=UTC)  # before this release: the clock is not set


@dataclass(frozen=True, slots=True)
class Pair:
    """A private key and its certificate, both PEM."""

    key_pem: bytes
    certificate_pem: bytes


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate just made. serial: lower-case hexadecimal. key_hash: SHA-256 of its key."""

    certificate_pem: bytes
    serial: str
    expires_utc_ms: int
    key_hash: bytes


class Authority:
    """Signs certificates. `clock` decides their dates."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._clock = clock
        check_clock(clock)
        key_path, certificate_path = directory / "key.pem", directory / "ca.pem"
        if not certificate_path.exists():
            pair = self._make_authority()
            write_private(key_path, pair.key_pem)
            write_private(certificate_path, pair.certificate_pem)
        self.ca_pem = certificate_path.read_bytes()
        self._certificate = x509.load_pem_x509_certificate(self.ca_pem)
        self._key = _load_key(key_path)

    def issue_client(self, csr_pem: bytes, uri: str) -> Issued:
        """Certify a client's key for one URI; nothing else in the request counts.

        Raises VigieError(INVALID_ARGUMENT) when the request is none, is not signed by its own
        key, or is for a key that is not P-256.
        """
        return self._issue(
            _checked_key(csr_pem), [x509.UniformResourceIdentifier(uri)], CLIENT_DAYS
        )

    def make_client(self, uri: str) -> Pair:
        """A new key with its certificate, for an identity that lives on this machine."""
        key = ec.generate_private_key(ec.SECP256R1())
        issued = self._issue(key.public_key(), [x509.UniformResourceIdentifier(uri)], CLIENT_DAYS)
        return Pair(_key_pem(key), issued.certificate_pem)

    def make_server(self, names: Sequence[str]) -> Pair:
        """A new key with its certificate for these DNS names and IP addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        addresses: list[x509.GeneralName] = [x509.UniformResourceIdentifier(SERVER_URI)]
        addresses += [_general_name(name) for name in names]
        issued = self._issue(key.public_key(), addresses, SERVER_DAYS, is_server=True)
        return Pair(_key_pem(key), issued.certificate_pem)

    def _make_authority(self) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Vigie collector authority")])
        now = _now(self._clock)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(is_authority=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        return Pair(_key_pem(key), certificate.public_bytes(serialization.Encoding.PEM))

    def _issue(
        self,
        public_key: ec.EllipticCurvePublicKey,
        names: Sequence[x509.GeneralName],
        days: int,
        *,
        is_server: bool = False,
    ) -> Issued:
        check_clock(self._clock)
        now = _now(self._clock)
        serial = x509.random_serial_number()
        expires = min(now + timedelta(days=days), self._certificate.not_valid_after_utc)
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if is_server else ExtendedKeyUsageOID.CLIENT_AUTH
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self._certificate.subject)
            .public_key(public_key)
            .serial_number(serial)
            .not_valid_before(now - BACKDATED)
            .not_valid_after(expires)
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        encoded = public_key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        key_hash = hashlib.sha256(encoded).digest()
        return Issued(pem, f"{serial:x}", round(expires.timestamp() * 1000), key_hash)


def check_clock(clock: Clock) -> None:
    """Certificates made by a clock that is not set would be refused everywhere.

    Raises VigieError(FAILED_PRECONDITION) when the clock stands before this software was made.
    """
    if _now(clock) < EARLIEST_UTC:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"the clock says {_now(clock):%Y-%m-%d %H:%M} UTC, which is before this software "
            "was made; certificates would be wrong",
            hint="Set the clock (timedatectl), then start the collector again.",
        )


def expires_utc(certificate_pem: bytes) -> datetime:
    """When a certificate ends."""
    return x509.load_pem_x509_certificate(certificate_pem).not_valid_after_utc


def _checked_key(csr_pem: bytes) -> ec.EllipticCurvePublicKey:
    try:
        request = x509.load_pem_x509_csr(csr_pem)
    except ValueError as broken:
        raise _bad_request("it cannot be read") from broken
    if not request.is_signature_valid:
        raise _bad_request("it is not signed by its own key")
    key = request.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _bad_request("its key is not on the curve P-256")
    return key


def _bad_request(reason: str) -> VigieError:
    return VigieError(
        Kind.INVALID_ARGUMENT,
        f"the certificate request is refused: {reason}",
        hint="Run 'vigie device enrol' of the same release on the device.",
    )


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, FileNotFoundError) as broken:
        raise _bad_key(path) from broken
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _bad_key(path)
    return key


def _bad_key(path: Path) -> VigieError:
    return VigieError(
        Kind.DATA_LOSS,
        "the authority's key is missing or damaged",
        where=str(path),
        hint="Restore it from its copy; without it every device must be enrolled again.",
    )


def _now(clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock.utc_ns() // 1_000_000_000, UTC)
