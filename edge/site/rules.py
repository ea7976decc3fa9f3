"""The rules of a site file, as values: what starts an incident, where, for how long.

One record a function; `function` says which one a `[[rule]]` is. Bounds and docstrings are read as
those of `model.py` are.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MinLen

Name = str
ObjectWord = Literal["person", "bicycle", "motorcycle", "car", "bus", "truck", "bag", "animal"]


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
    min_travel_frac: least way a track must have gone since first seen, and a quarter of its own
        height, so that a statue or a reflection is no intruder; 0: none.
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
    min_travel_frac: least way a track must have gone since first seen, and a quarter of its own
        height, so that a sign that looks like a person does not loiter; 0: none.
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
