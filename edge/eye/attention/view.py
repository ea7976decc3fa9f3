"""One frame as it is chosen by, and its places in the gate's cells."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.eye.attention.wants import Flags, Floats
from edge.eye.gate import CELLS_HIGH, CELLS_WIDE, Motion
from edge.eye.tracks import Tracks

# Who has come so far, in heights, within a second or two is on the way.
_WALKED = 0.25


@dataclass(frozen=True, slots=True)
class View:
    """One frame, as far as choosing goes by it.

    frame_px: width and height. now_ns: monotonic.
    """

    frame_px: tuple[int, int]
    motion: Motion
    tracks: Tracks
    now_ns: int


def cells_of(boxes_frac: Floats, enlarged: float = 0.0) -> list[list[int]]:
    """Left, top, right, bottom of the cells that boxes touch, right and bottom exclusive.

    enlarged: by this part of the boxes' own sides.
    """
    more = (boxes_frac[:, 2:] - boxes_frac[:, :2]) * np.float32(enlarged / 2)
    grid = np.array([CELLS_WIDE, CELLS_HIGH])
    low = np.floor((boxes_frac[:, :2] - more) * grid).clip(0, grid)
    high = np.ceil((boxes_frac[:, 2:] + more) * grid).clip(0, grid)
    cells: list[list[int]] = np.concatenate((low, high), axis=1).astype(np.int64).tolist()
    return cells


def moves(motion: Motion, boxes_frac: Floats) -> Flags:
    """Which boxes hold a cell that changed, (n,)."""
    changed = motion.is_changed
    found = [bool(changed[t:b, le:r].any()) for le, t, r, b in cells_of(boxes_frac)]
    return np.array(found, np.bool_)


def walks(tracks: Tracks) -> npt.NDArray[np.bool_]:
    """Which tracks have come some way within the last second or two, however small they are."""
    feet, ways = tracks.feet_frac, tracks.ways_frac
    before = np.where((tracks.way_lengths > 1)[:, None], ways[:, 1], ways[:, 0])
    away = np.hypot(feet[:, 0] - before[:, 0], feet[:, 1] - before[:, 1])
    return np.asarray(away > _WALKED * tracks.heights_frac)
