"""Ed25519 keys of people: made, kept and shown offline. A key's id is the SHA-256 of its 32 bytes.

The id follows from the key, so one key can never stand in a list under two names and count twice.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.mandate.problem import MandateError, refuse
from edge.wire.fields import Fields
from edge.wire.strict_json import parse_object, write_object

RAW_BYTES = 32
MAX_KEY_FILE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that may be believed. raw: 32 bytes; name: what people call its holder."""

    name: str
    raw: bytes

    @property
    def keyid(self) -> str:
        """SHA-256 over the 32 bytes, hexadecimal."""
        return get_keyid(self.raw)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key in memory. Its representation shows only the public half."""

    public: PublicKey
    private: Ed25519PrivateKey


def get_keyid(raw: bytes) -> str:
    """SHA-256 over a raw public key, hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


def make_signing_key(name: str) -> SigningKey:
    """A fresh key."""
    return _signing_key(name, Ed25519PrivateKey.generate())


def write_private_pem(key: SigningKey, passphrase: bytes | None = None) -> bytes:
    """The private key, PKCS#8 PEM; encrypted with the passphrase if there is one."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def load_private_pem(name: str, pem: bytes, passphrase: bytes | None = None) -> SigningKey:
    """The private key of a PEM file. Raises MandateError; `is_protected` says if it needs one."""
    try:
        private = serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise refuse(
            "this is no private key, or its passphrase is another",
            hint="Give the NAME.key.pem that 'vigie mandate keygen' wrote.",
        ) from None
    if not isinstance(private, Ed25519PrivateKey):
        raise refuse("this private key is not Ed25519", hint="Make one: 'vigie mandate keygen'.")
    return _signing_key(name, private)


def is_protected(pem: bytes) -> bool:
    """Whether a private key wants a passphrase."""
    return b"ENCRYPTED" in pem[:64]


def write_public_key(key: PublicKey) -> bytes:
    """A public key as a file that others may have."""
    return write_object(
        {"name": key.name, "keyid": key.keyid, "ed25519": base64.b64encode(key.raw).decode()}
    )


def load_public_key(text: bytes) -> PublicKey:
    """The public key of a file. Raises MandateError."""
    record = parse_object(
        text, what="the public key", max_bytes=MAX_KEY_FILE_BYTES, refusal=MandateError
    )
    fields = Fields(record)
    key = read_public_key(fields)
    fields.close()
    fields.raise_problems(MandateError)
    return key


def read_public_key(fields: Fields) -> PublicKey:
    """Name, id and bytes of an Ed25519 key, of which the id must be the bytes' own."""
    name = fields.name("name")
    return PublicKey(name, read_raw(fields, "ed25519"))


def read_raw(fields: Fields, key: str) -> bytes:
    """32 bytes in base64 beside the keyid that belongs to them."""
    keyid = fields.sha256("keyid")
    text = fields.text(key, longest=64)
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    # Base64 has several spellings of one key, and only one is taken.
    if len(raw) != RAW_BYTES or base64.b64encode(raw).decode() != text:
        fields.wrong(key, "is no key: 32 bytes in base64 are")
    elif keyid and keyid != get_keyid(raw):
        fields.wrong("keyid", "does not belong to the key beside it")
    return raw


def _signing_key(name: str, private: Ed25519PrivateKey) -> SigningKey:
    public: Ed25519PublicKey = private.public_key()
    return SigningKey(PublicKey(name, public.public_bytes_raw()), private)
