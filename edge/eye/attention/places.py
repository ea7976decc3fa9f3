"""The parts of a frame that a site's rules are about."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge.site.model import SiteFile

# Feet are what counts in a zone and on a line: those who stand at its upper edge reach above it.
_ABOVE_FRAC, _BESIDE_FRAC = 0.1, 0.03
_Box = tuple[float, float, float, float]


def places_of(site: SiteFile, camera: str) -> npt.NDArray[np.float32]:
    """float32 (k, 4): the boxes around a camera's zones and lines, those within others left out."""
    corners = [zone.polygon_frac for zone in site.zones if zone.camera == camera]
    corners += [(line.from_frac, line.to_frac) for line in site.lines if line.camera == camera]
    boxes = [_around(each) for each in corners]
    kept = [
        box
        for number, box in enumerate(boxes)
        if not any(_holds(other, box) for other in boxes[:number])
        and not any(_holds(other, box) and other != box for other in boxes[number + 1 :])
    ]
    return np.array(kept, np.float32).reshape(-1, 4)


def _around(corners: Sequence[tuple[float, float]]) -> _Box:
    """A box with room for those who stand at its upper edge: feet are what counts in a zone."""
    xs, ys = [corner[0] for corner in corners], [corner[1] for corner in corners]
    left, right = max(0.0, min(xs) - _BESIDE_FRAC), min(1.0, max(xs) + _BESIDE_FRAC)
    return left, max(0.0, min(ys) - _ABOVE_FRAC), right, min(1.0, max(ys) + _BESIDE_FRAC)


def _holds(other: _Box, box: _Box) -> bool:
    return other[0] <= box[0] and other[1] <= box[1] and other[2] >= box[2] and other[3] >= box[3]
