"""How tall a person of 1.75 m looks anywhere on the picture, from the site's person_heights.

On level ground a standing person's height on the picture grows in proportion to how far the feet
are below the horizon. Two measured people, one near and one far, therefore give the horizon and
the height of everybody else. The site file's people are taken to be 1.75 m tall.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from edge.site.model import PersonHeight, Point, Zone

PERSON_METRES = 1.75
_LEAST_SPREAD_FRAC = 0.05


@dataclass(frozen=True, slots=True)
class Ground:
    """horizon_frac: its row, may be outside the picture. growth: height by row below it."""

    horizon_frac: float
    growth: float

    def height_frac(self, foot_y_frac: float) -> float:
        """How tall a person looks whose feet are in this row; 0 at and above the horizon."""
        return max(0.0, (foot_y_frac - self.horizon_frac) * self.growth)


@dataclass(frozen=True, slots=True)
class Stand:
    """A place of a zone, and how tall a person looks there."""

    zone: str
    word: str
    foot_frac: Point
    height_frac: float


def fit_ground(people: Sequence[PersonHeight]) -> Ground | None:
    """The straight line through them; None: too few, too close together, or shrinking."""
    rows = [person.foot_frac[1] for person in people]
    if len(rows) < 2 or max(rows) - min(rows) < _LEAST_SPREAD_FRAC:
        return None
    heights = [person.height_frac for person in people]
    row, height = fmean(rows), fmean(heights)
    slope = sum(
        (each - row) * (tall - height) for each, tall in zip(rows, heights, strict=True)
    ) / sum((each - row) ** 2 for each in rows)
    if slope <= 0:
        return None
    return Ground(row - height / slope, slope)


def stands_of(zone: Zone, ground: Ground) -> tuple[Stand, Stand, Stand]:
    """Three places of a zone: nearest, middle, farthest."""
    near = max(zone.polygon_frac, key=lambda corner: corner[1])
    far = min(zone.polygon_frac, key=lambda corner: corner[1])
    middle = (
        fmean(corner[0] for corner in zone.polygon_frac),
        fmean(corner[1] for corner in zone.polygon_frac),
    )
    placed = (("near", near), ("middle", middle), ("far", far))
    first, second, third = (
        Stand(zone.name, word, spot, ground.height_frac(spot[1])) for word, spot in placed
    )
    return first, second, third
