"""Which evidence keys are which pole's: the statement made at enrolment, and what is kept of it.

A pole makes its evidence key itself and shows the public half when it enrols, under the same token
and over the same connection as its certificate request. The collector keeps it for good: a key of
a device that was removed still verifies what the device signed.
"""

import base64
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.errors import Kind
from edge.mandate.keys import get_keyid, read_raw
from edge.wire.fields import Fields
from edge.wire.problem import ProblemsError

_CLAIM = b"vigie evidence key v1\0"


class KeysError(ProblemsError):
    """A key was not proven, or the list of device keys is not to be believed."""


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """One pole's evidence key, raw Ed25519, 32 bytes.

    enrolled_utc_ms: when it was shown. removed_utc_ms: when the device was; None: it is in force.
    """

    device: str
    ed25519: bytes
    enrolled_utc_ms: int
    removed_utc_ms: int | None = None

    @property
    def keyid(self) -> str:
        """The name of the key in signatures."""
        return get_keyid(self.ed25519)


def prove_key(key: Ed25519PrivateKey, device: str, token: str) -> tuple[bytes, bytes]:
    """The public key (32 bytes) and the proof (64 bytes) that an enrolment carries."""
    return key.public_key().public_bytes_raw(), key.sign(_claim(device, token))


def check_proof(evidence_key: bytes, proof: bytes, device: str, token: str) -> None:
    """Refuse a key whose private half the enrolling device does not hold.

    Raises:
        KeysError: the proof is for another key, device or token, or of a wrong length.

    """
    try:
        Ed25519PublicKey.from_public_bytes(evidence_key).verify(proof, _claim(device, token))
    except (InvalidSignature, ValueError):
        raise KeysError(
            Kind.PERMISSION_DENIED,
            "the evidence key is not proven by this device",
            hint="Run 'vigie device enrol' again on the device.",
        ) from None


def key_record(key: DeviceKey) -> dict[str, str | int | None]:
    """The key as JSON says it."""
    return {
        "device": key.device,
        "keyid": key.keyid,
        "ed25519": base64.b64encode(key.ed25519).decode(),
        "enrolled_utc_ms": key.enrolled_utc_ms,
        "removed_utc_ms": key.removed_utc_ms,
    }


def read_key(fields: Fields) -> DeviceKey:
    """The key of such a record, whose keyid must be its own. Closes the fields."""
    key = DeviceKey(
        fields.text("device", longest=64),
        read_raw(fields, "ed25519"),
        fields.utc_ms("enrolled_utc_ms"),
        None if fields.is_null("removed_utc_ms") else fields.utc_ms("removed_utc_ms"),
    )
    fields.close()
    return key


def _claim(device: str, token: str) -> bytes:
    return _CLAIM + device.encode() + b"\0" + token.encode()
