"""What should have been signalled, computed from annotated tracks by its own geometry.

Independent of the eye's rules on purpose: shapely answers here, so that a slip in the eye's own
geometry shows as an error instead of being shared.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from edge.site.model import Line, SiteFile, Zone
from edge.site.rules import Count, Intrusion, LineCrossing, Loitering

# A track must get this far from a line on both sides, so that standing on it is no crossing.
CLEAR_OF_LINE_FRAC = 0.01
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened or was signalled; the place is a foot point in frame fractions."""

    rule: str
    at_seconds: float
    x_frac: float
    y_frac: float


@dataclass(frozen=True, slots=True)
class Path:
    """One annotated thing: times and foot points, in order."""

    seconds: npt.NDArray[np.float64]
    feet_frac: npt.NDArray[np.float64]


def read_paths(
    rows: npt.NDArray[np.float64], fps: float, width_px: int, height_px: int
) -> list[Path]:
    """Paths of MOT rows: frame (from 1), id, left, top, width, height."""
    paths = []
    for number in np.unique(rows[:, 1]):
        track = rows[rows[:, 1] == number]
        track = track[np.argsort(track[:, 0])]
        feet = np.stack([track[:, 2] + track[:, 4] / 2, track[:, 3] + track[:, 5]], axis=1)
        paths.append(Path((track[:, 0] - 1) / fps, feet / (width_px, height_px)))
    return paths


def expected(site: SiteFile, paths: list[Path]) -> list[Happening]:
    """Every crossing, visit and stay that the site's rules should signal, by time."""
    zones = {zone.name: zone for zone in site.zones}
    lines = {line.name: line for line in site.lines}
    found: list[Happening] = []
    for rule in site.rules:
        for path in paths:
            if isinstance(rule, LineCrossing):
                found.extend(_crossings(rule, lines[rule.line], path))
            elif isinstance(rule, Intrusion | Loitering):
                found.extend(_visits(rule, zones[rule.zone], path))
    return sorted(found, key=lambda one: one.at_seconds)


def expected_counts(site: SiteFile, paths: list[Path]) -> dict[tuple[str, int], int]:
    """How many cross, by rule and period, the first period 0; periods without any are left out."""
    lines = {line.name: line for line in site.lines}
    counted: dict[tuple[str, int], int] = {}
    for rule in (each for each in site.rules if isinstance(each, Count)):
        for path in paths:
            for one in _crossings(rule, lines[rule.line], path):
                at = (rule.name, int(one.at_seconds // rule.period_seconds))
                counted[at] = counted.get(at, 0) + 1
    return counted


def _crossings(rule: LineCrossing | Count, line: Line, path: Path) -> Iterator[Happening]:
    start, end = np.array(line.from_frac), np.array(line.to_frac)
    along = (end - start) / np.linalg.norm(end - start)
    # Positive to the right hand: the picture's y axis points down.
    offset = along[0] * (path.feet_frac[:, 1] - start[1]) - along[1] * (
        path.feet_frac[:, 0] - start[0]
    )
    clear = np.flatnonzero(np.abs(offset) > CLEAR_OF_LINE_FRAC)
    segment = shapely.LineString([line.from_frac, line.to_frac])
    for before, after in itertools.pairwise(clear):
        if offset[before] * offset[after] >= 0:
            continue
        way = shapely.LineString(path.feet_frac[before : after + 1])
        direction = "left_to_right" if offset[after] > 0 else "right_to_left"
        if way.intersects(segment) and rule.direction in {"both", direction}:
            x_frac, y_frac = path.feet_frac[after]
            yield Happening(rule.name, float(path.seconds[after]), float(x_frac), float(y_frac))


def _visits(rule: Intrusion | Loitering, zone: Zone, path: Path) -> Iterator[Happening]:
    polygon = shapely.Polygon(zone.polygon_frac)
    # Whose feet the frame cuts off stands on its edge.
    inside = shapely.intersects_xy(polygon, np.clip(path.feet_frac, 0.0, 1.0))
    entered: float | None = None
    last_inside = 0.0
    told = False
    for seconds, foot, is_in in zip(path.seconds, path.feet_frac, inside, strict=True):
        if not is_in:
            if entered is not None and seconds - last_inside >= rule.leave_seconds - _ROUNDING:
                entered, told = None, False
            continue
        entered = seconds if entered is None else entered
        last_inside = seconds
        if not told and seconds - entered >= rule.min_seconds:
            told = True
            yield Happening(rule.name, float(seconds), float(foot[0]), float(foot[1]))
