"""Words on a picture: text in a box, and a place for each box where it hides no other."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
INK: Colour = (32, 28, 24)
_PAD_PX = 5
_STROKE_PX = 12
_TRIES_PX = 26
_MOST_RINGS = 14


class Rect(NamedTuple):
    """A rectangle of pixels."""

    left: int
    top: int
    width: int
    height: int

    def overlap_px2(self, other: "Rect") -> int:
        """How many pixels both cover."""
        across = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        down = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        return max(0, across) * max(0, down)


@dataclass(slots=True)
class Pen:
    """Writes on one picture. picture: height x width x 3, uint8, BGR; changed in place.

    size_px: the letters' size.
    """

    picture: Picture
    size_px: int
    taken: list[Rect] = field(default_factory=list)
    _face: cv2.FontFace = field(default_factory=lambda: cv2.FontFace("sans"))

    def write(self, text: str, left: int, baseline: int, colour: Colour, *, bold: bool) -> None:
        """One line of text whose letters stand on the baseline."""
        weight = 700 if bold else 400
        cv2.putText(self.picture, text, (left, baseline), colour, self._face, self.size_px, weight)

    def width_px(self, text: str, *, bold: bool = False) -> int:
        """How wide a line of text is."""
        weight = 700 if bold else 400
        area = cv2.getTextSize((0, 0), text, (0, 0), self._face, self.size_px, weight)
        return int(area[2])

    def wrapped(self, parts: Sequence[str], width_px: int) -> list[str]:
        """Parts with dots between them, in lines no wider than this."""
        lines = [""]
        for part in parts:
            longer = f"{lines[-1]} · {part}" if lines[-1] else part
            if lines[-1] and self.width_px(longer) > width_px:
                lines.append(part)
            else:
                lines[-1] = longer
        return lines

    def keep_free(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Let no label hide this segment of the picture."""
        steps = max(1, max(abs(end[0] - start[0]), abs(end[1] - start[1])) // _STROKE_PX)
        for step in range(steps + 1):
            x = start[0] + (end[0] - start[0]) * step // steps
            y = start[1] + (end[1] - start[1]) * step // steps
            half = _STROKE_PX // 2
            self.taken.append(Rect(x - half, y - half, _STROKE_PX, _STROKE_PX))

    def label(
        self,
        lines: Sequence[str],
        anchors: Sequence[tuple[int, int]],
        back: Colour,
        ink: Colour = WHITE,
    ) -> None:
        """Lines in a filled box near one of the anchors, where they hide nothing; first bold."""
        widths = [self.width_px(line, bold=not row) for row, line in enumerate(lines)]
        step = self.size_px + 4
        width, height = max(widths) + 2 * _PAD_PX, step * len(lines) + 2 * _PAD_PX - 2
        spot = self._spot(anchors, width, height)
        self.taken.append(spot)
        corner = (spot.left + width, spot.top + height)
        cv2.rectangle(self.picture, spot[:2], corner, back, cv2.FILLED)
        cv2.rectangle(self.picture, spot[:2], corner, WHITE, 1, cv2.LINE_AA)
        for row, line in enumerate(lines):
            baseline = spot.top + _PAD_PX + step * (row + 1) - 6
            self.write(line, spot.left + _PAD_PX, baseline, ink, bold=not row)

    def _spot(self, anchors: Sequence[tuple[int, int]], width: int, height: int) -> Rect:
        """The nearest free place inside the picture, else the one that hides least."""

        def cost(spot: Rect) -> int:
            return sum(spot.overlap_px2(other) for other in self.taken)

        best = None
        for x, y in _around(anchors):
            spot = self._inside(Rect(x - width // 2, y - height // 2, width, height))
            if not cost(spot):
                return spot
            if best is None or cost(spot) < cost(best):
                best = spot
        assert best is not None
        return best

    def _inside(self, spot: Rect) -> Rect:
        rows, columns = self.picture.shape[:2]
        left = max(2, min(spot.left, columns - spot.width - 3))
        top = max(2, min(spot.top, rows - spot.height - 3))
        return spot._replace(left=left, top=top)


def _around(anchors: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The anchors, then rings of points around them, near ones first."""
    yield from anchors
    for ring, anchor in itertools.product(range(1, _MOST_RINGS), anchors):
        away = ring * _TRIES_PX
        for across, down in ((0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1)):
            yield anchor[0] + across * away, anchor[1] + down * away
