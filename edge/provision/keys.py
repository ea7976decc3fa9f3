"""The fleet's key for provisioning files: `provision.key`, and the public half that poles hold.

The public half is one line, 32 bytes in base64: so it stands in every image.
"""

import base64
import binascii

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.errors import Kind
from edge.mandate.keys import RAW_BYTES, PublicKey
from edge.provision.problem import ProvisionError, Refusal

MAX_KEY_BYTES = 256


def write_public(key: PublicKey) -> bytes:
    """The public half as `provision.pub` has it."""
    return base64.b64encode(key.raw) + b"\n"


def load_public(content: bytes, name: str = "the fleet") -> PublicKey:
    """The key of a provision.pub. name: what to call its holder. Raises ProvisionError."""
    text = content.strip()
    try:
        raw = base64.b64decode(text, validate=True) if len(content) <= MAX_KEY_BYTES else b""
        Ed25519PublicKey.from_public_bytes(raw)
    except (binascii.Error, ValueError, InvalidKey):
        raw = b""
    # Base64 has several spellings of one key, and only one is taken.
    if len(raw) != RAW_BYTES or base64.b64encode(raw) != text:
        raise ProvisionError(
            Kind.INVALID_ARGUMENT,
            "this is no public key: one line, 32 bytes in base64, is",
            hint="Give the NAME.pub that 'vigie provision keygen' wrote.",
            refusal=Refusal.NOT_SIGNED,
        )
    return PublicKey(name, raw)
