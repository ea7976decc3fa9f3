"""The key below a drawn site: every rule of the camera with its parameters in force."""

from collections.abc import Mapping

import cv2
import numpy as np

from edge.site import canonical, model
from edge.site.label import INK, Colour, Pen, Picture
from edge.site.rules import Rule

Place = model.Zone | model.Line

_PAPER: Colour = (248, 246, 244)
_FAINT: Colour = (96, 90, 86)
_MARGIN_PX = 16


def places_of(site: model.SiteFile, camera: model.Camera) -> list[Place]:
    """The zones, then the lines, of one camera."""
    places: tuple[Place, ...] = (*site.zones, *site.lines)
    return [place for place in places if place.camera == camera.name]


def place_words(place: Place) -> str:
    """`zone lawn` or `line kerb`."""
    return f"{'zone' if isinstance(place, model.Zone) else 'line'} {place.name}"


def rules_of(site: model.SiteFile, place: Place) -> list[Rule]:
    """The rules that look at a zone or a line."""
    key = "zone" if isinstance(place, model.Zone) else "line"
    return [rule for rule in site.rules if getattr(rule, key, None) == place.name]


def with_legend(
    picture: Picture,
    size_px: int,
    site: model.SiteFile,
    camera: model.Camera,
    colours: Mapping[Place, Colour],
) -> Picture:
    """The picture with the key below it."""
    entries = [
        (colours[place], rule, place)
        for place in places_of(site, camera)
        for rule in rules_of(site, place)
    ]
    step = size_px + 8
    ruler = Pen(np.zeros((1, 1, 3), np.uint8), size_px)
    width = picture.shape[1] - 3 * _MARGIN_PX - size_px
    texts = [ruler.wrapped(_parameters(rule), width) for _, rule, _ in entries]
    height = 2 * _MARGIN_PX + step * (1 + sum(1 + len(lines) for lines in texts))
    panel = np.full((height, picture.shape[1], 3), _PAPER, np.uint8)
    pen = Pen(panel, size_px)
    baseline = _MARGIN_PX + size_px
    heading = f"{site.site.name} · camera {camera.name} · {len(entries)} rules"
    pen.write(heading, _MARGIN_PX, baseline, INK, bold=True)
    left = 2 * _MARGIN_PX + size_px
    for (colour, rule, place), lines in zip(entries, texts, strict=True):
        baseline += step
        swatch = (_MARGIN_PX, baseline - size_px + 3)
        cv2.rectangle(panel, swatch, (swatch[0] + size_px, baseline + 3), colour, cv2.FILLED)
        pen.write(rule.name, left, baseline, INK, bold=True)
        told = f"{rule.function} on {place_words(place)}"
        pen.write(
            told, left + pen.width_px(f"{rule.name}  ", bold=True) + 10, baseline, INK, bold=False
        )
        for line in lines:
            baseline += step
            pen.write(line, left, baseline, _FAINT, bold=False)
    return np.vstack((picture, panel))


def _parameters(rule: Rule) -> list[str]:
    told = [
        f"{name} {text.replace(',', ', ')}"
        for name, text in canonical.rule_parameters(rule).items()
    ]
    if rule.schedule:
        told.append(f"schedule {rule.schedule}")
    return told
