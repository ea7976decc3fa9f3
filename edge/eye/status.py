"""What the eye tells the link about its cameras: `DATA/eye/status.json`, whole, by rename."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.eye.standing import Standing
from edge.whole_file import write_whole
from edge.wire.eye_status import eye_status_path


@dataclass(frozen=True, slots=True)
class CameraReport:
    """One camera since the eye started; the fields of edge.wire.v1.CameraStatus."""

    camera: str
    is_open: bool
    frames_captured: int
    frames_analysed: int
    frames_dropped: int
    video_bytes: int
    cpu_ms: int


def write_status(
    state_dir: Path, uptime_ms: int, cameras: Sequence[CameraReport], standing: Standing
) -> bool:
    """Replace the file. False: the disk did not take it; the old one stays and goes stale.

    The status may be lost by design; a disk in trouble is told by the spool and by health.
    """
    told: dict[str, object] = {
        "uptime_ms": uptime_ms,
        "cameras": [asdict(each) for each in cameras],
        "mandate_reason": standing.reason,
        "clock_source": standing.clock_source,
    }
    if standing.version:
        told["mandate_version"] = standing.version
    if standing.clock_error_ms is not None:
        told["clock_error_ms"] = standing.clock_error_ms
    path = eye_status_path(state_dir)
    try:
        write_whole(path, json.dumps(told).encode(), folder_mode=None, is_synced=False)
    except OSError:
        return False
    return True
