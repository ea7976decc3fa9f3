"""Night, rain, haze, glare, a poor lens, a poor sensor, a poor codec: pixels only, no box moves."""

import cv2
import numpy as np
import numpy.typing as npt

from tools.training.manifest import Augmentation

Bgr = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Chance = np.random.Generator


def disturb(picture: Bgr, rule: Augmentation, chance: Chance) -> Bgr:
    """Change a picture as a street's light, weather and camera would, each at times."""
    changed = picture
    if chance.random() < rule.colour:
        changed = shift_colours(changed, chance)
    for often, change in (
        (rule.haze, haze),
        (rule.night, darken),
        (rule.rain, rain),
        (rule.glare, glare),
        (rule.blur, blur),
        (rule.noise, grain),
        (rule.jpeg, recode),
    ):
        if chance.random() < often:
            changed = change(changed, chance)
    return changed


def shift_colours(picture: Bgr, chance: Chance) -> Bgr:
    """Brightness, contrast, saturation and tint; now and then no colour at all, as by infrared."""
    gains = chance.uniform(0.9, 1.1, 3) * chance.uniform(0.65, 1.35)
    shifted = (picture.astype(np.float32) - 128) * gains.astype(np.float32)
    shifted += 128 + chance.uniform(-25, 25)
    grey = shifted.mean(axis=2, keepdims=True)
    colourful = 0.0 if chance.random() < 0.1 else chance.uniform(0.4, 1.6)
    return _bytes(grey + (shifted - grey) * np.float32(colourful))


def darken(picture: Bgr, chance: Chance) -> Bgr:
    """Night: little light, a lamp or two, the sensor's noise."""
    height, width = picture.shape[:2]
    light = np.full((height, width), chance.uniform(0.12, 0.35), np.float32)
    for _ in range(chance.integers(0, 4)):
        x, y = chance.uniform(0, width), chance.uniform(0, height)
        light += _blob(picture.shape, (x, y), chance.uniform(0.12, 0.45) * width) * chance.uniform(
            0.2, 0.9
        )
    warm = np.array([chance.uniform(0.7, 1.05), 1.0, chance.uniform(0.95, 1.25)], np.float32)
    linear = (picture.astype(np.float32) / 255) ** 1.3 * 255
    return grain(_bytes(linear * light[:, :, None] * warm), chance)


def rain(picture: Bgr, chance: Chance) -> Bgr:
    """Streaks, all in one direction, and a little less contrast."""
    height, width = picture.shape[:2]
    drops = (chance.random((height, width)) < chance.uniform(0.002, 0.008)).astype(np.float32)
    length = int(chance.integers(7, 19))
    streak = np.zeros((length, length), np.float32)
    slant = round(length * chance.uniform(-0.25, 0.25))
    middle = length // 2
    cv2.line(streak, (middle - slant, 0), (middle + slant, length - 1), 1.0, 1)
    veil = cv2.filter2D(drops, -1, streak) * chance.uniform(30, 90)
    return _bytes(picture.astype(np.float32) * 0.88 + 12 + veil[:, :, None])


def haze(picture: Bgr, chance: Chance) -> Bgr:
    """Fog, thicker towards the top where it is far."""
    height = picture.shape[0]
    rows = np.linspace(chance.uniform(0.3, 0.75), chance.uniform(0.0, 0.3), height)
    thick = rows.astype(np.float32)[:, None, None]
    return _bytes(picture * (1 - thick) + np.float32(chance.uniform(150, 220)) * thick)


def glare(picture: Bgr, chance: Chance) -> Bgr:
    """A low sun or headlights: white blobs that spill over."""
    height, width = picture.shape[:2]
    lit = picture.astype(np.float32)
    for _ in range(chance.integers(1, 4)):
        where = (chance.uniform(0, width), chance.uniform(0, height))
        reach = chance.uniform(0.03, 0.25) * width
        lit += (_blob(picture.shape, where, reach) * chance.uniform(90, 260))[:, :, None]
    return _bytes(lit)


def blur(picture: Bgr, chance: Chance) -> Bgr:
    """Out of focus, shaken, or from a smaller sensor."""
    kind = chance.integers(3)
    height, width = picture.shape[:2]
    if kind == 0:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), chance.uniform(0.5, 1.4)), np.uint8)
    if kind == 1:
        length = int(chance.integers(3, 7))
        return np.asarray(cv2.blur(picture, (length, 1)), np.uint8)
    share = chance.uniform(0.55, 0.85)
    small = cv2.resize(picture, (round(width * share), round(height * share)))
    return np.asarray(cv2.resize(small, (width, height)), np.uint8)


def grain(picture: Bgr, chance: Chance) -> Bgr:
    """The sensor's noise, in part coarse as a codec leaves it."""
    height, width = picture.shape[:2]
    fine = chance.standard_normal((height, width, 3), np.float32) * chance.uniform(2, 9)
    rough = chance.standard_normal((height // 3 + 1, width // 3 + 1), np.float32)
    coarse = cv2.resize(rough, (width, height)) * chance.uniform(0, 6)
    return _bytes(picture + fine + coarse[:, :, None])


def recode(picture: Bgr, chance: Chance) -> Bgr:
    """Through JPEG at a low quality."""
    _, coded = cv2.imencode(
        ".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(25, 80))]
    )
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def _blob(shape: tuple[int, ...], centre: tuple[float, float], reach: float) -> Floats:
    """A soft spot, 1 in its middle."""
    rows = np.exp(-(((np.arange(shape[0]) - centre[1]) / reach) ** 2)).astype(np.float32)
    columns = np.exp(-(((np.arange(shape[1]) - centre[0]) / reach) ** 2)).astype(np.float32)
    return np.asarray(rows[:, None] * columns[None], np.float32)


def _bytes(values: npt.NDArray[np.floating]) -> Bgr:
    return np.clip(values, 0, 255).astype(np.uint8)
