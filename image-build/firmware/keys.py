"""The keys of a fleet: what is baked into the root, what signs, and benches' own set.

A city makes its keys away from any network and gives the build only what it needs. What signs
never enters an image.
"""

import base64
import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from edge.errors import Kind, VigieError

_VALID_FROM = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
# Devices check bundles with clocks that may lag; a fleet's authority outlives its poles.
_VALID_DAYS = 365 * 30


@dataclass(frozen=True, slots=True)
class FleetKeys:
    """The files of one fleet. `ca` and `provision_public` go into the root, the others never."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The authority that update bundles chain to."""
        return self.folder / "update-ca.pem"

    @property
    def certificate(self) -> Path:
        """Who signs bundles."""
        return self.folder / "update.pem"

    @property
    def key(self) -> Path:
        """What signs bundles."""
        return self.folder / "update.key"

    @property
    def provision_public(self) -> Path:
        """What checks provisioning files: an Ed25519 key, raw, in base64."""
        return self.folder / "provision.pub"

    @property
    def provision_key(self) -> Path:
        """What signs provisioning files."""
        return self.folder / "provision.key"


def load_keys(folder: Path) -> FleetKeys:
    """The fleet's keys, all that a build needs. Raises VigieError(NOT_FOUND)."""
    keys = FleetKeys(folder)
    for path in (keys.ca, keys.certificate, keys.key, keys.provision_public):
        if not path.is_file():
            raise VigieError(
                Kind.NOT_FOUND,
                f"the fleet's {path.name} is not there",
                where=str(path),
                hint=f"A bench makes its own: python image-build/build.py keys {folder}",
            )
    return keys


def make_keys(folder: Path) -> FleetKeys:
    """Keys for a bench, in a folder of their own. Raises VigieError where keys already stand."""
    keys = FleetKeys(folder)
    if keys.ca.exists() or keys.provision_key.exists():
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "keys stand here already; devices in the field would no longer take updates",
            where=str(folder),
            hint="Name another folder.",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority, signer = _new_key(), _new_key()
    issuer = _name("Vigie update authority")
    keys.ca.write_bytes(_certificate(issuer, issuer, authority, authority, is_authority=True))
    leaf = _certificate(_name("Vigie updates"), issuer, signer, authority, is_authority=False)
    keys.certificate.write_bytes(leaf)
    _write_private(keys.key, signer)
    provision = ed25519.Ed25519PrivateKey.generate()
    _write_private(keys.provision_key, provision)
    raw = provision.public_key().public_bytes_raw()
    keys.provision_public.write_text(base64.b64encode(raw).decode() + "\n")
    return keys


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signing: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> bytes:
    usage = x509.KeyUsage(
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
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_VALID_FROM)
        .not_valid_after(_VALID_FROM + dt.timedelta(days=_VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()),
            critical=False,
        )
        .sign(signing, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def _write_private(path: Path, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
