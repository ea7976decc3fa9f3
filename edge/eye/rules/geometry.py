"""Places on the picture: which feet are in a zone, on which side of a line."""

import math

import numpy as np
import numpy.typing as npt
import shapely

from edge.site.model import Line, Point, Zone

Floats = npt.NDArray[np.float32]


class Area:
    """A zone made ready for many questions."""

    def __init__(self, zone: Zone) -> None:
        self._polygon = shapely.Polygon(zone.polygon_frac)
        shapely.prepare(self._polygon)

    def contains(self, feet_frac: Floats) -> npt.NDArray[np.bool_]:
        """Whether each foot is inside: bool (n,) for feet (n, 2).

        A foot below or beside the frame stands on its edge.
        """
        if not len(feet_frac):
            return np.zeros(0, np.bool_)
        inside = np.clip(feet_frac, 0.0, 1.0)
        return np.asarray(
            shapely.intersects_xy(self._polygon, inside[:, 0], inside[:, 1]), np.bool_
        )


class Border:
    """A line made ready: signed distance and the place along it."""

    def __init__(self, line: Line) -> None:
        (self._x, self._y), (to_x, to_y) = line.from_frac, line.to_frac
        self._along_x, self._along_y = to_x - self._x, to_y - self._y
        self._length = math.hypot(self._along_x, self._along_y)

    def distance(self, foot_frac: Point) -> float:
        """Fractions of the frame; negative on the left hand of who walks along, as seen."""
        gap_x, gap_y = foot_frac[0] - self._x, foot_frac[1] - self._y
        return (self._along_x * gap_y - self._along_y * gap_x) / self._length

    def place(self, foot_frac: Point) -> float:
        """Where along the line the foot is nearest: 0 at its beginning, 1 at its end."""
        gap_x, gap_y = foot_frac[0] - self._x, foot_frac[1] - self._y
        return (self._along_x * gap_x + self._along_y * gap_y) / self._length**2
