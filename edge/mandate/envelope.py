"""Signed statements: a payload and its signatures in a DSSE envelope, by securesystemslib.

Verification runs over the bytes that were received; nothing is written anew before it is
verified, so there is no canonical form to disagree about (guarantees.md section 3, fact 20).
Keys count, not signatures: the same key signing twice is refused, and a key's id is the hash of
its bytes.
"""

import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import CryptoSigner, Key, Signature, SSlibKey

from edge.errors import Kind
from edge.mandate.keys import PublicKey, SigningKey
from edge.mandate.problem import MandateError, refuse
from edge.wire.fields import Fields
from edge.wire.strict_json import parse_object

MANDATE = "application/vnd.vigie.mandate+json"
REVOCATION = "application/vnd.vigie.revocation+json"
CLIP_REQUEST = "application/vnd.vigie.clip-request+json"
CLIP_MANIFEST = "application/vnd.vigie.clip-manifest+json"
DEVICE_KEYS = "application/vnd.vigie.device-keys+json"

MAX_ENVELOPE_BYTES = 65_536
"""As TakeMandate.envelope carries it."""
MAX_SIGNATURES = 16
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope as it was received. Nothing in it is believed."""

    payload_type: str
    payload: bytes
    keyids: tuple[str, ...]
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Verified:
    """A payload that enough of the believed keys signed. signers: those keys, in our order."""

    payload_type: str
    payload: bytes
    signers: tuple[PublicKey, ...]


def sign_payload(payload: bytes, payload_type: str, key: SigningKey) -> bytes:
    """A new envelope with one signature over exactly these bytes."""
    return _signed(Envelope(payload, payload_type, {}), key)


def add_signature(received: bytes, key: SigningKey) -> bytes:
    """The envelope with one more signature. Raises MandateError when the key signed already."""
    opened = open_envelope(received)
    if key.public.keyid in opened.keyids:
        raise refuse(f"the key of {key.public.name} has signed this already")
    return _signed(opened.envelope, key)


def open_envelope(received: bytes, *, max_bytes: int = MAX_ENVELOPE_BYTES) -> Opened:
    """Take an envelope apart without believing it. Raises MandateError."""
    record = parse_object(received, what="the envelope", max_bytes=max_bytes, refusal=MandateError)
    fields = Fields(record)
    payload_type = fields.text("payloadType", longest=128)
    fields.text("payload", longest=max_bytes, lines=True)
    keyids = [_keyid(each) for each in fields.objects("signatures", least=1, most=MAX_SIGNATURES)]
    fields.close()
    fields.raise_problems(MandateError)
    if twice := [keyid for keyid in keyids if keyids.count(keyid) > 1]:
        raise refuse(
            f"the key {twice[0][:16]}… signed twice; each key counts once",
            kind=Kind.PERMISSION_DENIED,
        )
    try:
        envelope = Envelope.from_dict(record)
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise refuse("the envelope's payload or a signature is not base64") from None
    return Opened(payload_type, envelope.payload, tuple(keyids), envelope)


def verify_envelope(
    received: bytes,
    payload_type: str,
    keys: Sequence[PublicKey],
    *,
    threshold: int,
    max_bytes: int = MAX_ENVELOPE_BYTES,
) -> Verified:
    """The payload, when at least threshold of the keys signed it.

    Raises MandateError: INVALID_ARGUMENT for what is no envelope or of another type,
    PERMISSION_DENIED for one that too few of the keys signed.
    """
    opened = open_envelope(received, max_bytes=max_bytes)
    if opened.payload_type != payload_type:
        raise refuse(f'the envelope holds "{opened.payload_type}", not "{payload_type}"')
    return verify_opened(opened, keys, threshold=threshold)


def verify_opened(opened: Opened, keys: Sequence[PublicKey], *, threshold: int) -> Verified:
    """As verify_envelope, for one that was opened."""
    signers = tuple(key for key in keys if _has_signed(opened.envelope, key))
    if len(signers) < threshold:
        raise _too_few(opened, keys, signers, threshold)
    return Verified(opened.payload_type, opened.payload, signers)


def _too_few(
    opened: Opened, keys: Sequence[PublicKey], signers: Sequence[PublicKey], threshold: int
) -> MandateError:
    known = {key.keyid: key for key in keys}
    said = [f"{len(signers)} of the {threshold} signatures that are needed"]
    for keyid in opened.keyids:
        if keyid not in known:
            said.append(f"key {keyid[:16]}… is not one of those that are believed")
        elif known[keyid] not in signers:
            said.append(f"the signature of {known[keyid].name} does not fit the text")
    return refuse("; ".join(said), kind=Kind.PERMISSION_DENIED)


def _has_signed(envelope: Envelope, key: PublicKey) -> bool:
    signature = envelope.signatures.get(key.keyid)
    if signature is None:
        return False
    try:
        _library_key(key).verify_signature(signature, envelope.pae())
    except UnverifiedSignatureError:
        return False
    return True


def _library_key(key: PublicKey) -> Key:
    return SSlibKey(key.keyid, "ed25519", "ed25519", {"public": key.raw.hex()})


def _keyid(fields: Fields) -> str:
    keyid = fields.sha256("keyid")
    fields.text("sig", longest=4 * _SIGNATURE_BYTES, lines=True)
    fields.close()
    return keyid


def _signed(envelope: Envelope, key: SigningKey) -> bytes:
    public = SSlibKey(key.public.keyid, "ed25519", "ed25519", {"public": key.public.raw.hex()})
    signature: Signature = envelope.sign(CryptoSigner(key.private, public))
    assert signature.keyid == key.public.keyid
    return json.dumps(envelope.to_dict(), indent=1).encode() + b"\n"
