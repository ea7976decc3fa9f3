"""A cut-out: drawn large, shaded, brought to size, laid over a canvas with exact extent."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.sim.scene import Canvas

Colour = tuple[int, int, int]  # blue, green, red
OVERSAMPLING = 2
VISIBLE_ALPHA = 96  # of 255: fainter pixels of an edge do not belong to the box
SOFTNESS_PX = 0.55  # a lens is never as sharp as a drawing


@dataclass(frozen=True, slots=True)
class Sprite:
    """Pixels with their opacity, and where their left upper corner lies on the canvas.

    bgr: float32 (h, w, 3), 0 to 255. alpha: float32 (h, w, 1), 0 to 1.
    """

    left_px: int
    top_px: int
    bgr: npt.NDArray[np.float32]
    alpha: npt.NDArray[np.float32]

    def box_px(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of what can be seen; unclipped."""
        solid = self.alpha[:, :, 0] * 255 >= VISIBLE_ALPHA
        columns, rows = np.flatnonzero(solid.any(axis=0)), np.flatnonzero(solid.any(axis=1))
        if not len(columns):
            return self.left_px, self.top_px, self.left_px, self.top_px
        return (
            self.left_px + int(columns[0]),
            self.top_px + int(rows[0]),
            self.left_px + int(columns[-1]) + 1,
            self.top_px + int(rows[-1]) + 1,
        )

    def lay_over(self, canvas: Canvas) -> None:
        """Blend into a canvas, clipped to it."""
        height, width = canvas.shape[:2]
        sprite_height, sprite_width = self.alpha.shape[:2]
        left, top = max(0, self.left_px), max(0, self.top_px)
        right = min(width, self.left_px + sprite_width)
        bottom = min(height, self.top_px + sprite_height)
        if left >= right or top >= bottom:
            return
        rows = slice(top - self.top_px, bottom - self.top_px)
        columns = slice(left - self.left_px, right - self.left_px)
        ground = canvas[top:bottom, left:right]
        alpha = self.alpha[rows, columns]
        canvas[top:bottom, left:right] = ground + alpha * (self.bgr[rows, columns] - ground)


class Easel:
    """A large transparent sheet on which one figure is drawn in its own units.

    unit_px: size of one unit on the canvas. Units count from the foot point, x to the right and
    y upwards.
    """

    def __init__(self, unit_px: float, left: float, right: float, top: float) -> None:
        self._unit = unit_px * OVERSAMPLING
        self._left, self._top = left, top
        self._size = (round((right - left) * self._unit), round((top + 0.06) * self._unit))
        self.bgr = np.zeros((self._size[1], self._size[0], 3), np.uint8)
        self.alpha = np.zeros((self._size[1], self._size[0]), np.uint8)

    def limb(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        widths: tuple[float, float],
        colour: Colour,
    ) -> None:
        """A rounded, tapering piece."""
        (x0, y0), (x1, y1) = start, end
        length = max(1e-6, float(np.hypot(x1 - x0, y1 - y0)))
        nx, ny = (y1 - y0) / length / 2, -(x1 - x0) / length / 2
        self.polygon(
            [
                (x0 + nx * widths[0], y0 + ny * widths[0]),
                (x1 + nx * widths[1], y1 + ny * widths[1]),
                (x1 - nx * widths[1], y1 - ny * widths[1]),
                (x0 - nx * widths[0], y0 - ny * widths[0]),
            ],
            colour,
        )
        self.ellipse(start, (widths[0] / 2, widths[0] / 2), colour)
        self.ellipse(end, (widths[1] / 2, widths[1] / 2), colour)

    def polygon(self, corners: list[tuple[float, float]], colour: Colour) -> None:
        """A filled polygon."""
        points = np.array([self._point(corner) for corner in corners], np.int32)
        cv2.fillPoly(self.bgr, [points], colour)
        cv2.fillPoly(self.alpha, [points], 255)

    def ellipse(
        self,
        centre: tuple[float, float],
        radii: tuple[float, float],
        colour: Colour,
        degrees: tuple[float, float] = (0, 360),
    ) -> None:
        """A filled ellipse, or a sector of one; degrees run clockwise from the right."""
        axes = (max(1, round(radii[0] * self._unit)), max(1, round(radii[1] * self._unit)))
        start, end = degrees
        cv2.ellipse(self.bgr, self._point(centre), axes, 0, start, end, colour, -1)
        cv2.ellipse(self.alpha, self._point(centre), axes, 0, start, end, 255, -1)

    def cut_out(self, foot_px: tuple[float, float], unit_px: float, light: float) -> Sprite:
        """Shade like something round lit from the left, shrink, place.

        light: brightness of the figure, about 1.
        """
        shaded = self.bgr.astype(np.float32) * self._shade()[:, :, None] * light
        width = max(1, round(self._size[0] / OVERSAMPLING))
        height = max(1, round(self._size[1] / OVERSAMPLING))
        alpha = self.alpha.astype(np.float32) / 255
        # Colours are spread under their opacity, or edges would be rimmed with black.
        premultiplied = np.dstack([shaded * alpha[:, :, None], alpha])
        small = cv2.resize(premultiplied, (width, height), interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), SOFTNESS_PX)
        opacity = small[:, :, 3:]
        bgr = small[:, :, :3] / np.maximum(opacity, 1e-3)
        left = round(foot_px[0] + self._left * unit_px)
        top = round(foot_px[1] - self._top * unit_px)
        return Sprite(
            left, top, np.clip(bgr, 0, 255).astype(np.float32), opacity.astype(np.float32)
        )

    def _shade(self) -> npt.NDArray[np.float32]:
        """Brighter to the left of the middle, dark at the rims, from the figure's own outline."""
        reach = self._unit * 0.05
        depth = cv2.GaussianBlur(self.alpha.astype(np.float32) / 255, (0, 0), max(1.0, reach))
        slope = cv2.Sobel(depth, cv2.CV_32F, 1, 0, ksize=3) * reach
        edges = cv2.GaussianBlur(self.bgr, (0, 0), 1.0).astype(np.float32).mean(axis=2)
        folds = cv2.Laplacian(edges, cv2.CV_32F) * 0.004
        return np.asarray(
            np.clip(0.62 + 0.42 * depth + 0.55 * slope - folds, 0.3, 1.35), np.float32
        )

    def _point(self, corner: tuple[float, float]) -> tuple[int, int]:
        x, y = corner
        return round((x - self._left) * self._unit), round((self._top - y) * self._unit)
