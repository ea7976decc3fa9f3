r"""The collector's signed word about the time, and the bytes that its signature covers.

    b"vigie time v1\0"  device, UTF-8  b"\0"  nonce, 16 bytes  utc_ms, u64  error_ms, u32

Big-endian. The device stands in it, so that an answer to one pole is none to another; the nonce
was drawn by the asker, so that no earlier answer fits.
"""

import base64
import binascii
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.mandate.keys import PublicKey, SigningKey
from edge.mandate.problem import MandateError
from edge.wire.fields import Fields
from edge.wire.strict_json import parse_object, write_object

NONCE_BYTES = 16
MAX_ANSWERS_BYTES = 8192
MAX_ANSWERS = 4
_OPENING = b"vigie time v1\0"


@dataclass(frozen=True, slots=True)
class TimeAnswer:
    """utc_ms: since 1970-01-01 UTC; error_ms: its bound at the collector; signature: 64 bytes."""

    nonce: bytes
    utc_ms: int
    error_ms: int
    signature: bytes


def sign_time(
    device: str, nonce: bytes, *, utc_ms: int, error_ms: int, key: SigningKey
) -> TimeAnswer:
    """The collector's answer to a question. Raises ValueError for a nonce of another length."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes, not {len(nonce)}")
    signature = key.private.sign(_statement(device, nonce, utc_ms, error_ms))
    return TimeAnswer(nonce, utc_ms, error_ms, signature)


def is_signed(answer: TimeAnswer, device: str, key: PublicKey) -> bool:
    """Whether the collector of that key said this to that device."""
    statement = _statement(device, answer.nonce, answer.utc_ms, answer.error_ms)
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(answer.signature, statement)
    except InvalidSignature:
        return False
    return True


def load_answers(text: bytes) -> tuple[TimeAnswer, ...]:
    """The answers of a time-answer file. Raises MandateError."""
    record = parse_object(
        text, what="the time answer", max_bytes=MAX_ANSWERS_BYTES, refusal=MandateError
    )
    fields = Fields(record)
    answers = tuple(
        _read_answer(each) for each in fields.objects("answers", least=0, most=MAX_ANSWERS)
    )
    fields.close()
    fields.raise_problems(MandateError)
    return answers


def write_answers(answers: tuple[TimeAnswer, ...]) -> bytes:
    """The text of a time-answer file."""
    return write_object(
        {
            "answers": [
                {
                    "nonce": each.nonce.hex(),
                    "utc_ms": each.utc_ms,
                    "error_ms": each.error_ms,
                    "signature": base64.b64encode(each.signature).decode(),
                }
                for each in answers
            ]
        }
    )


def _read_answer(fields: Fields) -> TimeAnswer:
    nonce_text = fields.text("nonce", longest=2 * NONCE_BYTES, shortest=2 * NONCE_BYTES)
    utc_ms = fields.whole("utc_ms", least=0, most=2**63 - 1)
    error_ms = fields.whole("error_ms", least=0, most=2**32 - 1)
    signature_text = fields.text("signature", longest=88)
    fields.close()
    try:
        return TimeAnswer(
            bytes.fromhex(nonce_text),
            utc_ms,
            error_ms,
            base64.b64decode(signature_text, validate=True),
        )
    except (ValueError, binascii.Error):
        fields.wrong("nonce", "or the signature is not in hexadecimal and base64")
        return TimeAnswer(b"", 0, 0, b"")


def _statement(device: str, nonce: bytes, utc_ms: int, error_ms: int) -> bytes:
    return _OPENING + device.encode() + b"\0" + nonce + struct.pack(">QI", utc_ms, error_ms)
