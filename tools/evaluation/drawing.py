"""Curves as SVG: axes from 0 to 1 upwards, one line a detector, its name at its colour."""

import html
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 360, 250
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 26, 38
# Told apart by people who see few colours too (Okabe and Ito's).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#999999")


@dataclass(frozen=True, slots=True)
class Curve:
    """One line: its name and its points, x in the axis' own unit, y from 0 to 1."""

    name: str
    points: tuple[tuple[float, float], ...]


def draw_curves(
    title: str,
    x_title: str,
    y_title: str,
    ticks: Sequence[tuple[float, str]],
    curves: Sequence[Curve],
) -> str:
    """A picture of curves. ticks: places along x, from the first to the last, and their words."""
    first, last = ticks[0][0], ticks[-1][0]

    def at(x: float, y: float) -> tuple[float, float]:
        across = (x - first) / (last - first) * (WIDTH - LEFT - RIGHT)
        return LEFT + across, TOP + (1 - y) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}">',
        f'<text x="{WIDTH / 2}" y="15" class="title">{html.escape(title)}</text>',
    ]
    for y in (0.0, 0.25, 0.5, 0.75, 1.0):
        (left, height), (right, _) = at(first, y), at(last, y)
        parts.append(f'<path class="grid" d="M{left:.1f} {height:.1f}H{right:.1f}"/>')
        parts.append(f'<text x="{left - 5:.1f}" y="{height + 3:.1f}" class="y">{y:.2f}</text>')
    for x, word in ticks:
        across, bottom = at(x, 0)
        parts.append(f'<text x="{across:.1f}" y="{bottom + 13:.1f}" class="x">{word}</text>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" class="x">{html.escape(x_title)}</text>')
    middle = (HEIGHT - BOTTOM + TOP) / 2
    parts.append(
        f'<text transform="rotate(-90 10 {middle})" x="10" y="{middle}" class="x">'
        f"{html.escape(y_title)}</text>"
    )
    for curve, colour in zip(curves, itertools.cycle(COLOURS), strict=False):
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in itertools.starmap(at, curve.points))
        parts.append(
            f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.8">'
            f"<title>{html.escape(curve.name)}</title></polyline>"
        )
    return "".join((*parts, "</svg>"))


def draw_legend(names: Sequence[str]) -> str:
    """The detectors' names, each at its colour."""
    items = "".join(
        f'<li><span style="background:{colour}"></span>{html.escape(name)}</li>'
        for name, colour in zip(names, itertools.cycle(COLOURS), strict=False)
    )
    return f'<ul class="legend">{items}</ul>'
