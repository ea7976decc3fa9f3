"""Clips: ask for one with a reason, watch it come, agree as the second person, hold, hand it over.

What is handed over is sealed; the browser opens it with a key that never comes here. Beside it go
the manifest and the pole's evidence keys, so that the browser judges by itself what it plays.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from collector.accounts import Session
from collector.clips.asker import Asker, Wish
from collector.clips.record import ClipRecord
from collector.page.answers import answer_json, read_fields
from collector.page.gate import services_of
from collector.page.numbers import read_number
from collector.page.rows import Json
from edge.errors import Kind, VigieError
from edge.evidence.device_keys import key_record
from edge.wire.identifiers import is_clip_name
from edge.wire.v1 import clip_pb2, operator_pb2

LIST_CLIPS = 200
KINDS = ("clip", "still")


async def list_clips(request: Request, session: Session) -> Response:
    """The newest clips, of one case if one is named."""
    services = services_of(request)
    case = request.query_params.get("case", "")
    found = await services.clips.list_clips(_asker(session), case, LIST_CLIPS)
    return answer_json(
        {
            "collector_utc_ms": services.clock.utc_ns() // 1_000_000,
            "clips": [_row(request, record) for record in found],
        }
    )


async def list_progress(request: Request, _session: Session) -> Response:
    """How far the newest clips are: names, states and bytes."""
    newest = await services_of(request).progress.list_newest()
    rows = [
        {
            "clip": each.clip,
            "state": _state_word(each.state),
            "stored_bytes": each.stored_bytes,
            "sealed_bytes": each.sealed_bytes,
            "changed_utc_ms": each.changed_utc_ms,
        }
        for each in newest
    ]
    return answer_json({"clips": rows})


async def list_places(request: Request, session: Session) -> Response:
    """Cameras of which this person may ask for clips, each with its time zone."""
    places = await services_of(request).clips.list_places(_asker(session))
    return answer_json({"places": [asdict(place) for place in places]})


async def ask_clip(request: Request, session: Session) -> Response:
    """Ask a pole for a clip or a still."""
    fields = await read_fields(request)
    kind = fields.get("kind", "clip")
    if kind not in KINDS:
        raise VigieError(Kind.INVALID_ARGUMENT, f"'{kind}' is no kind of clip", hint="Say clip.")
    wish = Wish(
        device=fields.get("device", ""),
        camera=fields.get("camera", ""),
        from_utc_ms=read_number(fields.get("from_utc_ms", "0")),
        to_utc_ms=read_number(fields.get("to_utc_ms", "0")),
        reason=fields.get("reason", ""),
        case=fields.get("case", ""),
        event=await _find_event(request, fields.get("event", "")),
        is_still=kind == "still",
    )
    kept = await services_of(request).clips.ask(_asker(session), wish)
    return answer_json({"clip": _row(request, kept)})


async def read_clip(request: Request, session: Session) -> Response:
    """One clip with its manifest and the keys that may have signed it."""
    services = services_of(request)
    found = await services.clips.get(_asker(session), _name(request))
    keys = await services.devices.list_evidence_keys(found.device)
    detail = _row(request, found)
    detail["manifest"] = found.manifest
    detail["device_keys"] = [key_record(key) for key in keys]
    return answer_json(detail)


async def approve_clip(request: Request, session: Session) -> Response:
    """Agree as the second person."""
    kept = await services_of(request).clips.approve(_asker(session), _name(request))
    return answer_json({"clip": _row(request, kept)})


async def hold_clip(request: Request, session: Session) -> Response:
    """Keep a copy until a day of its own."""
    fields = await read_fields(request)
    kept = await services_of(request).clips.hold(
        _asker(session),
        _name(request),
        fields.get("reason", ""),
        read_number(fields.get("until_utc_ms", "0")),
    )
    return answer_json({"clip": _row(request, kept)})


async def open_sealed(request: Request, session: Session) -> Response:
    """The sealed file, once its opening is in the audit."""
    clip = _name(request)
    desk = services_of(request).clips
    chunks = await desk.open(_asker(session), clip, 0)
    # A file that is not there is refused before the answer has begun.
    first = await asyncio.to_thread(next, chunks, b"")
    headers = {"Cache-Control": "no-store"}
    if stored_bytes := desk.get_stored_bytes(clip):
        headers["Content-Length"] = str(stored_bytes)
    return StreamingResponse(
        _behind(first, chunks), media_type="application/octet-stream", headers=headers
    )


async def _behind(first: bytes, chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    chunk = first
    while chunk:
        yield chunk
        chunk = await asyncio.to_thread(next, chunks, b"")


async def _find_event(request: Request, number: str) -> operator_pb2.StoredEvent | None:
    if not number:
        return None
    event = await services_of(request).reader.read_event(read_number(number))
    if event is None:
        raise VigieError(Kind.NOT_FOUND, f"there is no event {number}", hint="Reload the list.")
    return event


def _asker(session: Session) -> Asker:
    return Asker(session.who, session.role)


def _name(request: Request) -> str:
    name = str(request.path_params["clip"])
    if not is_clip_name(name):
        raise VigieError(Kind.NOT_FOUND, "there is no clip of that name", hint="Reload the list.")
    return name


def _row(request: Request, record: ClipRecord) -> Json:
    stored_bytes = services_of(request).clips.get_stored_bytes(record.clip)
    return {
        "clip": record.clip,
        "device": record.device,
        "camera": record.camera,
        "kind": "still" if record.is_still else "clip",
        "from_utc_ms": record.from_utc_ms,
        "to_utc_ms": record.to_utc_ms,
        "reason": record.reason,
        "case": record.case,
        "requester": record.requester,
        "role": record.role,
        "second_person": record.second_person,
        "event": record.event_number,
        "state": _state_word(record.state),
        "message": record.message,
        "requested_utc_ms": record.requested_utc_ms,
        "changed_utc_ms": record.changed_utc_ms,
        "sealed_bytes": record.sealed_bytes,
        "stored_bytes": stored_bytes,
        "expires_utc_ms": record.expires_utc_ms,
        "held_until_utc_ms": record.held_until_utc_ms,
        "is_bench": record.is_bench,
    }


def _state_word(state: clip_pb2.ClipState.ValueType) -> str:
    return clip_pb2.ClipState.Name(state).removeprefix("CLIP_STATE_").lower()
