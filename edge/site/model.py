"""What a site file says, as values: cameras, zones, lines and schedules; rules in `rules.py`.

Plain frozen dataclasses that every room may hold. The `annotated_types` bounds are read by
`check.py`, which turns a person's TOML into these values or into a list of problems. Places are
fractions of the frame (0 left or top, 1 right or bottom), so a site file outlives a change of
resolution.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MinLen

from edge.site.rules import Name, Rule

Fraction = Annotated[float, Ge(0.0), Le(1.0)]
Point = tuple[Fraction, Fraction]
Recording = Literal["camera", "masked", "none"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Site:
    """Where the pole stands. Latitude and longitude are needed only for sun schedules.

    name: what people call the place.
    time_zone: of the IANA list, such as `Europe/Paris`; schedules are in its local time.
    latitude_deg: degrees north of the equator.
    longitude_deg: degrees east of Greenwich.
    """

    name: Name
    time_zone: str = "UTC"
    latitude_deg: Annotated[float, Ge(-90.0), Le(90.0)] | None = None
    longitude_deg: Annotated[float, Ge(-180.0), Le(180.0)] | None = None


@dataclass(frozen=True, slots=True)
class Mask:
    """A privacy mask: these pixels exist nowhere after the decoder.

    name: unique within the camera.
    polygon_frac: its corners in order.
    """

    name: Name
    polygon_frac: Annotated[tuple[Point, ...], MinLen(3)]


@dataclass(frozen=True, slots=True)
class PersonHeight:
    """How tall a standing person looks where the feet are, for drawing and for travel limits.

    foot_frac: where the feet stand.
    height_frac: from the feet to the top of the head, in heights of the frame.
    """

    foot_frac: Point
    height_frac: Annotated[float, Gt(0.0), Le(1.0)]


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera.

    name: unique among cameras.
    source: `file:PATH`, `rtsp://…`, `v4l2:/dev/videoN`, `picamera2:N` or `sim:SCENE`.
    analysis_fps: most frames per second that are analysed.
    analysis_width_px: widest picture the analysis keeps; smaller sources are not enlarged. It is
        the sharpness at which crops are looked at.
    budget_ms_per_second: this camera's detector time at most, milliseconds in each second. Not
        set: its fair share of the whole budget, and what the other cameras leave.
    recording: what the ring keeps: `camera` the stream as it comes, `masked` pictures encoded
        anew after the masks were burned in, `none` nothing. Not set: `camera` without masks,
        `none` with masks.
    """

    name: Name
    source: str
    analysis_fps: Annotated[float, Gt(0.0), Le(60.0)] = 10.0
    analysis_width_px: Annotated[int, Ge(160), Le(1920)] = 1920
    budget_ms_per_second: Annotated[float, Gt(0.0), Le(4000.0)] | None = None
    recording: Recording | None = None
    masks: tuple[Mask, ...] = ()
    person_heights: tuple[PersonHeight, ...] = ()


def get_recording(camera: Camera) -> Recording:
    """What the ring keeps of a camera, as it is set or follows from its masks."""
    return camera.recording or ("none" if camera.masks else "camera")


@dataclass(frozen=True, slots=True)
class Zone:
    """A region of one camera's frame; a track is inside when its foot point is.

    name: unique among zones.
    camera: name of the camera that sees it.
    polygon_frac: its corners in order.
    """

    name: Name
    camera: Name
    polygon_frac: Annotated[tuple[Point, ...], MinLen(3)]


@dataclass(frozen=True, slots=True)
class Line:
    """A directed segment of one camera's frame.

    Walking from `from_frac` to `to_frac`, its left side lies to the left hand as seen on the
    picture.

    name: unique among lines.
    camera: name of the camera that sees it.
    from_frac: where it begins.
    to_frac: where it ends.
    """

    name: Name
    camera: Name
    from_frac: Point
    to_frac: Point


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a rule holds, in the site's local time; a window may pass midnight.

    A window that ends when it starts is a whole day long.

    name: unique among schedules.
    starts, ends: `HH:MM`, `sunrise`, `sunset`, `sunrise+30min`, `sunset-1h`.
    weekdays: the days on which a window starts.
    first_date, last_date: `YYYY-MM-DD`, both included; not set: no limit.
    """

    name: Name
    starts: str
    ends: str
    weekdays: tuple[Weekday, ...] = WEEKDAYS
    first_date: str | None = None
    last_date: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Limits of the pole's own health events; every one has a default that suits a street.

    lost_seconds: no frame for this long is `camera_lost`.
    frozen_seconds: the same picture for this long is `camera_frozen`.
    dark_luma: mean brightness (0 to 255) below this for covered_seconds is `camera_dark`.
    covered_seconds: how long dark or covered must last.
    covered_detail: mean gradient (0 to 255) below this for covered_seconds is `camera_covered`.
    min_free_mb: less free space where the spool lives is `storage`.
    max_celsius: hotter than this is `thermal`, and the detector gets less time, step by step.
    max_clock_step_seconds: a larger step of wall time against monotonic time is `clock`.
    """

    lost_seconds: Annotated[float, Gt(0.0), Le(600.0)] = 10.0
    frozen_seconds: Annotated[float, Gt(0.0), Le(3600.0)] = 10.0
    dark_luma: Annotated[float, Ge(0.0), Le(255.0)] = 12.0
    covered_seconds: Annotated[float, Gt(0.0), Le(600.0)] = 5.0
    covered_detail: Annotated[float, Ge(0.0), Le(255.0)] = 1.5
    min_free_mb: Annotated[int, Ge(1)] = 200
    max_celsius: Annotated[float, Ge(0.0), Le(150.0)] = 80.0
    max_clock_step_seconds: Annotated[float, Gt(0.0), Le(3600.0)] = 2.0


# It ships with vigie, so a site file without a word about detectors runs as it is.
DEFAULT_DETECTOR = "street-s"


@dataclass(frozen=True, slots=True)
class Detection:
    """Which detector runs, how it looks, and how much of one CPU core it may take.

    model: name of a model card, as `vigie models list` shows it.
    budget_ms_per_second: detector's time over all cameras, milliseconds in each second. A board
        that is too hot takes less, in steps that it tells.
    looks: `regions` shows the detector crops of what moves, what is followed and where zones and
        lines are, as sharp as the budget allows, or the whole frame where that shows more of them;
        `whole` shows it the whole frame, shrunk.
    whole_seconds: the whole frame is looked at after so long, if nothing moves too.
    sweep_seconds: each part of the zones and lines is looked at sharply after so long.
    """

    model: str = DEFAULT_DETECTOR
    budget_ms_per_second: Annotated[float, Gt(0.0), Le(4000.0)] = 600.0
    looks: Literal["regions", "whole"] = "regions"
    whole_seconds: Annotated[float, Gt(0.0), Le(60.0)] = 2.0
    sweep_seconds: Annotated[float, Gt(0.0), Le(3600.0)] = 30.0


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A whole site file, checked: every name refers to something that exists.

    version: write 1, the only version of this format so far.
    """

    version: Literal[1]
    site: Site
    cameras: Annotated[tuple[Camera, ...], MinLen(1)]
    zones: tuple[Zone, ...] = ()
    lines: tuple[Line, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    rules: tuple[Rule, ...] = ()
    health: Health = field(default_factory=Health)
    detection: Detection = field(default_factory=Detection)
