"""All rules of one camera, applied to each look."""

from collections.abc import Callable, Iterator
from typing import Protocol

from edge.eye.rules.count import CountRule
from edge.eye.rules.intrusion import IntrusionRule
from edge.eye.rules.line_crossing import LineCrossingRule
from edge.eye.rules.loitering import LoiteringRule
from edge.eye.rules.occupancy import OccupancyRule
from edge.eye.rules.scene import Scene
from edge.eye.rules.wrong_way import WrongWayRule
from edge.site.model import (
    Count,
    Intrusion,
    LineCrossing,
    Loitering,
    Occupancy,
    Rule,
    SiteFile,
    WrongWay,
)
from edge.site.schedule import Calendar
from edge.wire.event import Event


class JudgedRule(Protocol):
    """What every rule is to the judge."""

    def judge(self, scene: Scene, *, is_open: bool) -> list[Event]:
        """Events of one look; is_open: the rule's schedule holds."""
        ...


class Judge:
    """The rules of one camera with their memory.

    numbers: gives incidents their numbers, from 1, shared by all cameras of a run.
    """

    def __init__(self, site: SiteFile, camera: str, numbers: Iterator[int]) -> None:
        self._calendar = Calendar(site)
        self._rules = [
            (rule.schedule, _judged(rule, site, numbers)) for rule in rules_of_camera(site, camera)
        ]

    def judge(self, scene: Scene) -> list[Event]:
        """Events of one look, in the order of the site file's rules."""
        events: list[Event] = []
        for schedule, rule in self._rules:
            is_open = schedule is None or self._calendar.is_open(schedule, scene.captured_utc_ms)
            events += rule.judge(scene, is_open=is_open)
        return events


def rules_of_camera(site: SiteFile, camera: str) -> list[Rule]:
    """The rules whose zone or line belongs to the camera, in the site file's order."""
    return [rule for rule in site.rules if camera_of_rule(site, rule) == camera]


def camera_of_rule(site: SiteFile, rule: Rule) -> str:
    """The camera whose zone or line a rule looks at."""
    if isinstance(rule, LineCrossing | Count):
        return next(line.camera for line in site.lines if line.name == rule.line)
    return next(zone.camera for zone in site.zones if zone.name == rule.zone)


def _judged(rule: Rule, site: SiteFile, numbers: Iterator[int]) -> JudgedRule:
    makers: dict[type, Callable[..., JudgedRule]] = {
        Intrusion: IntrusionRule,
        LineCrossing: LineCrossingRule,
        Loitering: LoiteringRule,
        WrongWay: WrongWayRule,
        Count: CountRule,
        Occupancy: OccupancyRule,
    }
    places = site.lines if isinstance(rule, LineCrossing | Count) else site.zones
    wanted = rule.line if isinstance(rule, LineCrossing | Count) else rule.zone
    place = next(place for place in places if place.name == wanted)
    return makers[type(rule)](rule, place, numbers)
