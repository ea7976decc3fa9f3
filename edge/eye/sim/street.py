"""The first scene: two minutes of a street, the same every time.

Places are fractions of the frame, as in a site file. People pass on the near pavement (feet at
0.78 to 0.95). One loiters around (0.62, 0.86) from second 12 to 70. One crosses the kerb line
(y = 0.70) into the road at second 31 and another at 84. Cars drive to the right in the road
(y = 0.48 to 0.68); at second 55 one drives to the left, the wrong way.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from edge.eye.sim.backdrop import draw_backdrop
from edge.eye.sim.car import draw_car
from edge.eye.sim.person import Look, Pose, draw_person
from edge.eye.sim.scene import Canvas, Truth
from edge.eye.sim.sprite import Colour, Sprite
from edge.site.rules import ObjectWord

HORIZON_FRAC = 0.26
PERSON_METRES = 1.72
METRES_PER_SECOND = 1.4
CAR_METRES = 4.2
SHADOW = 0.42
NOISE_LEVEL = 3.0  # a sensor's own grain, so that two pictures are never the same

COATS: tuple[Colour, ...] = (
    (52, 44, 40), (120, 62, 38), (48, 58, 140), (70, 96, 72), (150, 150, 156), (40, 110, 170),
)  # fmt: skip
TROUSERS: tuple[Colour, ...] = ((70, 52, 42), (44, 44, 46), (96, 84, 76), (60, 70, 92))
SKINS: tuple[Colour, ...] = ((140, 165, 205), (98, 128, 178), (62, 84, 122))
HAIRS: tuple[Colour, ...] = ((24, 26, 32), (40, 60, 86), (90, 96, 104), (44, 44, 48))
PAINTS: tuple[Colour, ...] = ((150, 60, 36), (44, 40, 150), (190, 190, 192), (60, 60, 62))

LOITERER = Look(COATS[0], TROUSERS[0], SKINS[1], HAIRS[1], girth=1.1, is_laden=False)
CROSSER = Look(COATS[0], TROUSERS[3], SKINS[0], HAIRS[0], girth=1.1, is_laden=False)


@dataclass(frozen=True, slots=True)
class Step:
    """Where an actor is at a time; between two steps the way is straight."""

    second: float
    x_frac: float
    y_frac: float


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a car with its way through the scene."""

    track: int
    object_class: ObjectWord
    steps: tuple[Step, ...]
    look: Look | None
    paint: Colour = (0, 0, 0)
    tallness: float = 1.0


class Street:
    """See the module's text. Draws from its seed alone."""

    width_px = 960
    height_px = 540
    pictures_per_second = 12.5
    picture_count = 1500

    def __init__(self, seed: int = 7) -> None:
        self._seed = seed
        self._backdrop = draw_backdrop(self.width_px, self.height_px, seed)
        self._actors = _cast(np.random.default_rng(seed))

    def draw(self, number: int) -> Canvas:
        """One picture, BGR, uint8, (540, 960, 3)."""
        canvas = self._backdrop.copy()
        sprites = self._sprites(number)
        for _, sprite, foot in sprites:
            self._shadow(canvas, sprite, foot)
        for _, sprite, _ in sprites:
            sprite.lay_over(canvas)
        return self._noisy(canvas, number)

    def list_truth(self, number: int) -> list[Truth]:
        """What can be seen, farthest first."""
        shown = np.zeros((self.height_px, self.width_px, 3), np.uint8)
        sprites = self._sprites(number)
        for index, (_, sprite, _) in enumerate(sprites, 1):
            mark = Sprite(
                sprite.left_px,
                sprite.top_px,
                np.full_like(sprite.bgr, index),
                np.round(sprite.alpha).astype(np.float32),
            )
            mark.lay_over(shown)
        truths = []
        for index, (actor, sprite, _) in enumerate(sprites, 1):
            left, top, right, bottom = sprite.box_px()
            box = (
                float(max(0, left)),
                float(max(0, top)),
                float(min(self.width_px, right)),
                float(min(self.height_px, bottom)),
            )
            visible = int(np.count_nonzero(shown[:, :, 0] == index))
            solid = int(np.count_nonzero(np.round(sprite.alpha)))
            visible_frac = visible / max(1, solid)
            if box[0] < box[2] and box[1] < box[3] and visible:
                truths.append(Truth(actor.track, actor.object_class, box, visible_frac))
        return truths

    def _sprites(self, number: int) -> list[tuple[Actor, Sprite, tuple[float, float]]]:
        second = number / self.pictures_per_second
        present = []
        for actor in self._actors:
            placed = _place(actor, second)
            if placed is not None:
                present.append((placed[1], actor, placed))
        present.sort(key=lambda entry: entry[0])
        return [(actor, *self._draw_actor(actor, *placed)) for _, actor, placed in present]

    def _draw_actor(
        self, actor: Actor, x_frac: float, y_frac: float, way: float, walked_px: float
    ) -> tuple[Sprite, tuple[float, float]]:
        foot = (x_frac * self.width_px, y_frac * self.height_px)
        metre_px = _metre_px(y_frac, self.height_px)
        if actor.look is None:
            facing = 1 if way >= 0 else -1
            return draw_car(actor.paint, facing, foot, CAR_METRES * metre_px, 1.0), foot
        height_px = PERSON_METRES * metre_px * actor.tallness
        is_standing = walked_px < 0
        sideways = 0 if is_standing or abs(way) < 0.02 else (1 if way > 0 else -1)
        pose = Pose(sideways, walked_px / height_px, is_standing)
        return draw_person(actor.look, pose, foot, height_px, 1.0), foot

    def _shadow(self, canvas: Canvas, sprite: Sprite, foot: tuple[float, float]) -> None:
        left, _, right, bottom = sprite.box_px()
        axes = (
            max(2, round((right - left) * 0.55)),
            max(2, round((bottom - sprite.top_px) * 0.05)),
        )
        shade = np.zeros(canvas.shape[:2], np.float32)
        centre = (round(foot[0] + axes[0] * 0.3), round(foot[1]))
        cv2.ellipse(shade, centre, axes, 0, 0, 360, SHADOW, -1)
        rows = slice(max(0, centre[1] - axes[1] - 12), max(0, centre[1] + axes[1] + 12))
        columns = slice(max(0, centre[0] - axes[0] - 12), max(0, centre[0] + axes[0] + 12))
        if shade[rows, columns].size:
            soft = cv2.GaussianBlur(shade[rows, columns], (0, 0), 4)
            canvas[rows, columns] = canvas[rows, columns] * (1 - soft[:, :, None])

    def _noisy(self, canvas: Canvas, number: int) -> Canvas:
        chance = np.random.default_rng((self._seed, number))
        noise = chance.integers(0, 256, canvas.shape[:2], np.uint8).astype(np.float32)
        noise = (noise - 127.5) * (NOISE_LEVEL / 74)
        return np.asarray(np.clip(canvas + noise[:, :, None], 0, 255), np.uint8)


def _metre_px(y_frac: float, height_px: int) -> float:
    """How long a metre looks where the feet are."""
    return (y_frac - HORIZON_FRAC) * height_px * 0.385


def _place(actor: Actor, second: float) -> tuple[float, float, float, float] | None:
    """x, y, sideways part of the way (0: towards or away), pixels walked (below 0: standing)."""
    steps = actor.steps
    if not steps[0].second <= second < steps[-1].second:
        return None
    index = max(i for i, step in enumerate(steps) if step.second <= second)
    start, end = steps[index], steps[index + 1]
    share = (second - start.second) / (end.second - start.second)
    dx, dy = end.x_frac - start.x_frac, end.y_frac - start.y_frac
    x, y = start.x_frac + dx * share, start.y_frac + dy * share
    length = float(np.hypot(dx * 16, dy * 9))
    if length < 0.3:
        return x, y, (-1.0 if index % 2 else 1.0), -1.0 - second
    return x, y, dx * 16 / length if abs(dx * 16) > abs(dy * 9) else 0.0, share * length * 60


def _cast(chance: np.random.Generator) -> tuple[Actor, ...]:
    """Everybody who comes by in two minutes."""
    actors = [_walker(chance, track, 2.0 + 7.4 * track) for track in range(1, 16)]
    loiterer = (
        Step(9, -0.08, 0.88), Step(12, 0.60, 0.85), Step(26, 0.605, 0.85), Step(29, 0.65, 0.87),
        Step(48, 0.655, 0.87), Step(51, 0.60, 0.85), Step(66, 0.605, 0.85), Step(71, 1.08, 0.88),
    )  # fmt: skip
    crossing = (Step(26, -0.06, 0.82), Step(30, 0.36, 0.80), Step(38, 0.38, 0.45))
    coming_back = (Step(79, 0.46, 0.46), Step(86, 0.44, 0.82), Step(90, -0.08, 0.86))
    actors.append(Actor(101, "person", loiterer, LOITERER))
    actors.append(Actor(102, "person", crossing, CROSSER))
    actors.append(Actor(103, "person", coming_back, CROSSER))
    for track, second in enumerate((4, 20, 43, 68, 97, 110), 201):
        steps = (Step(second, -0.3, 0.635), Step(second + 4.2, 1.3, 0.635))
        actors.append(Actor(track, "car", steps, None, PAINTS[track % len(PAINTS)]))
    wrong = (Step(55, 1.3, 0.60), Step(60.5, -0.3, 0.60))
    return (*actors, Actor(301, "car", wrong, None, PAINTS[1]))


def _walker(chance: np.random.Generator, track: int, second: float) -> Actor:
    y_frac = float(chance.uniform(0.79, 0.95))
    metres_wide = 960 / _metre_px(y_frac, 540)
    seconds = metres_wide * 1.16 / (METRES_PER_SECOND * float(chance.uniform(0.85, 1.1)))
    ends = (-0.08, 1.08) if chance.random() < 0.5 else (1.08, -0.08)
    steps = (Step(second, ends[0], y_frac), Step(second + seconds, ends[1], y_frac))
    tallness = float(chance.uniform(0.92, 1.06))
    return Actor(track, "person", steps, _look(chance), tallness=tallness)


def _look(chance: np.random.Generator) -> Look:
    return Look(
        coat=COATS[chance.integers(len(COATS))],
        trousers=TROUSERS[chance.integers(len(TROUSERS))],
        skin=SKINS[chance.integers(len(SKINS))],
        hair=HAIRS[chance.integers(len(HAIRS))],
        girth=float(chance.uniform(0.95, 1.2)),
        is_laden=bool(chance.random() < 0.3),
    )
