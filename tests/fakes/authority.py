"""A small certificate authority for tests: makes proper certificates, and every improper one."""

import datetime as dt
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.enrolment.channel import Credentials

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pair:
    """A key and its certificate, PEM."""

    key_pem: bytes
    certificate_pem: bytes


class Authority:
    """One root. Certificates are valid from yesterday for 30 days unless told otherwise."""

    def __init__(self, name: str = "test authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(self._name, self._name, self._key.public_key(), -1, 3650)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self._certificate = builder.sign(self._key, hashes.SHA256())

    @property
    def ca_pem(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def make_server(self, *hosts: str, from_day: int = -1, days: int = 30) -> Pair:
        """A collector's pair for names and addresses."""
        names = [_host(host) for host in hosts or ("localhost", "127.0.0.1")]
        return self._make(
            [*names, x509.UniformResourceIdentifier("vigie://collector")], from_day, days
        )

    def make_device(self, *names: str, from_day: int = -1, days: int = 30) -> Pair:
        """A device's pair; more than one name, or none, is improper."""
        uris = [x509.UniformResourceIdentifier(f"vigie://device/{name}") for name in names]
        return self._make(list(uris), from_day, days)

    def make_operator(self, name: str) -> Pair:
        """An operator's pair."""
        return self._make([x509.UniformResourceIdentifier(f"vigie://operator/{name}")], -1, 30)

    def sign(self, csr_pem: str, device: str, *, from_day: int = -1, days: int = 30) -> bytes:
        """A device's certificate for the key of a request."""
        request = x509.load_pem_x509_csr(csr_pem.encode())
        names = [x509.UniformResourceIdentifier(f"vigie://device/{device}")]
        return self._sign(request.public_key(), list(names), from_day, days)

    def _make(self, names: list[x509.GeneralName], from_day: int, days: int) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        key_pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return Pair(key_pem, self._sign(key.public_key(), names, from_day, days))

    def _sign(
        self,
        key: CertificatePublicKeyTypes,
        names: list[x509.GeneralName],
        from_day: int,
        days: int,
    ) -> bytes:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
        builder = _builder(subject, self._name, key, from_day, days)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)


def make_credentials(authority: Authority, pair: Pair) -> Credentials:
    """What a channel takes."""
    return Credentials(authority.ca_pem, pair.key_pem, pair.certificate_pem)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: CertificatePublicKeyTypes,
    from_day: int,
    days: int,
) -> x509.CertificateBuilder:
    start = dt.datetime.now(dt.UTC) + from_day * DAY
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=start,
        not_valid_after=start + days * DAY,
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
