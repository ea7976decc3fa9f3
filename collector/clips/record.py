"""A clip as one row of the store."""

import json
import sqlite3
from dataclasses import dataclass

from edge.errors import Kind, VigieError
from edge.wire.v1 import clip_pb2

COLUMNS = (
    "clip, device, camera, is_still, from_utc_ms, to_utc_ms, reason, case_name, requester, role, "
    "second_person, event_number, readers, envelope, state, message, requested_utc_ms, "
    "changed_utc_ms, sealed_bytes, sealed_blake3, manifest, is_bench, expires_utc_ms"
)
_HELD = "(SELECT until_utc_ms FROM holds WHERE holds.clip = clips.clip)"


@dataclass(frozen=True, slots=True)
class ClipRecord:
    """Everything but the sealed file. Times in milliseconds since 1970-01-01 UTC.

    requester, second_person: as the audit writes people. readers: keyids. envelope: the signed
    request, empty until it was signed. sealed_bytes: 0 until the pole has offered the file.
    """

    clip: str
    device: str
    camera: str
    is_still: bool
    from_utc_ms: int
    to_utc_ms: int
    reason: str
    case: str
    requester: str
    role: str
    second_person: str
    event_number: int | None
    readers: tuple[str, ...]
    envelope: str
    state: clip_pb2.ClipState.ValueType
    message: str
    requested_utc_ms: int
    changed_utc_ms: int
    sealed_bytes: int = 0
    sealed_blake3: bytes = b""
    manifest: str = ""
    is_bench: bool = False
    expires_utc_ms: int | None = None
    held_until_utc_ms: int | None = None

    @property
    def minutes(self) -> float:
        """How long the stretch is."""
        return (self.to_utc_ms - self.from_utc_ms) / 60_000

    def as_message(self, stored_bytes: int, *, has_manifest: bool = False) -> clip_pb2.Clip:
        """As the clip desk says it. stored_bytes: of the sealed file, on this disk now."""
        return clip_pb2.Clip(
            clip=self.clip,
            device=self.device,
            camera=self.camera,
            is_still=self.is_still,
            from_utc_ms=self.from_utc_ms,
            to_utc_ms=self.to_utc_ms,
            reason=self.reason,
            case=self.case,
            requester=self.requester,
            second_person=self.second_person,
            event_number=self.event_number,
            state=self.state,
            message=self.message,
            requested_utc_ms=self.requested_utc_ms,
            changed_utc_ms=self.changed_utc_ms,
            sealed_bytes=self.sealed_bytes,
            stored_bytes=stored_bytes,
            expires_utc_ms=self.expires_utc_ms,
            held_until_utc_ms=self.held_until_utc_ms,
            manifest=self.manifest if has_manifest else "",
            is_bench=self.is_bench,
        )


def insert(connection: sqlite3.Connection, record: ClipRecord) -> None:
    """Keep a new clip; in the caller's transaction."""
    places = ", ".join("?" * len(COLUMNS.split(",")))
    connection.execute(
        f"INSERT INTO clips ({COLUMNS}) VALUES ({places})",  # noqa: S608 - names of columns only
        (
            record.clip,
            record.device,
            record.camera,
            record.is_still,
            record.from_utc_ms,
            record.to_utc_ms,
            record.reason,
            record.case,
            record.requester,
            record.role,
            record.second_person,
            record.event_number,
            json.dumps(record.readers),
            record.envelope,
            record.state,
            record.message,
            record.requested_utc_ms,
            record.changed_utc_ms,
            record.sealed_bytes,
            record.sealed_blake3,
            record.manifest,
            record.is_bench,
            record.expires_utc_ms,
        ),
    )


def change(connection: sqlite3.Connection, clip: str, now_ms: int, **fields: object) -> None:
    """Set some columns of a clip and the time of the change; in the caller's transaction."""
    assert set(fields) <= set(COLUMNS.split(", "))
    names = [*fields, "changed_utc_ms"]
    connection.execute(
        f"UPDATE clips SET {', '.join(f'{name} = ?' for name in names)} "  # noqa: S608 - checked
        "WHERE clip = ?",
        (*fields.values(), now_ms, clip),
    )


def find(connection: sqlite3.Connection, clip: str) -> ClipRecord:
    """One clip. Raises VigieError(NOT_FOUND)."""
    row = connection.execute(
        f"SELECT {COLUMNS}, {_HELD} FROM clips WHERE clip = ?",  # noqa: S608 - names only
        (clip,),
    ).fetchone()
    if row is None:
        raise VigieError(
            Kind.NOT_FOUND,
            f"there is no clip {clip}",
            hint="Run 'vigie clip list' to see the names.",
        )
    return _record(tuple(row))


def select(connection: sqlite3.Connection, case: str, limit: int) -> list[ClipRecord]:
    """Clips of a case (empty: of all), the newest first."""
    rows = connection.execute(
        f"SELECT {COLUMNS}, {_HELD} FROM clips WHERE ? IN ('', case_name) "  # noqa: S608 - names
        "ORDER BY requested_utc_ms DESC, clip LIMIT ?",
        (case, limit),
    )
    return [_record(tuple(row)) for row in rows]


def list_held(connection: sqlite3.Connection) -> set[str]:
    """Clips of which a copy is kept."""
    return {str(clip) for (clip,) in connection.execute("SELECT clip FROM holds")}


def count_since(connection: sqlite3.Connection, column: str, name: str, since_ms: int) -> int:
    """How many clips were asked for by a requester, or of a `device/camera`, since then."""
    what = {"requester": "requester", "camera": "device || '/' || camera"}[column]
    row = connection.execute(
        f"SELECT count(*) FROM clips WHERE {what} = ? AND requested_utc_ms >= ?",  # noqa: S608
        (name, since_ms),
    ).fetchone()
    return int(row[0])


def _record(row: tuple[object, ...]) -> ClipRecord:
    named = dict(zip([*COLUMNS.split(", "), "held"], row, strict=True))

    def whole(name: str) -> int:
        return int(str(named[name]))

    def whole_or_none(name: str) -> int | None:
        return None if named[name] is None else whole(name)

    digest = named["sealed_blake3"]
    return ClipRecord(
        clip=str(named["clip"]),
        device=str(named["device"]),
        camera=str(named["camera"]),
        is_still=bool(named["is_still"]),
        from_utc_ms=whole("from_utc_ms"),
        to_utc_ms=whole("to_utc_ms"),
        reason=str(named["reason"]),
        case=str(named["case_name"]),
        requester=str(named["requester"]),
        role=str(named["role"]),
        second_person=str(named["second_person"]),
        event_number=whole_or_none("event_number"),
        readers=tuple(json.loads(str(named["readers"]))),
        envelope=str(named["envelope"]),
        state=clip_pb2.ClipState.ValueType(whole("state")),
        message=str(named["message"]),
        requested_utc_ms=whole("requested_utc_ms"),
        changed_utc_ms=whole("changed_utc_ms"),
        sealed_bytes=whole("sealed_bytes"),
        sealed_blake3=digest if isinstance(digest, bytes) else b"",
        manifest=str(named["manifest"]),
        is_bench=bool(named["is_bench"]),
        expires_utc_ms=whole_or_none("expires_utc_ms"),
        held_until_utc_ms=whole_or_none("held"),
    )
