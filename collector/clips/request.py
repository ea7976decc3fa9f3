"""What is asked of a pole: drawn up from a wish, signed with the clip key, put into its queue."""

import secrets
import sqlite3
from dataclasses import replace

from collector.clips.asker import Asker, Wish
from collector.clips.record import ClipRecord
from collector.commands import Order, put
from edge.errors import Kind, VigieError
from edge.evidence.request import ClipRequest, EventName, sign_request
from edge.mandate.keys import SigningKey
from edge.mandate.trust import Trust
from edge.wire.v1 import clip_pb2, operator_pb2, session_pb2

REQUEST_LIFE_MS = 24 * 3_600_000
# An event shows what has just happened; what led to it and what followed belong to it.
BEFORE_EVENT_MS, AFTER_EVENT_MS = 10_000, 20_000


def draw_up(asker: Asker, wish: Wish, trust: Trust, now_ms: int) -> ClipRecord:
    """The wish as a record that has passed nothing yet.

    Raises VigieError(FAILED_PRECONDITION) while nobody could open a clip.
    """
    if not trust.readers:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "the trust file names no reader, so nobody could open a clip",
            hint="Make a reader's key ('vigie clip reader'), and let the authority add it.",
        )
    device, camera = wish.device, wish.camera
    first_ms, last_ms = wish.from_utc_ms, wish.to_utc_ms
    if wish.event is not None:
        device, camera = device or wish.event.device, camera or wish.event.rule.camera
        moment_ms = wish.event.captured_utc_ms
        first_ms = first_ms or moment_ms - BEFORE_EVENT_MS * (not wish.is_still)
        last_ms = last_ms or moment_ms + AFTER_EVENT_MS * (not wish.is_still)
    return ClipRecord(
        clip=f"c{secrets.token_hex(8)}",
        device=device,
        camera=camera,
        is_still=wish.is_still,
        from_utc_ms=first_ms,
        to_utc_ms=first_ms if wish.is_still else last_ms,
        reason=wish.reason.strip(),
        case=wish.case.strip(),
        requester=asker.who,
        role=asker.role.value,
        second_person="",
        event_number=wish.event.number if wish.event is not None else None,
        readers=tuple(reader.keyid for reader in trust.readers),
        envelope="",
        state=clip_pb2.CLIP_STATE_REQUESTED,
        message="",
        requested_utc_ms=now_ms,
        changed_utc_ms=now_ms,
    )


def sign(
    record: ClipRecord,
    event: operator_pb2.StoredEvent | None,
    now_ms: int,
    *,
    max_minutes_alone: int,
    key: SigningKey,
) -> ClipRecord:
    """The record with its signed request. key: the clip key."""
    request = ClipRequest(
        clip=record.clip,
        kind="still" if record.is_still else "clip",
        device=record.device,
        camera=record.camera,
        from_utc_ms=record.from_utc_ms,
        to_utc_ms=record.to_utc_ms,
        reason=record.reason,
        case=record.case,
        operator=record.requester,
        role=record.role,
        second_person=record.second_person or None,
        event=None if event is None else EventName(event.epoch, event.start_seq or event.seq),
        issued_utc_ms=now_ms,
        expires_utc_ms=now_ms + REQUEST_LIFE_MS,
        readers=record.readers,
        max_minutes_alone=max_minutes_alone,
    )
    return replace(record, envelope=sign_request(request, key))


def put_request(
    connection: sqlite3.Connection, record: ClipRecord, now_ms: int
) -> session_pb2.Command:
    """The signed request as a command in its pole's queue."""
    action = session_pb2.Command(request_clip=session_pb2.RequestClip(envelope=record.envelope))
    order = Order(record.device, action, f"clip:{record.clip}", now_ms + REQUEST_LIFE_MS)
    return put(connection, order, now_ms)


def describe(record: ClipRecord) -> str:
    """What the audit keeps of a request: where, when, why, for which case."""
    what = "still" if record.is_still else f"{record.minutes * 60:.0f} s"
    return (
        f"{record.device}/{record.camera} from {record.from_utc_ms}, {what}; "
        f"case {record.case}: {record.reason}"
    )
