"""Films of a night, of rain and of rain at night, drawn over pictures that somebody else supplies.

The same light on every picture of a film, fresh grain and fresh drops on each, then H.264 at a
camera's rate, which takes part of the grain and of what is faint away again. Only pixels change:
a truth of the pictures stays true.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.stream import VideoStream

BITS_PER_PIXEL = 0.1
# A lit street at night: this much of the day's light between the lamps, and a sensor at full gain.
NIGHT_LIGHT, LAMPS, LAMP_LIGHT, LAMP_WIDTH_FRAC = 0.16, 3, 0.35, 0.2
NIGHT_GAMMA, NIGHT_GRAIN_LEVEL, DAY_GRAIN_LEVEL = 1.2, 6.0, 2.0
DROPS_A_PIXEL, STREAK_PX, STREAK_SLANT_PX, STREAK_LEVEL = 0.0015, 13, 3, 60.0
RAIN_CONTRAST, RAIN_VEIL = 0.88, 12.0
Bgr = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Weather = Callable[[Floats, np.random.Generator], Floats]


def make_film(path: Path, pictures: Iterable[Bgr], per_second: Fraction, weather: Weather) -> Path:
    """Write the pictures, all of one even size, as the weather leaves them."""
    chance = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        stream: VideoStream | None = None
        for picture in pictures:
            if stream is None:
                height_px, width_px = picture.shape[:2]
                stream = container.add_stream("libx264", per_second, options={"preset": "veryfast"})
                stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
                stream.bit_rate = int(width_px * height_px * per_second * BITS_PER_PIXEL)
                stream.gop_size, stream.max_b_frames = round(2 * per_second), 0
            drawn = weather(picture.astype(np.float32), chance)
            made = np.clip(drawn, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(made, "bgr24")))
        assert stream is not None, "no picture was given"
        container.mux(stream.encode())
    return path


def by_day(picture: Floats, chance: np.random.Generator) -> Floats:
    """Nothing but a sensor's grain."""
    return picture + _grain(picture, DAY_GRAIN_LEVEL, chance)


def by_night(picture: Floats, chance: np.random.Generator) -> Floats:
    """Lamps, little light between them, much grain."""
    height_px, width_px = picture.shape[:2]
    full = np.float32(255)
    dark = (picture / full) ** np.float32(NIGHT_GAMMA) * full * _lamps(height_px, width_px)
    return dark + _grain(picture, NIGHT_GRAIN_LEVEL, chance)


def in_rain(picture: Floats, chance: np.random.Generator) -> Floats:
    """Less contrast, and streaks that are elsewhere in each picture."""
    height_px, width_px = picture.shape[:2]
    streaks = _streaks(height_px, width_px, chance)
    return by_day(picture * RAIN_CONTRAST + RAIN_VEIL, chance) + streaks


def in_rain_by_night(picture: Floats, chance: np.random.Generator) -> Floats:
    """Streaks that only the lamps show."""
    height_px, width_px = picture.shape[:2]
    streaks = _streaks(height_px, width_px, chance) * _lamps(height_px, width_px)
    return by_night(picture * RAIN_CONTRAST + RAIN_VEIL, chance) + streaks


WEATHERS: Mapping[str, Weather] = {
    "day": by_day,
    "night": by_night,
    "rain": in_rain,
    "rain at night": in_rain_by_night,
}


def _grain(picture: Floats, level: float, chance: np.random.Generator) -> Floats:
    """A sensor's noise, the same for all colours."""
    noise = chance.standard_normal(picture.shape[:2], np.float32)
    return noise[:, :, None] * np.float32(level)


def _lamps(height_px: int, width_px: int) -> Floats:
    """Light, 0 to 1, float32 (height, width, 1); the same at every call."""
    chance = np.random.default_rng(2)
    rows, columns = np.mgrid[:height_px, :width_px].astype(np.float32)
    light = np.full((height_px, width_px), NIGHT_LIGHT, np.float32)
    for _ in range(LAMPS):
        x, y = chance.uniform(0, width_px), chance.uniform(0, height_px)
        far = ((columns - x) ** 2 + (rows - y) ** 2) / (LAMP_WIDTH_FRAC * width_px) ** 2
        light += np.float32(LAMP_LIGHT) * np.exp(-far)
    return light[:, :, None]


def _streaks(height_px: int, width_px: int, chance: np.random.Generator) -> Floats:
    drops = (chance.random((height_px, width_px), np.float32) < DROPS_A_PIXEL).astype(np.float32)
    streak = np.zeros((STREAK_PX, STREAK_PX), np.float32)
    middle = STREAK_PX // 2
    ends = ((middle - STREAK_SLANT_PX, 0), (middle + STREAK_SLANT_PX, STREAK_PX - 1))
    cv2.line(streak, *ends, 1.0, 1)
    fallen = np.asarray(cv2.filter2D(drops, -1, streak), np.float32)
    return fallen[:, :, None] * np.float32(STREAK_LEVEL)
