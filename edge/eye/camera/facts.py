"""What capture tells the health rules: opened, lost, and running totals."""

from dataclasses import dataclass
from enum import Enum


class LossReason(Enum):
    """Why no picture comes; the word that logs and events carry."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    GARBAGE = "garbage"
    NO_VIDEO = "no_video"
    LIMIT = "limit"
    UNSUPPORTED = "unsupported"
    ENDED = "ended"
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class Opened:
    """The first picture after a start or an outage has arrived.

    width_px, height_px: size the camera delivers. Times: as of edge.clock.
    """

    camera: str
    width_px: int
    height_px: int
    utc_ns: int
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class Lost:
    """No picture comes any more; told once an outage, at its beginning.

    what: one sentence for a person, without any password. hint: what to do.
    """

    camera: str
    reason: LossReason
    what: str
    hint: str | None
    utc_ns: int
    monotonic_ns: int


Fact = Opened | Lost


@dataclass(frozen=True, slots=True)
class Counts:
    """Running totals of one camera since its capture was started.

    frames_captured: pictures decoded.
    frames_offered: pictures chosen by analysis_fps, masked and scaled.
    frames_dropped: offered, but replaced by a newer one before analysis asked.
    packets, video_bytes: compressed packets and their size; 0 for sources without any.
    damaged_packets: packets that the decoder refused.
    child_cpu_ms: CPU time of the capture process, user and system.
    outages: how often the camera was lost.
    """

    frames_captured: int = 0
    frames_offered: int = 0
    frames_dropped: int = 0
    packets: int = 0
    video_bytes: int = 0
    damaged_packets: int = 0
    child_cpu_ms: int = 0
    outages: int = 0
