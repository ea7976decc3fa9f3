"""The empty street: facades, far pavement, road, kerb, near pavement. Drawn once."""

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.sim.scene import Canvas

FACADES_END, FAR_KERB, NEAR_KERB = 0.43, 0.465, 0.70  # fractions of the height
WINDOW_PX = (24, 46)
FRAME = (200, 205, 208)


def draw_backdrop(width_px: int, height_px: int, seed: int) -> Canvas:
    """BGR, with the grain of asphalt, stone and plaster."""
    chance = np.random.default_rng(seed)
    canvas = np.zeros((height_px, width_px, 3), np.float32)
    rows = [round(height_px * part) for part in (0.0, FACADES_END, FAR_KERB, NEAR_KERB, 1.0)]
    canvas[rows[0] : rows[1]] = (150, 162, 172)
    canvas[rows[1] : rows[2]] = (142, 146, 150)
    canvas[rows[2] : rows[3]] = (92, 92, 92)
    canvas[rows[3] :] = (150, 156, 160)
    _draw_facades(canvas, rows[1], chance)
    _draw_road(canvas, rows[2], rows[3])
    _draw_slabs(canvas, rows[3])
    grain = _grain(height_px, width_px, chance)
    canvas *= 1 + grain[:, :, None]
    light = np.linspace(0.86, 1.08, height_px, dtype=np.float32)[:, None, None]
    return np.asarray(np.clip(canvas * light, 0, 255), np.uint8)


def _draw_facades(
    canvas: npt.NDArray[np.float32], bottom: int, chance: np.random.Generator
) -> None:
    width = canvas.shape[1]
    left = 0
    while left < width:
        right = min(width, left + int(chance.integers(width // 6, width // 4)))
        canvas[:bottom, left:right] = chance.uniform((105, 120, 135), (165, 180, 195))
        canvas[:bottom, right - 3 : right] *= 0.75
        step = max(40, (right - left) // 3)
        for x in range(left + step // 4, right - WINDOW_PX[0], step):
            for y in range(14, bottom - 80, 86):
                _draw_window(canvas, x, y, float(chance.uniform(45, 95)))
        door = left + (right - left) // 2
        cv2.rectangle(canvas, (door, bottom - 62), (door + 32, bottom), (48, 58, 82), -1)
        cv2.rectangle(canvas, (door + 4, bottom - 56), (door + 28, bottom - 34), (70, 74, 84), -1)
        left = right
    canvas[bottom - 8 : bottom] *= 0.8


def _draw_window(canvas: npt.NDArray[np.float32], x: int, y: int, pane: float) -> None:
    right, bottom, middle = x + WINDOW_PX[0], y + WINDOW_PX[1], x + WINDOW_PX[0] // 2
    cv2.rectangle(canvas, (x - 3, y - 3), (right + 3, bottom + 3), FRAME, -1)
    cv2.rectangle(canvas, (x, y), (right, bottom), (pane + 18, pane + 8, pane), -1)
    cv2.line(canvas, (middle, y), (middle, bottom), FRAME, 2)


def _draw_road(canvas: npt.NDArray[np.float32], top: int, bottom: int) -> None:
    width = canvas.shape[1]
    canvas[top - 3 : top + 3] = (168, 172, 174)
    canvas[bottom - 6 : bottom + 2] = (182, 186, 188)
    canvas[bottom + 2 : bottom + 8] *= 0.7
    middle = top + (bottom - top) * 2 // 5
    for x in range(-20, width, 120):
        corners = np.array(
            [(x, middle), (x + 62, middle), (x + 60, middle + 5), (x - 3, middle + 5)]
        )
        cv2.fillPoly(canvas, [corners.astype(np.int32)], (205, 208, 208))


def _draw_slabs(canvas: npt.NDArray[np.float32], top: int) -> None:
    """Joints that run towards a vanishing point above the middle."""
    height, width = canvas.shape[:2]
    vanishing = (width // 2, int(height * 0.2))
    for x in range(-width, 2 * width, 96):
        share = (height - top) / (height - vanishing[1])
        end = (round(x + (vanishing[0] - x) * share), top + 8)
        cv2.line(canvas, (x, height), end, (120, 124, 128), 1, cv2.LINE_AA)
    for step in (0.16, 0.36, 0.64):
        y = round(top + (height - top) * step)
        cv2.line(canvas, (0, y), (width, y), (122, 126, 130), 1)


def _grain(height: int, width: int, chance: np.random.Generator) -> npt.NDArray[np.float32]:
    total = np.zeros((height, width), np.float32)
    for size, strength in ((1, 0.035), (4, 0.030), (24, 0.045), (120, 0.05)):
        rough = chance.standard_normal((height // size + 2, width // size + 2)).astype(np.float32)
        total += strength * cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    return total
