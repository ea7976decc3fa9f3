"""A clip request: who asks for which stretch of which camera, and why.

The collector signs it with its clip key; the pole's vault verifies it itself. What can be judged
from the request alone is judged here, by signer and verifier alike; what needs the pole's own
knowledge (mandate, clock, ring, names seen) in the vault's `orders.py`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from edge.errors import Kind
from edge.mandate.envelope import CLIP_REQUEST, sign_payload, verify_envelope
from edge.mandate.keys import PublicKey, SigningKey
from edge.mandate.problem import MandateError
from edge.wire.fields import Fields
from edge.wire.identifiers import is_clip_name
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object

# As session.proto bounds the command that carries it.
MAX_ENVELOPE_BYTES = 8_192

MIN_REASON_CHARS = 8
MAX_REASON_CHARS = 500
MAX_CASE_CHARS = 64
MAX_NAME_CHARS = 64
MAX_READERS = 16
# A pole may be offline when it is asked; after a day the operator is to ask again.
MAX_LIFE_MS = 24 * 3_600_000

ClipKind = Literal["clip", "still"]
KINDS: tuple[ClipKind, ...] = ("clip", "still")


class RequestError(ProblemsError):
    """The request cannot be one (a field is named), or nobody who may has signed it."""


@dataclass(frozen=True, slots=True)
class EventName:
    """Which event a clip shows: the spool's epoch and the seq of the incident's start."""

    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class ClipRequest:
    """One request. Times in milliseconds since 1970-01-01 UTC; `clip` is unique for all time.

    operator, second_person: account names; the second one is needed above max_minutes_alone.
    readers: keyids of those to whom the clip shall be sealed.
    """

    clip: str
    kind: ClipKind
    device: str
    camera: str
    from_utc_ms: int
    to_utc_ms: int
    reason: str
    case: str
    operator: str
    role: str
    second_person: str | None
    event: EventName | None
    issued_utc_ms: int
    expires_utc_ms: int
    readers: tuple[str, ...]
    max_minutes_alone: int

    @property
    def asked_ms(self) -> int:
        """How long the stretch is; a still's is 0."""
        return self.to_utc_ms - self.from_utc_ms


def write_request(request: ClipRequest) -> bytes:
    """The payload that is signed.

    Raises:
        RequestError: the pole would refuse it for what stands in it.

    """
    payload = json.dumps(asdict(request), sort_keys=True, ensure_ascii=False).encode()
    parse_request(payload)
    return payload


def sign_request(request: ClipRequest, key: SigningKey) -> str:
    """The envelope that goes to the pole, signed with the collector's clip key.

    Raises:
        RequestError: the pole would refuse it for what stands in it, or it is too long.

    """
    envelope = sign_payload(write_request(request), CLIP_REQUEST, key)
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise RequestError(Kind.INVALID_ARGUMENT, "the request is too long", hint="Shorten it.")
    return envelope.decode()


def verify_request(envelope: str, clip_key: PublicKey) -> ClipRequest:
    """The request in an envelope that the collector's clip key signed.

    Raises:
        RequestError: PERMISSION_DENIED when it did not; INVALID_ARGUMENT for what is no request.

    """
    try:
        verified = verify_envelope(
            envelope.encode(), CLIP_REQUEST, [clip_key], threshold=1, max_bytes=MAX_ENVELOPE_BYTES
        )
    except MandateError as error:
        raise RequestError(
            error.kind, f"the clip request is not signed by the collector's clip key ({error.what})"
        ) from error
    return parse_request(verified.payload)


def parse_request(payload: bytes) -> ClipRequest:
    """The request in a payload whose signature was verified.

    Raises:
        RequestError: a field is missing, unknown or out of bounds.

    """
    record = parse_object(
        payload, what="the request", max_bytes=MAX_ENVELOPE_BYTES, refusal=RequestError
    )
    fields = Fields(record, path="request")
    request = read_request(fields)
    fields.raise_problems(RequestError)
    if problem := _find_problem(request):
        raise RequestError(Kind.INVALID_ARGUMENT, problem)
    return request


def read_request(fields: Fields) -> ClipRequest:
    """The fields alone; also for a request that stands in a manifest. Closes them."""
    request = ClipRequest(
        clip=fields.text("clip", longest=MAX_NAME_CHARS),
        kind=fields.word("kind", KINDS) or "clip",
        device=fields.text("device", longest=MAX_NAME_CHARS),
        camera=fields.text("camera", longest=MAX_NAME_CHARS),
        from_utc_ms=fields.utc_ms("from_utc_ms"),
        to_utc_ms=fields.utc_ms("to_utc_ms"),
        reason=fields.text("reason", shortest=0, longest=MAX_REASON_CHARS),
        case=fields.text("case", shortest=0, longest=MAX_CASE_CHARS),
        operator=fields.text("operator", longest=MAX_NAME_CHARS),
        role=fields.text("role", longest=MAX_NAME_CHARS),
        second_person=(
            None
            if fields.is_null("second_person")
            else fields.text("second_person", longest=MAX_NAME_CHARS)
        ),
        event=None if fields.is_null("event") else _read_event(fields.inner("event")),
        issued_utc_ms=fields.utc_ms("issued_utc_ms"),
        expires_utc_ms=fields.utc_ms("expires_utc_ms"),
        readers=fields.hashes("readers", least=1, most=MAX_READERS),
        max_minutes_alone=fields.whole("max_minutes_alone", most=24 * 60),
    )
    fields.close()
    return request


def get_fingerprint(envelope: str) -> str:
    """What names a signed request in manifest and audit: SHA-256 of the envelope's bytes, hex."""
    return hashlib.sha256(envelope.encode()).hexdigest()


def as_record(request: ClipRequest) -> Mapping[str, object]:
    """The request as it stands in a manifest."""
    return asdict(request)


def _read_event(fields: Fields) -> EventName:
    event = EventName(fields.whole("epoch", most=2**64 - 1), fields.whole("seq", least=1))
    fields.close()
    return event


def _find_problem(request: ClipRequest) -> str | None:
    is_still = request.kind == "still"
    life_ms = request.expires_utc_ms - request.issued_utc_ms
    checks = (
        (
            not is_clip_name(request.clip),
            "the clip's name may hold letters, digits, hyphens and underscores only",
        ),
        (
            len(request.reason.strip()) < MIN_REASON_CHARS,
            f"the request gives no reason of at least {MIN_REASON_CHARS} characters",
        ),
        (not request.case.strip(), "the request names no case"),
        (
            not is_still and request.from_utc_ms >= request.to_utc_ms,
            "the request ends before it begins",
        ),
        (
            is_still and request.from_utc_ms != request.to_utc_ms,
            "a still is of one moment: from and to must be the same",
        ),
        (
            not 0 < life_ms <= MAX_LIFE_MS,
            f"the request is not valid for up to {MAX_LIFE_MS // 3_600_000} hours",
        ),
        (
            request.second_person == request.operator,
            "the second person is the first one again",
        ),
    )
    return next((problem for is_so, problem in checks if is_so), None)
