"""A person who walks or stands, built of shaded limbs; body height is one unit."""

from dataclasses import dataclass
from math import cos, pi, radians, sin

from edge.eye.sim.sprite import Colour, Easel, Sprite

STRIDE = 0.82  # body heights walked in one full cycle of both legs
HIP, SHOULDER, NECK, HEAD = 0.515, 0.815, 0.845, 0.925
THIGH, SHIN = 0.25, 0.235
UPPER_ARM, FOREARM = 0.165, 0.155
SHOE: Colour = (28, 28, 34)


@dataclass(frozen=True, slots=True)
class Look:
    """Colours and build; every person keeps theirs. is_laden: carries a backpack."""

    coat: Colour
    trousers: Colour
    skin: Colour
    hair: Colour
    girth: float
    is_laden: bool


@dataclass(frozen=True, slots=True)
class Pose:
    """facing: 1 to the right, -1 to the left, 0 towards or away. walked: body heights so far."""

    facing: int
    walked: float
    is_standing: bool


def draw_person(
    look: Look, pose: Pose, foot_px: tuple[float, float], height_px: float, light: float
) -> Sprite:
    """The person with the foot point and height on the canvas."""
    easel = Easel(height_px, -0.42, 0.42, 1.04)
    phase = 0.0 if pose.is_standing else 2 * pi * pose.walked / STRIDE
    sway = 0.012 * sin(2 * pi * pose.walked) if pose.is_standing else 0.0
    if pose.facing:
        _draw_side(easel, look, pose, phase, sway)
    else:
        _draw_front(easel, look, phase, sway)
    return easel.cut_out(foot_px, height_px, light)


def _draw_side(easel: Easel, look: Look, pose: Pose, phase: float, sway: float) -> None:
    way, bob = pose.facing, 0.012 * cos(2 * phase)
    hip, shoulder = (0.0, HIP + bob), (way * 0.02 + sway, SHOULDER + bob)
    swing = 4.0 if pose.is_standing else 27.0
    _arm(easel, (_darker(look.coat), look.skin), shoulder, way, swing * sin(phase))
    _leg(easel, _darker(look.trousers), (hip, way), swing, phase + pi)
    _leg(easel, look.trousers, (hip, way), swing, phase)
    girth = look.girth
    if look.is_laden:
        pack = (-way * 0.115 + sway, 0.70 + bob)
        easel.ellipse(pack, (0.075, 0.125), _darker(look.trousers))
    easel.limb(hip, (sway * 0.5, 0.60 + bob), (0.165 * girth, 0.165 * girth), look.coat)
    easel.limb((0.0, 0.58 + bob), shoulder, (0.165 * girth, 0.155 * girth), look.coat)
    _head(easel, look, (way * 0.03 + sway, bob), way)
    near = (_shaded(look.coat, 0.86), look.skin)
    _arm(easel, near, shoulder, way, swing * sin(phase + pi))


def _draw_front(easel: Easel, look: Look, phase: float, sway: float) -> None:
    lift = 0.035 * sin(phase)
    girth = look.girth
    for side in (-1, 1):
        foot = max(0.0, side * lift)
        hip = (side * 0.058 * girth, HIP)
        knee = (side * 0.062, 0.28 + foot * 0.8)
        ankle = (side * 0.058, 0.045 + foot)
        easel.limb(hip, knee, (0.125 * girth, 0.092), look.trousers)
        easel.limb(knee, ankle, (0.090, 0.062), look.trousers)
        easel.ellipse((side * 0.064, 0.025 + foot), (0.036, 0.028), SHOE)
        shoulder = (side * 0.118 * girth + sway, SHOULDER - 0.02)
        elbow = (side * 0.155 * girth + sway, 0.64 + side * lift * 0.4)
        hand = (side * 0.150 * girth + sway, 0.48 + side * lift)
        easel.limb(shoulder, elbow, (0.080, 0.066), _darker(look.coat))
        easel.limb(elbow, hand, (0.064, 0.050), _darker(look.coat))
        easel.ellipse(hand, (0.024, 0.032), look.skin)
    easel.limb((0.0, HIP), (sway, 0.74), (0.215 * girth, 0.245 * girth), look.coat)
    easel.limb(
        (-0.075 + sway, SHOULDER - 0.02), (0.075 + sway, SHOULDER - 0.02), (0.10, 0.10), look.coat
    )
    _head(easel, look, (sway, 0.0), 0)


def _head(easel: Easel, look: Look, offset: tuple[float, float], way: int) -> None:
    x, y = offset
    easel.limb((x * 0.7, SHOULDER + y), (x, NECK + y + 0.02), (0.062, 0.058), _darker(look.skin))
    easel.ellipse((x, HEAD + y), (0.052, 0.070), look.skin)
    easel.ellipse((x - way * 0.014, HEAD + 0.018 + y), (0.056, 0.058), look.hair, (180, 360))
    if way:
        easel.ellipse((x - way * 0.030, HEAD + 0.005 + y), (0.034, 0.056), look.hair)
        easel.ellipse((x + way * 0.054, HEAD - 0.010 + y), (0.010, 0.012), look.skin)


def _leg(
    easel: Easel, colour: Colour, joint: tuple[tuple[float, float], int], swing: float, phase: float
) -> None:
    (hip, way), degrees = joint, swing * sin(phase)
    bend = 8.0 + 38.0 * max(0.0, cos(phase)) if abs(degrees) > 5 or cos(phase) > 0 else 6.0
    knee = _reach(hip, THIGH, way, degrees)
    ankle = _reach(knee, SHIN, way, degrees - bend * (0.3 + 0.7 * max(0.0, cos(phase))))
    easel.limb(hip, knee, (0.135, 0.095), colour)
    easel.limb(knee, ankle, (0.092, 0.060), colour)
    toe = (ankle[0] + way * 0.075, max(0.018, ankle[1] - 0.022))
    easel.limb((ankle[0] - way * 0.012, toe[1] + 0.006), toe, (0.050, 0.036), SHOE)


def _arm(
    easel: Easel,
    colours: tuple[Colour, Colour],
    shoulder: tuple[float, float],
    way: int,
    degrees: float,
) -> None:
    coat, skin = colours
    elbow = _reach((shoulder[0], shoulder[1] - 0.02), UPPER_ARM, way, degrees)
    hand = _reach(elbow, FOREARM, way, degrees + 18)
    easel.limb((shoulder[0], shoulder[1] - 0.02), elbow, (0.085, 0.068), coat)
    easel.limb(elbow, hand, (0.064, 0.048), coat)
    easel.ellipse(hand, (0.024, 0.028), skin)


def _reach(
    start: tuple[float, float], length: float, way: int, degrees: float
) -> tuple[float, float]:
    """The end of a limb that hangs down, swung forwards by so many degrees."""
    angle = radians(degrees)
    return start[0] + way * length * sin(angle), start[1] - length * cos(angle)


def _darker(colour: Colour) -> Colour:
    return _shaded(colour, 0.72)


def _shaded(colour: Colour, light: float) -> Colour:
    blue, green, red = colour
    return int(blue * light), int(green * light), int(red * light)
