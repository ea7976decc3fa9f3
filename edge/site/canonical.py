"""One text for one rule, so that its hash changes when, and only when, the rule does."""

import dataclasses
import hashlib
import json

from edge.site import model, shape
from edge.site.rules import Rule

VERSION_BYTES = 8
"""As the wire's Rule.version: enough that two rules of one city never share it by chance."""

EVERY_CAMERA = "*"
_OPENING = b"vigie rule 1\n"
_CAMERA_OPENING = b"vigie camera 1\n"
_IDENTITY_KEYS = frozenset({"name", "zone", "line", "schedule", shape.DISCRIMINATOR})


def canonical_text(rule: Rule, site: model.SiteFile | None = None) -> bytes:
    """The rule with every default written out, one `key=value` a line, keys sorted.

    With the site, the corners of its zone or line and the hours of its schedule belong to it:
    moving a zone changes the rule. Lists whose order means nothing are sorted. Numbers are
    written as Python's shortest float, values as JSON in ASCII, so that the bytes are the same
    in every version of Python.
    """
    parts = _lines("", rule)
    for prefix, record in _referred(rule, site):
        parts += _lines(prefix, record)
    return _OPENING + b"".join(sorted(parts))


def rule_version(rule: Rule, site: model.SiteFile | None = None) -> bytes:
    """The first 8 bytes of the SHA-256 over the canonical text."""
    return hashlib.sha256(canonical_text(rule, site)).digest()[:VERSION_BYTES]


def rules_sha256(site: model.SiteFile) -> dict[str, str]:
    """What an authority signs of a site: SHA-256 by camera, and under EVERY_CAMERA of them all.

    A camera's hash covers its rules with their places and schedules, its masks, and the zone and
    place by which schedules are reckoned. Where its pictures come from and how many of them are
    analysed is the technician's business.
    """
    texts = {camera.name: _camera_text(camera, site) for camera in site.cameras}
    texts[EVERY_CAMERA] = b"".join(texts[name] for name in sorted(texts))
    return {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}


def rule_parameters(rule: Rule) -> dict[str, str]:
    """Parameters in force as the wire's dictionary and the drawing tell them.

    Texts are numbers without trailing zeros, words, or words joined by commas. The name, the
    function, the place and the schedule are left out, and so is what is not set.
    """
    return {
        field.name: _parameter_text(value)
        for field in dataclasses.fields(rule)
        if field.name not in _IDENTITY_KEYS and (value := getattr(rule, field.name)) is not None
    }


def _camera_text(camera: model.Camera, site: model.SiteFile) -> bytes:
    places = {zone.name for zone in site.zones if zone.camera == camera.name}
    places |= {line.name for line in site.lines if line.camera == camera.name}
    rules = [
        canonical_text(rule, site)
        for rule in site.rules
        if (getattr(rule, "zone", None) or getattr(rule, "line", None)) in places
    ]
    masks = [b"".join(sorted(_lines("mask.", mask))) for mask in camera.masks]
    where = dataclasses.replace(site.site, name="")
    opening = _CAMERA_OPENING + f"name={_value_text(camera.name)}\n".encode()
    return opening + b"".join([*sorted(_lines("site.", where)), *sorted(masks), *sorted(rules)])


def _referred(rule: Rule, site: model.SiteFile | None) -> list[tuple[str, object]]:
    if site is None:
        return []
    place = getattr(rule, "zone", None) or getattr(rule, "line", None)
    places = site.zones if hasattr(rule, "zone") else site.lines
    return [
        *(("place.", each) for each in places if each.name == place),
        *(("schedule.", each) for each in site.schedules if each.name == rule.schedule),
    ]


def _lines(prefix: str, record: object) -> list[bytes]:
    if not dataclasses.is_dataclass(record):
        raise TypeError(f"{record!r} is no record of the site file")
    return [
        f"{prefix}{field.name}={_value_text(getattr(record, field.name))}\n".encode()
        for field in dataclasses.fields(record)
    ]


def _value_text(value: object) -> str:
    if isinstance(value, tuple) and value and all(isinstance(item, str) for item in value):
        value = tuple(sorted(value))
    return json.dumps(_plain(value), ensure_ascii=True, separators=(",", ":"))


def _plain(value: object) -> object:
    """Whole numbers as floats: a rule built in code equals the one that was read."""
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _parameter_text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(str(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
