"""What the pole is like: the eye's word from `DATA/eye/status.json`, vault, spool and disk.

The eye writes the file whole, by rename, as protobuf JSON of edge.wire.v1.Status. Without it, or
with one that cannot be read, a status still goes up and says what the link itself knows.
"""

import os
from pathlib import Path

from google.protobuf import json_format

from edge.spool.spool import Pending
from edge.whole_file import read_bounded
from edge.wire.eye_status import eye_status_path
from edge.wire.ring_report import RingReport, read_ring_report
from edge.wire.v1 import session_pb2

MAX_FILE_BYTES = 64 * 1024


def read_status(data: Path, pending: Pending) -> session_pb2.Status:
    """Put the three together. Touches the disk: not for the event loop."""
    status = read_eye_status(data)
    status.pending_events = pending.seqs
    status.spool_bytes = pending.used_bytes
    status.spool_quota_bytes = pending.quota_bytes
    room = os.statvfs(data)
    status.disk_free_bytes = room.f_bavail * room.f_frsize
    if (ring := read_ring_report(data)) is not None:
        status.ring.CopyFrom(_ring_status(ring))
    return status


def read_eye_status(data: Path) -> session_pb2.Status:
    """The eye's part; empty when there is none or it is damaged."""
    status = session_pb2.Status()
    try:
        text = read_bounded(eye_status_path(data), MAX_FILE_BYTES) or b""
        if 0 < len(text) <= MAX_FILE_BYTES:
            json_format.Parse(text, status, ignore_unknown_fields=True)
    except (UnicodeDecodeError, json_format.ParseError):
        return session_pb2.Status()
    return status


def _ring_status(ring: RingReport) -> session_pb2.RingStatus:
    return session_pb2.RingStatus(
        ring_bytes=ring.ring_bytes,
        ring_quota_bytes=ring.ring_quota_bytes,
        oldest_utc_ms=ring.oldest_utc_ms,
        newest_utc_ms=ring.newest_utc_ms,
        gaps=ring.gaps,
    )


def read_change_mark(data: Path) -> tuple[bool, ...]:
    """What a change of is told at once: which cameras are open, in their order."""
    return tuple(camera.is_open for camera in read_eye_status(data).cameras)
