"""What was measured, before anybody judges it. None always means: not known."""

from dataclasses import dataclass
from datetime import datetime

from edge.site.model import Camera, SiteFile
from edge.wire.look import Look


@dataclass(frozen=True, slots=True)
class Pace:
    """What the running eye says of one camera over a few seconds."""

    is_open: bool
    period_ms: int
    frames_captured: int
    frames_analysed: int


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """One camera of the site.

    look: what the eye's second program saw; None: it did not look. pace: of the running eye.
    unlooked: why there is no look.
    """

    site: SiteFile
    camera: Camera
    look: Look | None
    pace: Pace | None
    unlooked: str = ""


@dataclass(frozen=True, slots=True)
class Storage:
    """Where the pole's state lies.

    written_per_day_bytes: by the disk's own counter since it came up. rated_bytes: that the maker
    lets the medium be written, as the technician read it from the box. worn_percent: as an eMMC
    tells it.
    """

    free_bytes: int | None
    total_bytes: int | None
    written_per_day_bytes: int | None
    counted_hours: float | None
    rated_bytes: int | None
    worn_percent: int | None


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """source: who proves the clock; empty: nobody. error_ms: how far it may be off."""

    source: str
    error_ms: int | None


@dataclass(frozen=True, slots=True)
class Uplink:
    """One try to reach the collector with this pole's certificate.

    round_trip_ms: of TCP's first packets. answered_ms: until the collector had accepted our
    certificate and spoke. trouble, hint: why it did not; empty: it did.
    """

    address: str
    round_trip_ms: int | None
    answered_ms: int | None
    trouble: str = ""
    hint: str = ""
    certificate_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class MandateFacts:
    """What is in force. reason: why not, one word; empty: it is. cameras: that it names."""

    reason: str
    version: int | None = None
    mode: str = ""
    authority: str = ""
    expires: datetime | None = None
    cameras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heat:
    """celsius: the hottest sensor. throttle_flags: of a Raspberry Pi's firmware, its bits."""

    celsius: float | None
    throttle_flags: int | None


@dataclass(frozen=True, slots=True)
class Software:
    """version: of this program. slot: that the pole started from; empty: no image."""

    version: str
    slot: str


@dataclass(frozen=True, slots=True)
class Openings:
    """The record of the local page. damage: where its chain breaks; empty: it is whole."""

    count: int
    last: datetime | None
    damage: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that one examination measured. device: empty where the pole is not enrolled."""

    device: str
    made: datetime
    site: SiteFile
    cameras: tuple[CameraFacts, ...]
    storage: Storage
    clock: ClockFacts
    uplink: Uplink
    mandate: MandateFacts
    heat: Heat
    software: Software
    openings: Openings
