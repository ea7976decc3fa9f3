"""What a site file says, as values: cameras, zones, lines, schedules and rules.

Plain frozen dataclasses that every room may hold. The `annotated_types` bounds are read by
`check.py`, which turns a person's TOML into these values or into a list of problems. Places are
fractions of the frame (0 left or top, 1 right or bottom), so a site file outlives a change of
resolution.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MinLen

Fraction = Annotated[float, Ge(0.0), Le(1.0)]
Point = tuple[Fraction, Fraction]
Name = str
ObjectWord = Literal["person", "bicycle", "motorcycle", "car", "bus", "truck", "bag", "animal"]
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
    analysis_fps: most frames per second given to the detector.
    analysis_width_px: widest picture the analysis keeps; smaller sources are not enlarged.
    recording: what the ring keeps: `camera` the stream as it comes, `masked` pictures encoded
        anew after the masks were burned in, `none` nothing. Not set: `camera` without masks,
        `none` with masks.
    """

    name: Name
    source: str
    analysis_fps: Annotated[float, Gt(0.0), Le(60.0)] = 10.0
    analysis_width_px: Annotated[int, Ge(160), Le(1920)] = 640
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """What all rules about things share.

    name: unique among rules; what people read when an event comes.
    classes: what it looks for.
    min_score: least confidence of a detection that may decide, 0 to 1.
    schedule: name of a schedule; not set: always.
    cool_down_seconds: least time between two incidents of this rule.
    """

    name: Name
    classes: Annotated[tuple[ObjectWord, ...], MinLen(1)] = ("person",)
    min_score: Annotated[float, Ge(0.0), Le(1.0)] = 0.4
    schedule: Name | None = None
    cool_down_seconds: Annotated[float, Ge(0.0), Le(86400.0)] = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Intrusion(_Rule):
    """A thing enters a zone, or is present in it.

    function: always `intrusion`.
    zone: name of the zone it watches.
    when: `presence` counts anything inside for min_seconds; `entry` only what came from outside.
    min_seconds: how long it must be inside before the incident starts.
    min_travel_frac: least way a track must have gone since first seen, so that a statue or a
        reflection is no intruder.
    leave_seconds: how long it must be gone before the incident ends (hysteresis).
    """

    function: Literal["intrusion"]
    zone: Name
    when: Literal["presence", "entry"] = "presence"
    min_seconds: Annotated[float, Ge(0.0), Le(3600.0)] = 1.0
    min_travel_frac: Annotated[float, Ge(0.0), Le(1.0)] = 0.02
    leave_seconds: Annotated[float, Ge(0.0), Le(600.0)] = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCrossing(_Rule):
    """A thing's foot point crosses a line; each crossing is an incident of its own.

    function: always `line_crossing`.
    line: name of the line it watches.
    direction: `left_to_right`, `right_to_left` as seen walking along the line, or `both`.
    min_travel_frac: least way a track must have gone since first seen.
    """

    function: Literal["line_crossing"]
    line: Name
    direction: Literal["left_to_right", "right_to_left", "both"] = "both"
    min_travel_frac: Annotated[float, Ge(0.0), Le(1.0)] = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Loitering(_Rule):
    """A thing stays in a zone longer than it takes to walk through.

    function: always `loitering`.
    zone: name of the zone it watches.
    min_seconds: how long it must stay before the incident starts.
    max_radius_frac: how far it may stray from where it began and still loiter; 1: anywhere in
        the zone.
    min_travel_frac: least way a track must have gone since first seen, so that a sign that looks
        like a person does not loiter.
    leave_seconds: how long it must be gone before the incident ends (hysteresis).
    """

    function: Literal["loitering"]
    zone: Name
    min_seconds: Annotated[float, Gt(0.0), Le(86400.0)] = 30.0
    max_radius_frac: Annotated[float, Gt(0.0), Le(1.0)] = 1.0
    min_travel_frac: Annotated[float, Ge(0.0), Le(1.0)] = 0.02
    leave_seconds: Annotated[float, Ge(0.0), Le(600.0)] = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongWay(_Rule):
    """A thing moves against a zone's allowed direction.

    function: always `wrong_way`.
    zone: name of the zone it watches.
    allowed_deg: allowed heading on the picture, degrees clockwise from up (12 o'clock).
    tolerance_deg: headings within this of the opposite count as wrong.
    min_travel_frac: least way against the direction.
    min_seconds: how long it must go the wrong way before the incident starts.
    leave_seconds: how long it must have stopped doing so before the incident ends (hysteresis).
    """

    function: Literal["wrong_way"]
    zone: Name
    allowed_deg: Annotated[float, Ge(0.0), Le(360.0)]
    classes: Annotated[tuple[ObjectWord, ...], MinLen(1)] = ("car", "bus", "truck", "motorcycle")
    tolerance_deg: Annotated[float, Gt(0.0), Le(90.0)] = 60.0
    min_travel_frac: Annotated[float, Gt(0.0), Le(1.0)] = 0.08
    min_seconds: Annotated[float, Ge(0.0), Le(600.0)] = 0.5
    leave_seconds: Annotated[float, Ge(0.0), Le(600.0)] = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(_Rule):
    """How many things crossed a line in each period, told once a period.

    function: always `count`.
    line: name of the line it watches.
    direction: `left_to_right`, `right_to_left` as seen walking along the line, or `both`.
    period_seconds: how long one period is.
    min_travel_frac: least way a track must have gone since first seen.
    """

    function: Literal["count"]
    line: Name
    direction: Literal["left_to_right", "right_to_left", "both"] = "both"
    period_seconds: Annotated[float, Ge(10.0), Le(86400.0)] = 300.0
    min_travel_frac: Annotated[float, Ge(0.0), Le(1.0)] = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy(_Rule):
    """How many things are in a zone; an incident while it is at or above a limit.

    function: always `occupancy`.
    zone: name of the zone it watches.
    max_things: the most that is normal; one more starts an incident.
    clear_things: at or below this the incident ends (hysteresis); must be <= max_things.
        Not set: the same as max_things.
    min_seconds: how long the limit must be passed before the incident starts, and kept before
        it ends.
    """

    function: Literal["occupancy"]
    zone: Name
    max_things: Annotated[int, Ge(0), Le(1000)]
    clear_things: Annotated[int, Ge(0), Le(1000)] | None = None
    min_seconds: Annotated[float, Ge(0.0), Le(3600.0)] = 2.0


Rule = Intrusion | LineCrossing | Loitering | WrongWay | Count | Occupancy


@dataclass(frozen=True, slots=True)
class Health:
    """Limits of the pole's own health events; every one has a default that suits a street.

    lost_seconds: no frame for this long is `camera_lost`.
    frozen_seconds: the same picture for this long is `camera_frozen`.
    dark_luma: mean brightness (0 to 255) below this for covered_seconds is `camera_dark`.
    covered_seconds: how long dark or covered must last.
    covered_detail: mean gradient (0 to 255) below this for covered_seconds is `camera_covered`.
    min_free_mb: less free space where the spool lives is `storage`.
    max_celsius: hotter than this is `thermal`.
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


@dataclass(frozen=True, slots=True)
class Detection:
    """Which detector runs, and how much of one CPU core it may take over all cameras.

    model: name of a model card, as `vigie models list` shows it.
    budget_ms_per_second: detector's time over all cameras, milliseconds in each second.
    """

    model: str = "ssd-coco15"
    budget_ms_per_second: Annotated[float, Gt(0.0), Le(4000.0)] = 600.0


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
