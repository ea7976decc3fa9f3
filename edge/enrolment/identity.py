"""Who this pole is: key, certificate, pinned authority and address, in `DATA/identity/`.

A key is on disk before a certificate for it is asked for (`key.next.pem`), and the certificate's
rename is the one step that makes a new pair valid. A power cut anywhere leaves the old pair or
the new one: reading takes the key that fits the certificate.
"""

import random
import tomllib
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge.errors import Kind, VigieError
from edge.whole_file import sync_folder, write_private

KEY, NEXT_KEY = "key.pem", "key.next.pem"
CERTIFICATE, AUTHORITY, DEVICE = "certificate.pem", "ca.pem", "device.toml"
MAX_PEM_BYTES = 4096
DEVICE_URI = "vigie://device/"
# A third of the life (day 10 of 30), then spread over a tenth of it, so that devices enrolled on
# one morning do not renew on one morning.
RENEW_AFTER_LIFE_FRAC = 1 / 3
RENEW_SPREAD_LIFE_FRAC = 1 / 10


def identity_folder(data: Path) -> Path:
    """DATA/identity/, the link's own."""
    return data / "identity"


class IdentityError(VigieError):
    """The identity on disk cannot be used; the file is named and the remedy said."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One usable identity. `collector` is HOST:PORT; PEM bytes as gRPC takes them."""

    device: str
    collector: str
    key_pem: bytes
    certificate_pem: bytes
    ca_pem: bytes
    valid_from_utc: float
    valid_until_utc: float

    def get_renewal_utc(self, rng: random.Random) -> float:
        """When to renew: seconds since 1970-01-01 UTC, drawn anew at each call."""
        life = self.valid_until_utc - self.valid_from_utc
        spread = rng.random() * RENEW_SPREAD_LIFE_FRAC
        return self.valid_from_utc + life * (RENEW_AFTER_LIFE_FRAC + spread)


class IdentityDirectory:
    """The files of one identity. One process at a time writes them; all are mode 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read_identity(self) -> Identity:
        """The identity in force.

        Raises:
            IdentityError: not enrolled, a file missing or damaged, or no key that fits.

        """
        certificate_pem = self._read(CERTIFICATE)
        certificate = self._parse_certificate(certificate_pem)
        device, collector = self._read_device()
        return Identity(
            device=device,
            collector=collector,
            key_pem=self._read_fitting_key(certificate),
            certificate_pem=certificate_pem,
            ca_pem=self._read(AUTHORITY),
            valid_from_utc=certificate.not_valid_before_utc.timestamp(),
            valid_until_utc=certificate.not_valid_after_utc.timestamp(),
        )

    def ensure_next_key(self) -> bytes:
        """The key that waits for its certificate, PEM; made and synced when there is none."""
        path = self.path / NEXT_KEY
        if not path.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            pem = key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            self._write(NEXT_KEY, pem)
        return self._read(NEXT_KEY)

    def write_enrolled(
        self, certificate_pem: bytes, *, device: str, collector: str, ca_pem: bytes
    ) -> Identity:
        """Put the collector's answer for the next key into force, with whom we are and trust.

        Raises:
            IdentityError: it is for another key or device, or not of this authority; nothing was
                written. Or the disk refused; the same command repairs it.

        """
        self._check_answer(certificate_pem, device, ca_pem)
        self._write(AUTHORITY, ca_pem)
        self._write(DEVICE, f'name = "{device}"\ncollector = "{collector}"\n'.encode())
        return self._put_into_force(certificate_pem)

    def write_renewed(self, certificate_pem: bytes, device: str) -> Identity:
        """Put the answer to a renewal into force. Raises as write_enrolled does."""
        self._check_answer(certificate_pem, device, self._read(AUTHORITY))
        return self._put_into_force(certificate_pem)

    def _put_into_force(self, certificate_pem: bytes) -> Identity:
        self._write(CERTIFICATE, certificate_pem)
        (self.path / NEXT_KEY).replace(self.path / KEY)
        sync_folder(self.path)
        return self.read_identity()

    def _check_answer(self, certificate_pem: bytes, device: str, ca_pem: bytes) -> None:
        certificate = self._parse_certificate(certificate_pem)
        if not _fits(self._read(NEXT_KEY), certificate):
            raise IdentityError(
                Kind.PERMISSION_DENIED, "the collector certified a key that is not this device's"
            )
        if (names := get_device_names(certificate)) != [device]:
            raise IdentityError(
                Kind.PERMISSION_DENIED,
                f"the collector's certificate is for {', '.join(names) or 'nobody'}, "
                f"this device is {device}",
            )
        if not _is_issued_by(certificate, ca_pem):
            raise IdentityError(
                Kind.PERMISSION_DENIED, "the new certificate is not of the authority in ca.pem"
            )

    def _read_device(self) -> tuple[str, str]:
        try:
            found = tomllib.loads(self._read(DEVICE).decode())
            return str(found["name"]), str(found["collector"])
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError) as error:
            raise IdentityError(
                Kind.DATA_LOSS,
                f"device.toml needs name and collector ({error})",
                where=str(self.path / DEVICE),
                hint=_ENROL_AGAIN,
            ) from error

    def _read_fitting_key(self, certificate: x509.Certificate) -> bytes:
        for name in (KEY, NEXT_KEY):
            if (self.path / name).exists() and _fits(pem := self._read(name), certificate):
                return pem
        raise IdentityError(
            Kind.DATA_LOSS,
            "no key here fits certificate.pem",
            where=str(self.path),
            hint=_ENROL_AGAIN,
        )

    def _parse_certificate(self, pem: bytes) -> x509.Certificate:
        try:
            return x509.load_pem_x509_certificate(pem)
        except ValueError as error:
            raise IdentityError(
                Kind.DATA_LOSS,
                "certificate.pem holds no certificate",
                where=str(self.path / CERTIFICATE),
                hint=_ENROL_AGAIN,
            ) from error

    def _read(self, name: str) -> bytes:
        path = self.path / name
        try:
            return path.read_bytes()[: MAX_PEM_BYTES * 4]
        except FileNotFoundError:
            raise IdentityError(
                Kind.FAILED_PRECONDITION,
                f"this device is not enrolled: {name} is missing",
                where=str(self.path),
                hint="Make a token with 'vigie device invite NAME' at the collector, then run "
                "'vigie device enrol' here.",
            ) from None
        except OSError as error:
            raise IdentityError(
                Kind.PERMISSION_DENIED, f"cannot be read ({error.strerror})", where=str(path)
            ) from error

    def _write(self, name: str, content: bytes) -> None:
        try:
            write_private(self.path / name, content)
        except OSError as error:
            raise IdentityError(
                Kind.UNAVAILABLE,
                f"cannot be written ({error.strerror})",
                where=str(self.path / name),
                hint="Check that the directory is yours and that the disk is neither full nor "
                "read-only, then run the command again; nothing is lost.",
            ) from error


_ENROL_AGAIN = "Enrol the device again with a new token from 'vigie device invite NAME'."


def make_request(key_pem: bytes, device: str) -> str:
    """A certificate signing request for this key with the device's URI, PEM."""
    key = _load_key(key_pem)
    builder = x509.CertificateSigningRequestBuilder(
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device)])
    ).add_extension(
        x509.SubjectAlternativeName([x509.UniformResourceIdentifier(DEVICE_URI + device)]),
        critical=False,
    )
    request = builder.sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def get_device_names(certificate: x509.Certificate) -> list[str]:
    """The device names in the URI SANs; a proper certificate has exactly one."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    uris = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    return [uri.removeprefix(DEVICE_URI) for uri in uris]


def _load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not an elliptic-curve key")  # noqa: TRY004 - as the loader raises
    return key


def _is_issued_by(certificate: x509.Certificate, ca_pem: bytes) -> bool:
    for authority in x509.load_pem_x509_certificates(ca_pem):
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False


def _fits(key_pem: bytes, certificate: x509.Certificate) -> bool:
    try:
        return _load_key(key_pem).public_key() == certificate.public_key()
    except ValueError:
        return False
