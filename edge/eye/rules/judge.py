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
from edge.mandate.gate import Permit
from edge.site.model import SiteFile
from edge.site.rules import Count, Intrusion, LineCrossing, Loitering, Occupancy, Rule, WrongWay
from edge.site.schedule import Calendar
from edge.wire.event import Event
from edge.wire.names import CLASS_NUMBERS, FUNCTION_NUMBERS


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
            (rule, _judged(rule, site, numbers)) for rule in rules_of_camera(site, camera)
        ]

    def judge(self, scene: Scene, permit: Permit) -> list[Event]:
        """Events of one look, in the order of the site file's rules.

        A rule that the permit does not name is closed, as outside its schedule.
        """
        may_judge = permit.holds(scene.monotonic_ns)
        events: list[Event] = []
        for rule, judged in self._rules:
            is_open = may_judge and is_permitted(rule, permit)
            if is_open and rule.schedule is not None:
                is_open = self._calendar.is_open(rule.schedule, scene.captured_utc_ms)
            events += judged.judge(scene, is_open=is_open)
        return events

    def wanted_classes(self, permit: Permit) -> frozenset[int]:
        """Numbers of the classes that permitted rules look for; nothing else may be found."""
        return frozenset(
            CLASS_NUMBERS[word]
            for rule, _ in self._rules
            if is_permitted(rule, permit)
            for word in rule.classes
        )


def is_permitted(rule: Rule, permit: Permit) -> bool:
    """Whether the permit names the rule's function in its place."""
    place = rule.line if isinstance(rule, LineCrossing | Count) else rule.zone
    return permit.allows(FUNCTION_NUMBERS[rule.function], place)


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
