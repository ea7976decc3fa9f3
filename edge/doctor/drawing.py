"""A camera's places as lines, SVG: zones, lines, the horizon, and people of 1.75 m in each zone."""

from html import escape

from edge.doctor.heights import Stand, fit_ground, stands_of
from edge.site.model import Camera, Point, SiteFile

WIDE = 1000
"""Of the drawing, in units of its own; its height follows from the picture's."""
DEFAULT_ASPECT = 9 / 16


def draw_places(site: SiteFile, camera: Camera, aspect: float) -> str:
    """The inside of an SVG of WIDE x WIDE * aspect. aspect: the picture's height by its width."""
    tall = round(WIDE * aspect)
    ground = fit_ground(camera.person_heights)
    parts = []
    for zone in site.zones:
        if zone.camera == camera.name:
            parts.append(_polygon(zone.polygon_frac, tall, zone.name))
            if ground is not None:
                parts += [_figure(stand, tall) for stand in stands_of(zone, ground)]
    for line in site.lines:
        if line.camera == camera.name:
            parts.append(_polygon((line.from_frac, line.to_frac), tall, line.name))
    if ground is not None and 0 < ground.horizon_frac < 1:
        row = round(ground.horizon_frac * tall)
        parts.append(
            f'<line x1="0" y1="{row}" x2="{WIDE}" y2="{row}" stroke="#55555e" stroke-width="2" '
            f'stroke-dasharray="12 8"/>{_word("horizon", 8, row - 8)}'
        )
    return "".join(parts)


def _polygon(points: tuple[Point, ...], tall: int, name: str) -> str:
    placed = " ".join(f"{x * WIDE:.0f},{y * tall:.0f}" for x, y in points)
    left, top = points[0][0] * WIDE + 8, points[0][1] * tall + 22
    return (
        f'<polygon points="{placed}" fill="#0066b2" fill-opacity="0.12" stroke="#00528f" '
        f'stroke-width="3"/>{_word(name, left, top)}'
    )


def _word(text: str, left: float, base: float) -> str:
    """Dark with a light rim: to be read on whatever the camera sees."""
    return (
        f'<text x="{left:.0f}" y="{base:.0f}" font-size="20" fill="#003a66" stroke="#fff" '
        f'stroke-width="4" paint-order="stroke">{escape(text)}</text>'
    )


def _figure(stand: Stand, tall: int) -> str:
    foot_x, foot_y = stand.foot_frac[0] * WIDE, stand.foot_frac[1] * tall
    height = stand.height_frac * tall
    head = height * 0.07
    return (
        f'<g stroke="#a3121f" stroke-width="{max(2.0, height / 30):.1f}" fill="#a3121f">'
        f'<line x1="{foot_x:.0f}" y1="{foot_y:.0f}" x2="{foot_x:.0f}" '
        f'y2="{foot_y - height + 2 * head:.0f}"/>'
        f'<circle cx="{foot_x:.0f}" cy="{foot_y - height + head:.0f}" r="{head:.1f}"/></g>'
    )
