"""May this clip leave the pole? Judged here by the vault itself, whatever the collector judged.

One pure function over the request and what the vault knows. The signature was verified before; the
order of the checks is the order in which an answer helps: whom and what it is for, whether it is
fresh, whether a mandate allows it, whether it asks for too much.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from edge.evidence.request import ClipRequest
from edge.mandate.reason import Reason
from edge.mandate.statement import Mandate

MAX_CLIP_MINUTES = 30
"""The longest clip of one request; more is asked for in parts, each with its own reason."""
MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
# Two clocks that are both proven are not further apart; what claims more was not issued yet.
_AHEAD_MS = 60_000
# Video that was recorded while a window was open may be asked for after it closed.
_HARMLESS = {Reason.OUTSIDE_WINDOW}


class No(Enum):
    """Why a clip does not leave, one closed list of words for audit, reports and tests."""

    NOT_SIGNED = "not_signed"
    MALFORMED = "malformed"
    NO_TRUST = "no_trust"
    WRONG_DEVICE = "wrong_device"
    UNKNOWN_CAMERA = "unknown_camera"
    CLOCK_UNPROVEN = "clock_unproven"
    NOT_ISSUED_YET = "not_issued_yet"
    EXPIRED = "expired"
    REPEATED = "repeated"
    UNKNOWN_READER = "unknown_reader"
    NO_MANDATE = "no_mandate"
    ROLE_NOT_ALLOWED = "role_not_allowed"
    TOO_LONG = "too_long"
    SECOND_PERSON_NEEDED = "second_person_needed"
    IN_THE_FUTURE = "in_the_future"
    TOO_OLD = "too_old"
    NOT_IN_RING = "not_in_ring"
    CODING_CHANGES = "coding_changes"
    DAMAGED = "damaged"
    TOO_MANY_WAIT = "too_many_wait"
    TOO_MANY_A_DAY = "too_many_a_day"
    DISK_FULL = "disk_full"
    DISK_FAILING = "disk_failing"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A word for machines and a sentence for the operator."""

    no: No
    message: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What the vault knows when a request comes.

    now_utc_ms, clock_error_ms: the proven clock; None: it is not proven.
    mandate: in force; None: there is none. reason: why nothing may be recorded now, if so.
    cameras: of which the ring ever held something. readers: keyids that root pinned.
    seen: by clip's name the fingerprint of the request that first had it.
    """

    device: str
    now_utc_ms: int | None
    clock_error_ms: int
    mandate: Mandate | None
    reason: Reason | None
    cameras: frozenset[str]
    readers: frozenset[str]
    seen: Mapping[str, str]


def check_order(request: ClipRequest, fingerprint: str, situation: Situation) -> Refusal | None:
    """Why the clip must not be cut; None: it may."""
    if situation.now_utc_ms is None:
        sentence = (situation.reason or Reason.CLOCK_UNPROVEN).sentence
        return Refusal(No.CLOCK_UNPROVEN, f"no clip without a proven clock: {sentence}")
    for check in (_check_address, _check_freshness, _check_mandate, _check_stretch):
        refusal = check(request, situation, situation.now_utc_ms)
        if refusal is not None:
            return refusal
    if situation.seen.get(request.clip, fingerprint) != fingerprint:
        return Refusal(
            No.REPEATED, f"another request had the name {request.clip} before; names are used once"
        )
    return None


def earliest_utc_ms(situation: Situation) -> int:
    """Nothing captured before this is given out, even where the disk still holds it."""
    days = situation.mandate.ring_days if situation.mandate else 0
    return max(0, (situation.now_utc_ms or 0) - days * DAY_MS)


def _check_address(request: ClipRequest, situation: Situation, _: int) -> Refusal | None:
    if request.device != situation.device:
        return Refusal(
            No.WRONG_DEVICE, f"the request is for {request.device}, this is {situation.device}"
        )
    if request.camera not in situation.cameras:
        known = ", ".join(sorted(situation.cameras)) or "none"
        return Refusal(
            No.UNKNOWN_CAMERA, f"the ring holds no camera {request.camera}; it holds: {known}"
        )
    if unknown := [keyid for keyid in request.readers if keyid not in situation.readers]:
        return Refusal(
            No.UNKNOWN_READER,
            f"the reader {unknown[0][:16]}… was not named when this pole was enrolled",
        )
    return None


def _check_freshness(request: ClipRequest, situation: Situation, now_ms: int) -> Refusal | None:
    latest_ms = now_ms + situation.clock_error_ms
    if request.issued_utc_ms > latest_ms + _AHEAD_MS:
        return Refusal(No.NOT_ISSUED_YET, "the request was issued in the future")
    if latest_ms >= request.expires_utc_ms:
        return Refusal(No.EXPIRED, f"the request expired {_moment(request.expires_utc_ms)}")
    return None


def _check_mandate(request: ClipRequest, situation: Situation, _: int) -> Refusal | None:
    mandate, reason = situation.mandate, situation.reason
    if mandate is None or (reason is not None and reason not in _HARMLESS):
        return Refusal(
            No.NO_MANDATE, f"no clip leaves now: {(reason or Reason.NO_MANDATE).sentence}"
        )
    if request.camera not in {named.camera for named in mandate.cameras}:
        return Refusal(No.NO_MANDATE, f"no clip leaves: {Reason.CAMERA_NOT_NAMED.sentence}")
    if not mandate.ring_days:
        return Refusal(No.NO_MANDATE, f"no clip leaves: {Reason.RECORDING_NOT_NAMED.sentence}")
    if request.role not in mandate.clip_requesters:
        allowed = ", ".join(mandate.clip_requesters) or "nobody"
        return Refusal(
            No.ROLE_NOT_ALLOWED,
            f"the mandate lets {allowed} ask for clips, not the role {request.role}",
        )
    return None


def _check_stretch(request: ClipRequest, situation: Situation, now_ms: int) -> Refusal | None:
    if request.asked_ms > MAX_CLIP_MINUTES * MINUTE_MS:
        return Refusal(
            No.TOO_LONG,
            f"the request asks for {-(-request.asked_ms // MINUTE_MS)} minutes, one clip holds "
            f"{MAX_CLIP_MINUTES}; ask for it in parts",
        )
    if request.asked_ms > request.max_minutes_alone * MINUTE_MS and request.second_person is None:
        return Refusal(
            No.SECOND_PERSON_NEEDED,
            f"above {request.max_minutes_alone} minutes a second person has to agree",
        )
    if request.to_utc_ms > now_ms + situation.clock_error_ms:
        return Refusal(No.IN_THE_FUTURE, f"it is only {_moment(now_ms)} here")
    if request.to_utc_ms < earliest_utc_ms(situation):
        days = situation.mandate.ring_days if situation.mandate else 0
        return Refusal(
            No.TOO_OLD,
            f"the mandate lets video be kept for {days} days: "
            f"since {_moment(earliest_utc_ms(situation))}",
        )
    return None


def _moment(utc_ms: int) -> str:
    return datetime.fromtimestamp(utc_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
