"""Checks of shapes on the picture: polygons that enclose something, lines that lead somewhere."""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from shapely import LineString, Polygon
from shapely.validation import explain_validity

MIN_AREA_FRAC = 1e-5
"""A zone smaller than this (3 by 3 pixels of a 1280 by 720 frame) is a slip of the hand."""

MIN_LENGTH_FRAC = 1e-3

PointFrac = tuple[float, float]


def check_polygon(corners: Sequence[PointFrac]) -> Iterator[tuple[str, str]]:
    """What is wrong with a polygon, as (what, remedy). corners: fractions of the frame."""
    outline = Polygon(corners)
    if outline.convex_hull.area < MIN_AREA_FRAC:
        yield "encloses no area", "Its corners lie on one line or in one spot; spread them out."
        return
    crossings = list(_crossings(corners))
    for (first, second), (x, y) in crossings:
        sides = f"the sides after corners {first + 1} and {second + 1}"
        yield (
            f"crosses itself: {sides} meet at [{x:.3g}, {y:.3g}]",
            "List the corners in the order in which you would walk around the region.",
        )
    if not crossings and not outline.is_valid:
        yield (
            f"touches itself{_place_of(explain_validity(outline))}",
            "Each corner may stand once, and no side may run back over another.",
        )


def line_length_frac(start: PointFrac, end: PointFrac) -> float:
    """Length of a line in fractions of the frame."""
    return LineString([start, end]).length


def _place_of(explanation: str) -> str:
    """The place in words such as `Ring Self-intersection[0.5 0.25]`."""
    found = re.search(r"\[(\S+) (\S+)\]", explanation)
    return f" at [{float(found[1]):.3g}, {float(found[2]):.3g}]" if found else ""


def _crossings(
    corners: Sequence[PointFrac],
) -> Iterator[tuple[tuple[int, int], PointFrac]]:
    sides = [
        LineString([corner, corners[(index + 1) % len(corners)]])
        for index, corner in enumerate(corners)
    ]
    for first, second in combinations(range(len(sides)), 2):
        if not sides[first].crosses(sides[second]):
            continue
        point = sides[first].intersection(sides[second])
        yield (first, second), (point.centroid.x, point.centroid.y)
