"""What the vault tells the link about the ring: one small file in the folder that they share."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

_MAX_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class RingReport:
    """The fields of edge.wire.v1.RingStatus. *_utc_ms: None: the ring is empty."""

    ring_bytes: int
    ring_quota_bytes: int
    oldest_utc_ms: int | None
    newest_utc_ms: int | None
    gaps: int


def ring_report_path(data: Path) -> Path:
    """DATA/doors/clips/ring.json."""
    return data / "doors" / "clips" / "ring.json"


def write_ring_report(data: Path, report: RingReport) -> bool:
    """Replace the file. False: the disk did not take it; a status may be lost."""
    path = ring_report_path(data)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(json.dumps(asdict(report)), encoding="ascii")
        part.replace(path)
    except OSError:
        return False
    return True


def read_ring_report(data: Path) -> RingReport | None:
    """None: no vault has run, or the file cannot be read."""
    try:
        with ring_report_path(data).open("rb") as file:
            record = json.loads(file.read(_MAX_BYTES))
        oldest, newest = record["oldest_utc_ms"], record["newest_utc_ms"]
        return RingReport(
            ring_bytes=int(record["ring_bytes"]),
            ring_quota_bytes=int(record["ring_quota_bytes"]),
            oldest_utc_ms=None if oldest is None else int(oldest),
            newest_utc_ms=None if newest is None else int(newest),
            gaps=int(record["gaps"]),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None
