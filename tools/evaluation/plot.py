"""Points and curves as SVG, drawn by hand: no footage, no library, the same bytes every time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDE, _HIGH, _LEFT, _TOP, _GAP = 300, 230, 52, 46, 34
_COLOURS = {"whole": "#b4532a", "tiles 2": "#7a6a00", "tiles 3": "#5b4b8a", "regions": "#00786c"}
_CURVES = ("whole", "regions")


@dataclass(frozen=True, slots=True)
class Point:
    """One way on one panel: CPU in milliseconds a frame, recall from 0 to 1."""

    way: str
    cpu_ms: float
    recall: float


def draw(panels: Mapping[str, Sequence[Point]], across: int) -> str:
    """One panel after the other; ways whose names begin alike, but for tiles, are one curve."""
    rows = -(-len(panels) // across)
    width = across * (_WIDE + _LEFT + _GAP)
    height = rows * (_HIGH + _TOP + _GAP) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
        '<g font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for number, (title, points) in enumerate(panels.items()):
        left = _LEFT + (number % across) * (_WIDE + _LEFT + _GAP)
        top = _TOP + (number // across) * (_HIGH + _TOP + _GAP)
        parts += _panel(title, points, left, top)
    parts += _legend(height)
    return "\n".join([*parts, "</g></svg>\n"])


def _panel(title: str, points: Sequence[Point], left: int, top: int) -> list[str]:
    most = max(point.cpu_ms for point in points) * 1.08
    parts = [f'<text x="{left}" y="{top - 12}" font-weight="bold">{escape(title)}</text>']
    for step in range(6):
        y, level = top + _HIGH * (1 - step / 5), step / 5
        parts.append(f'<path d="M{left} {y:.1f}h{_WIDE}" stroke="#dddddd"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{level:.1f}</text>')
        x, cost = left + _WIDE * step / 5, most * step / 5
        parts.append(
            f'<text x="{x:.1f}" y="{top + _HIGH + 16}" text-anchor="middle">{cost:.0f}</text>'
        )

    def spot(point: Point) -> tuple[float, float]:
        return left + _WIDE * point.cpu_ms / most, top + _HIGH * (1 - point.recall)

    for kind in _CURVES:
        curve = sorted((each for each in points if each.way.split()[0] == kind), key=_cost)
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(spot, curve))
        parts.append(
            f'<polyline points="{way}" fill="none" stroke="{_COLOURS[kind]}" stroke-width="2"/>'
        )
    for point in points:
        x, y = spot(point)
        kind = point.way.split()[0]
        colour = _COLOURS[kind if kind in _CURVES else point.way]
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>')
    return parts


def _legend(height: int) -> list[str]:
    parts, x = [], _LEFT
    for way, colour in _COLOURS.items():
        parts.append(f'<circle cx="{x}" cy="{height - 14}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{x + 10}" y="{height - 10}">{way}</text>')
        x += 90
    words = "recall of persons against CPU, milliseconds a frame"
    return [*parts, f'<text x="{x + 10}" y="{height - 10}" fill="#555555">{words}</text>']


def _cost(point: Point) -> float:
    return point.cpu_ms
