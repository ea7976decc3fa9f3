"""What the vault tells the link about the ring: one small file in the folder that they share."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.whole_file import read_bounded, write_whole
from edge.wire.fields import Fields
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object

_MAX_BYTES = 4_096


class RingReportError(ProblemsError):
    """A file that is no report of a ring."""


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
    content = json.dumps(asdict(report)).encode("ascii")
    try:
        write_whole(ring_report_path(data), content, folder_mode=None, is_synced=False)
    except OSError:
        return False
    return True


def read_ring_report(data: Path) -> RingReport | None:
    """None: no vault has run, or what lies there is no report."""
    try:
        received = read_bounded(ring_report_path(data), _MAX_BYTES)
        return None if received is None else _parse(received)
    except RingReportError:
        return None


def _parse(received: bytes) -> RingReport:
    record = parse_object(
        received, what="the ring's report", max_bytes=_MAX_BYTES, refusal=RingReportError
    )
    fields = Fields(record)
    report = RingReport(
        ring_bytes=fields.whole("ring_bytes"),
        ring_quota_bytes=fields.whole("ring_quota_bytes"),
        oldest_utc_ms=None if fields.is_null("oldest_utc_ms") else fields.utc_ms("oldest_utc_ms"),
        newest_utc_ms=None if fields.is_null("newest_utc_ms") else fields.utc_ms("newest_utc_ms"),
        gaps=fields.whole("gaps"),
    )
    fields.close()
    fields.raise_problems(RingReportError)
    return report
