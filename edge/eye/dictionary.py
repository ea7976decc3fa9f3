"""The dictionary that goes before the events: each rule as it is in force, and the model."""

import hashlib
from collections.abc import Iterator

from edge.eye import health
from edge.eye.detector import Card
from edge.eye.rules.judge import camera_of_rule
from edge.eye.standing import Standing
from edge.site.canonical import rule_parameters, rule_version
from edge.site.model import Health, SiteFile
from edge.site.rules import Count, LineCrossing, Rule
from edge.wire.names import FUNCTION_NUMBERS
from edge.wire.v1 import event_pb2

_VERSION_BYTES = 8
_PARAMETER_BYTES = 128
_HEALTH_LIMITS: dict[str, tuple[str, ...]] = {
    health.LOST: ("lost_seconds",),
    health.FROZEN: ("frozen_seconds",),
    health.DARK: ("dark_luma", "covered_seconds"),
    health.COVERED: ("covered_detail", "covered_seconds"),
    health.CLOCK: ("max_clock_step_seconds",),
    health.STORAGE: ("min_free_mb",),
    health.THERMAL: ("max_celsius",),
}


def make_dictionary(
    site: SiteFile, card: Card | None, standing: Standing | None = None
) -> event_pb2.Dictionary:
    """Every rule of the site, then the health rules. The number is left to the spool.

    standing: under which mandate; None: a recording, which is under none.
    """
    rules = [_rule(site, rule) for rule in site.rules]
    rules += _health_rules(site)
    dictionary = event_pb2.Dictionary(rules=rules)
    if card is not None:
        dictionary.model, dictionary.model_sha256 = card.name, bytes.fromhex(card.sha256)
    if standing is not None:
        standing.mark(dictionary)
    return dictionary


def _rule(site: SiteFile, rule: Rule) -> event_pb2.Rule:
    return event_pb2.Rule(
        name=rule.name,
        function=FUNCTION_NUMBERS[rule.function],
        camera=camera_of_rule(site, rule),
        place=rule.line if isinstance(rule, LineCrossing | Count) else rule.zone,
        parameters=_parameters(rule_parameters(rule)),
        version=rule_version(rule, site),
    )


def _health_rules(site: SiteFile) -> Iterator[event_pb2.Rule]:
    for camera in site.cameras:
        for function in health.CAMERA_FUNCTIONS:
            yield _health_rule(site.health, function, camera.name)
    for function in (*health.DEVICE_FUNCTIONS, health.SPOOL_GAP):
        yield _health_rule(site.health, function, "")


def _health_rule(limits: Health, function: str, camera: str) -> event_pb2.Rule:
    texts = {name: f"{getattr(limits, name):g}" for name in _HEALTH_LIMITS.get(function, ())}
    canonical = "\n".join([function, *(f"{name}={text}" for name, text in texts.items())])
    return event_pb2.Rule(
        name=health.rule_name(function, camera),
        function=FUNCTION_NUMBERS[function],
        camera=camera,
        parameters=_parameters(texts),
        version=hashlib.sha256(canonical.encode()).digest()[:_VERSION_BYTES],
    )


def _parameters(texts: dict[str, str]) -> list[event_pb2.Parameter]:
    return [
        event_pb2.Parameter(name=name, text=text[:_PARAMETER_BYTES]) for name, text in texts.items()
    ]
