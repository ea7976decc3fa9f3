"""A car seen from its side; its length is one unit."""

from edge.eye.sim.sprite import Colour, Easel, Sprite

GLASS: Colour = (92, 84, 74)
TYRE: Colour = (30, 30, 32)
RIM: Colour = (165, 165, 168)
WHEELS = (-0.305, 0.300)
# Heights above the road, from rear bumper over the roof to the front, driving to the right.
BODY = [
    (-0.49, 0.075), (-0.497, 0.17), (-0.475, 0.225), (-0.40, 0.238), (-0.295, 0.325),
    (-0.17, 0.348), (0.04, 0.345), (0.20, 0.245), (0.40, 0.215), (0.475, 0.17), (0.495, 0.085),
    (0.47, 0.055), (-0.46, 0.055),
]  # fmt: skip
REAR_WINDOW = [(-0.345, 0.240), (-0.275, 0.312), (-0.165, 0.330), (-0.085, 0.330), (-0.085, 0.240)]
FRONT_WINDOW = [(-0.065, 0.240), (-0.065, 0.330), (0.030, 0.327), (0.155, 0.240)]
GLINT = [(-0.26, 0.30), (-0.19, 0.318), (-0.24, 0.25), (-0.30, 0.25)]
SILL = [(-0.49, 0.055), (0.49, 0.055), (0.49, 0.10), (-0.49, 0.10)]
CREASE = [(-0.47, 0.205), (0.42, 0.195), (0.42, 0.207), (-0.47, 0.222)]
HANDLE = [(-0.03, 0.196), (0.02, 0.196), (0.02, 0.206), (-0.03, 0.206)]
DOOR_JOINTS = (-0.075, 0.16)


def draw_car(
    colour: Colour, facing: int, wheel_px: tuple[float, float], length_px: float, light: float
) -> Sprite:
    """The car whose middle touches the road at wheel_px. facing: 1 to the right, -1 to the left."""
    easel = Easel(length_px, -0.52, 0.52, 0.37)

    def turned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(facing * x, y) for x, y in points]

    easel.polygon(turned(BODY), colour)
    # The road darkens the sills, the sky lies on the crease.
    easel.polygon(turned(SILL), _mix(colour, 0.55))
    easel.polygon(turned(CREASE), _mix(colour, 1.3))
    easel.polygon(turned(REAR_WINDOW), GLASS)
    easel.polygon(turned(FRONT_WINDOW), GLASS)
    easel.polygon(turned(GLINT), _mix(GLASS, 1.5))
    for x in DOOR_JOINTS:
        joint = [(x, 0.24), (x + 0.006, 0.24), (x + 0.006, 0.09), (x, 0.09)]
        easel.polygon(turned(joint), _mix(colour, 0.6))
    easel.polygon(turned(HANDLE), _mix(colour, 0.5))
    easel.ellipse((facing * 0.455, 0.165), (0.030, 0.020), (220, 235, 240))
    easel.ellipse((facing * -0.478, 0.185), (0.016, 0.026), (40, 40, 190))
    for x in WHEELS:
        centre = (facing * x, 0.075)
        easel.ellipse(centre, (0.090, 0.094), (18, 18, 20))
        easel.ellipse(centre, (0.076, 0.076), TYRE)
        easel.ellipse(centre, (0.048, 0.048), RIM)
        easel.ellipse(centre, (0.016, 0.016), TYRE)
    return easel.cut_out(wheel_px, length_px, light)


def _mix(colour: Colour, factor: float) -> Colour:
    blue, green, red = colour
    return min(255, int(blue * factor)), min(255, int(green * factor)), min(255, int(red * factor))
