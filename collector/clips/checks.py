"""What must be true of a clip before the desk acts on it."""

import sqlite3

from collector.clips.asker import Asker
from collector.clips.limits import DAY_MS, Limits
from collector.clips.places import read_cameras
from collector.clips.record import ClipRecord
from edge.errors import Kind, VigieError
from edge.wire.v1 import clip_pb2


def check_camera(connection: sqlite3.Connection, record: ClipRecord) -> None:
    """The device is known, and has named the camera itself. Raises VigieError(NOT_FOUND)."""
    cameras = read_cameras(connection, record.device).get(record.device)
    if cameras is None:
        raise VigieError(
            Kind.NOT_FOUND,
            f"there is no device {record.device or '(none named)'}",
            hint="Run 'vigie device status' to see the names.",
        )
    if record.camera not in cameras:
        names = ", ".join(sorted(cameras)) or "none yet"
        raise VigieError(
            Kind.NOT_FOUND,
            f"device {record.device} has no camera {record.camera or '(none named)'}",
            hint=f"It has: {names}.",
        )


def check_approval(waiting: ClipRecord, asker: Asker) -> None:
    """It waits for a second person, and this is another one.

    Raises VigieError: FAILED_PRECONDITION, PERMISSION_DENIED.
    """
    if waiting.state != clip_pb2.CLIP_STATE_WAITING:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"clip {waiting.clip} does not wait for a second person",
            hint=f"See 'vigie clip list --clip {waiting.clip}'.",
        )
    if waiting.requester == asker.who:
        raise VigieError(
            Kind.PERMISSION_DENIED,
            "the second person is the one who asked",
            hint="Another supervisor must agree.",
        )


def check_hold(reason: str, until_utc_ms: int, now_ms: int, limits: Limits) -> None:
    """It has a reason, and a day within bounds. Raises VigieError(INVALID_ARGUMENT)."""
    if not reason.strip():
        raise VigieError(Kind.INVALID_ARGUMENT, "a hold needs a reason", hint="Name the order.")
    if not now_ms < until_utc_ms <= now_ms + limits.max_hold_days * DAY_MS:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"a hold ends on a day to come, within {limits.max_hold_days} days",
            hint="A longer one is renewed.",
        )
