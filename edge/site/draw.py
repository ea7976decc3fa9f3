"""A camera's zones, lines, masks, person heights and rules drawn on a still.

Takes a picture and gives a new one; reading stills is the caller's. What is drawn is what the
site file says, in the places where the eye will look for it.
"""

import math
from collections.abc import Mapping
from itertools import cycle, pairwise

import cv2
import numpy as np
import numpy.typing as npt

from edge.site import legend, model
from edge.site.label import INK, WHITE, Colour, Pen, Picture, Rect
from edge.site.rules import Rule, WrongWay

MIN_WIDTH_PX = 1280
"""Narrower stills are enlarged to this, so that words stay legible."""

MASK_COLOUR: Colour = (70, 70, 70)
ALLOWED_COLOUR: Colour = (40, 140, 40)
FIGURE_COLOUR: Colour = (60, 220, 250)
PALETTE: tuple[Colour, ...] = (
    (178, 102, 0),
    (60, 50, 200),
    (96, 128, 0),
    (160, 40, 140),
    (0, 96, 208),
    (110, 92, 30),
    (36, 70, 120),
    (130, 60, 70),
)
"""Dark enough that white letters on them pass 4.5:1; told apart by place as well as by hue."""

LABEL_SHARES = (0.5, 0.38, 0.62, 0.1, 0.9, 0.0, 1.0)
"""Where along a line its label may stand, the best place first."""

_FILL = 0.22
_GRID_STEPS = 10

Spot = tuple[int, int]


def draw_site(still: Picture, site: model.SiteFile, camera: model.Camera) -> Picture:
    """The still with everything that the site file places on this camera's frame.

    still: height x width x 3, uint8, BGR; not changed. The result is wider than MIN_WIDTH_PX
    and has a key of the rules below the picture.
    """
    picture = _enlarged(still)
    places = legend.places_of(site, camera)
    zones = [place for place in places if isinstance(place, model.Zone)]
    lines = [place for place in places if isinstance(place, model.Line)]
    colours = dict(zip(places, cycle(PALETTE), strict=False))
    for mask in camera.masks:
        _draw_mask(picture, mask)
    for zone in zones:
        _draw_zone(picture, zone, colours[zone])
    for line in lines:
        _draw_line(picture, line, colours[line])
    pen = Pen(picture, size_px=max(17, picture.shape[1] // 80))
    for person in camera.person_heights:
        _draw_person(pen, person)
    for zone in zones:
        corners = [_pixel(picture, point) for point in zone.polygon_frac]
        for start, end in pairwise((*corners, corners[0])):
            pen.keep_free(start, end)
    for line in lines:
        _write_sides(pen, line, colours[line])
        _draw_directions(pen, site, line)
    for rule in site.rules:
        _draw_heading(pen, rule, zones)
    for mask in camera.masks:
        pen.label([f"mask {mask.name}"], [_middle(picture, mask.polygon_frac)], INK)
    _label_places(pen, site, colours)
    return legend.with_legend(picture, pen.size_px, site, camera, colours)


def grid_still(width_px: int = MIN_WIDTH_PX, height_px: int = 720) -> Picture:
    """A grey picture with a line at each tenth of the frame, for a site without a still."""
    still = np.full((height_px, width_px, 3), 200, np.uint8)
    pen = Pen(still, size_px=15)
    for step in range(1, _GRID_STEPS):
        share = step / _GRID_STEPS
        x, y = round(width_px * share), round(height_px * share)
        cv2.line(still, (x, 0), (x, height_px), (180, 180, 180), 1)
        cv2.line(still, (0, y), (width_px, y), (180, 180, 180), 1)
        pen.write(f"{share:.1f}", x + 3, 16, (110, 110, 110), bold=False)
        pen.write(f"{share:.1f}", 3, y - 4, (110, 110, 110), bold=False)
    return still


def _enlarged(still: Picture) -> Picture:
    rows, columns = still.shape[:2]
    if columns >= MIN_WIDTH_PX:
        return still.copy()
    size = (MIN_WIDTH_PX, round(rows * MIN_WIDTH_PX / columns))
    return cv2.resize(still, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def _pixel(picture: Picture, point: model.Point) -> Spot:
    rows, columns = picture.shape[:2]
    return round(point[0] * (columns - 1)), round(point[1] * (rows - 1))


def _corners(picture: Picture, polygon: tuple[model.Point, ...]) -> npt.NDArray[np.int32]:
    return np.array([_pixel(picture, point) for point in polygon], np.int32)


def _middle(picture: Picture, polygon: tuple[model.Point, ...]) -> Spot:
    """A spot well inside a polygon: the pixel farthest from its sides."""
    inside = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(inside, [_corners(picture, polygon)], 255)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    row, column = divmod(int(depth.argmax()), depth.shape[1])
    return column, row


def _draw_mask(picture: Picture, mask: model.Mask) -> None:
    corners = _corners(picture, mask.polygon_frac)
    inside = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(inside, [corners], 255)
    hatch = np.zeros_like(inside)
    rows, columns = picture.shape[:2]
    for offset in range(-rows, columns, 16):
        cv2.line(hatch, (offset, rows), (offset + rows, 0), 255, 2, cv2.LINE_AA)
    picture[inside > 0] = MASK_COLOUR
    picture[(inside > 0) & (hatch > 0)] = (110, 110, 110)
    cv2.polylines(picture, [corners], True, WHITE, 1, cv2.LINE_AA)


def _draw_zone(picture: Picture, zone: model.Zone, colour: Colour) -> None:
    corners = _corners(picture, zone.polygon_frac)
    tinted = picture.copy()
    cv2.fillPoly(tinted, [corners], colour)
    cv2.addWeighted(tinted, _FILL, picture, 1 - _FILL, 0, dst=picture)
    cv2.polylines(picture, [corners], True, WHITE, 5, cv2.LINE_AA)
    cv2.polylines(picture, [corners], True, colour, 3, cv2.LINE_AA)


def _draw_line(picture: Picture, line: model.Line, colour: Colour) -> None:
    start, end = _pixel(picture, line.from_frac), _pixel(picture, line.to_frac)
    _arrow(picture, start, end, colour, 4)
    cv2.circle(picture, start, 7, WHITE, cv2.FILLED, cv2.LINE_AA)
    cv2.circle(picture, start, 5, colour, cv2.FILLED, cv2.LINE_AA)


def _write_sides(pen: Pen, line: model.Line, colour: Colour) -> None:
    for word, away in (("L", 22), ("R", -22)):
        for share in (0.2, 0.8):
            spot = _beside(pen.picture, line, share, away)
            cv2.circle(pen.picture, spot, 13, WHITE, cv2.FILLED, cv2.LINE_AA)
            cv2.circle(pen.picture, spot, 13, colour, 2, cv2.LINE_AA)
            half = pen.width_px(word, bold=True) // 2
            pen.write(word, spot[0] - half, spot[1] + pen.size_px // 3, colour, bold=True)
            pen.taken.append(Rect(spot[0] - 14, spot[1] - 14, 28, 28))


def _draw_directions(pen: Pen, site: model.SiteFile, line: model.Line) -> None:
    """An arrow across the line for each rule that minds only one direction."""
    pen.keep_free(_pixel(pen.picture, line.from_frac), _pixel(pen.picture, line.to_frac))
    for rule in legend.rules_of(site, line):
        direction = getattr(rule, "direction", "both")
        if direction == "both":
            continue
        away = 44 if direction == "left_to_right" else -44
        start, end = (_beside(pen.picture, line, 0.5, side) for side in (away, -away))
        _arrow(pen.picture, start, end, ALLOWED_COLOUR, 5)
        pen.keep_free(start, end)


def _beside(picture: Picture, line: model.Line, share: float, away_px: float) -> Spot:
    """A spot next to a line, share of the way along it; to its left where away is positive."""
    start, end = _pixel(picture, line.from_frac), _pixel(picture, line.to_frac)
    across, down = end[0] - start[0], end[1] - start[1]
    length = math.hypot(across, down) or 1.0
    # The picture's y axis points down, so the left hand is (down, -across).
    x = start[0] + across * share + away_px * down / length
    y = start[1] + down * share - away_px * across / length
    return round(x), round(y)


def _draw_person(pen: Pen, person: model.PersonHeight) -> None:
    """A standing figure as tall as the site file says, feet on the spot."""
    foot = _pixel(pen.picture, person.foot_frac)
    tall = max(8, round(person.height_frac * pen.picture.shape[0]))
    head = max(2, round(tall * 0.075))
    wide = max(2, round(tall * 0.11))
    neck, hip = foot[1] - tall + 2 * head, foot[1] - round(tall * 0.47)
    strokes = (
        ((foot[0], neck), (foot[0], hip)),
        ((foot[0] - wide, neck + tall // 4), (foot[0], neck + tall // 16)),
        ((foot[0] + wide, neck + tall // 4), (foot[0], neck + tall // 16)),
        ((foot[0], hip), (foot[0] - wide * 2 // 3, foot[1])),
        ((foot[0], hip), (foot[0] + wide * 2 // 3, foot[1])),
    )
    for colour, extra in ((INK, 4), (FIGURE_COLOUR, 0)):
        thick = max(2, tall // 60) + extra
        for start, end in strokes:
            cv2.line(pen.picture, start, end, colour, thick, cv2.LINE_AA)
        crown = (foot[0], foot[1] - tall + head)
        cv2.circle(pen.picture, crown, head + extra // 2, colour, cv2.FILLED, cv2.LINE_AA)
    pen.taken.append(Rect(foot[0] - wide, foot[1] - tall, 2 * wide, tall))


def _draw_heading(pen: Pen, rule: Rule, zones: list[model.Zone]) -> None:
    """The allowed way of a wrong_way rule, as an arrow through its zone."""
    if not isinstance(rule, WrongWay):
        return
    for zone in zones:
        if zone.name == rule.zone:
            middle = _middle(pen.picture, zone.polygon_frac)
            turn = math.radians(rule.allowed_deg)
            reach = pen.picture.shape[1] / 22
            step = (math.sin(turn) * reach, -math.cos(turn) * reach)
            start = (round(middle[0] - step[0]), round(middle[1] - step[1]))
            end = (round(middle[0] + step[0]), round(middle[1] + step[1]))
            _arrow(pen.picture, start, end, ALLOWED_COLOUR, 6)
            pen.keep_free(start, end)


def _arrow(picture: Picture, start: Spot, end: Spot, colour: Colour, thick: int) -> None:
    length = math.hypot(end[0] - start[0], end[1] - start[1]) or 1.0
    tip = min(0.4, 22 / length)
    cv2.arrowedLine(picture, start, end, WHITE, thick + 3, cv2.LINE_AA, 0, tip)
    cv2.arrowedLine(picture, start, end, colour, thick, cv2.LINE_AA, 0, tip)


def _label_places(pen: Pen, site: model.SiteFile, colours: Mapping[legend.Place, Colour]) -> None:
    for place, colour in colours.items():
        if isinstance(place, model.Zone):
            anchors = [_middle(pen.picture, place.polygon_frac)]
        else:
            anchors = [_beside(pen.picture, place, share, 0) for share in LABEL_SHARES]
        rules = [rule.name for rule in legend.rules_of(site, place)]
        pen.label([legend.place_words(place), *rules], anchors, colour)
