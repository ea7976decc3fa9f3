"""Which detection is which track: overlap decides, obvious pairs first, then in the order of ranks.

A rank says how much a pair may claim: all pairs of rank 0 are settled before any of rank 1. Where
a row and a column have only each other, nothing needs solving whatever the rank; on a street that
is nearly all of them, and the solver sees only the crowd that is left.
"""

from collections.abc import Callable, Sequence

import lap
import numpy as np
import numpy.typing as npt

from edge.eye.kalman import larger
from edge.wire.v1 import event_pb2

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
# Surplus, row, column.
_Pair = tuple[float, int, int]
# Classes that detectors mix up; a track never changes from one family to another.
_FAMILIES = {
    event_pb2.OBJECT_CLASS_PERSON: 1,
    event_pb2.OBJECT_CLASS_BICYCLE: 2,
    event_pb2.OBJECT_CLASS_MOTORCYCLE: 2,
    event_pb2.OBJECT_CLASS_CAR: 3,
    event_pb2.OBJECT_CLASS_BUS: 3,
    event_pb2.OBJECT_CLASS_TRUCK: 3,
    event_pb2.OBJECT_CLASS_BAG: 4,
    event_pb2.OBJECT_CLASS_ANIMAL: 5,
}
FAMILY_OF_CLASS = np.zeros(256, np.uint8)
FAMILY_OF_CLASS[list(_FAMILIES)] = list(_FAMILIES.values())
# Each family has its lane (see `kalman`), four frames from the next: more than anything hidden
# strays, and little enough for float32.
LANE_OF_CLASS = FAMILY_OF_CLASS * np.float32(4.0)
VEHICLE_FAMILY = 3
BAG_FAMILY = 4
_NEVER = 3.0
# So many pairs are tried in all ways sooner than the solver has been called.
_FEW = 4
_SMALLEST_AREA = np.float32(1e-12)


def overlap(boxes: Floats, others: Floats, *, enlarged: float = 0.0) -> Floats:
    """Intersection over union of each pair of (n, 4) and (m, 4), float32 (n, m).

    enlarged: each side grows by this part of itself first, so that small fast things still meet
    at low frame rates.
    """
    return corner_overlap(larger(boxes, 0.0, enlarged, 0.0), larger(others, 0.0, enlarged, 0.0))


def corner_overlap(corners: Floats, others: Floats) -> Floats:
    """Intersection over union of each pair of (4, n) and (4, m), float32 (n, m)."""
    sides = np.minimum(corners[2:, :, None], others[2:, None])
    sides -= np.maximum(corners[:2, :, None], others[:2, None])
    np.maximum(sides, 0, out=sides)
    common = np.multiply(sides[0], sides[1], out=sides[0])
    # An empty box overlaps nothing, and is not divided by.
    union = np.add(_areas(corners)[:, None], _areas(others) + _SMALLEST_AREA, out=sides[1])
    union -= common
    common /= union
    return np.asarray(common)


def assign(cost: Floats, limit: float) -> tuple[Rows, Rows]:
    """Pairs of least total cost, none above `limit`: rows and columns, both int64."""
    columns, _ = match(np.float32(limit) - cost, lambda rows, _: np.zeros(len(rows), np.int64))
    rows = (columns >= 0).nonzero()[0]
    return rows, columns[rows]


def match(surplus: Floats, ranks_of: Callable[[Rows, Rows], Rows]) -> tuple[Rows, Flags]:
    """Pairs of greatest total surplus, rank by rank.

    surplus: (n, m), how much more alike a row and a column are than a pair must be; below 0 they
    are none. ranks_of: given the rows and columns of contested pairs, says their ranks, from 0.

    Returns: for each row its column, -1: none; and which columns are taken.
    """
    column_of_row = np.full(surplus.shape[0], -1)
    is_taken = np.zeros(surplus.shape[1], np.bool_)
    # One flat search and a division take a third of the time of a search in two dimensions.
    places = (surplus >= 0).ravel().nonzero()[0]
    if not places.size:
        return column_of_row, is_taken
    rows = places // surplus.shape[1]
    columns = places - rows * surplus.shape[1]
    is_contested = np.bincount(rows).take(rows) > 1
    is_contested |= np.bincount(columns).take(columns) > 1
    contested = is_contested.nonzero()[0]
    if not contested.size:
        column_of_row[rows] = columns
        is_taken[columns] = True
        return column_of_row, is_taken
    alone = (~is_contested).nonzero()[0]
    column_of_row[rows.take(alone)] = sure = columns.take(alone)
    is_taken[sure] = True
    rows, columns = rows.take(contested), columns.take(contested)
    ranks = ranks_of(rows, columns)
    for rank in sorted(set(ranks.tolist())):
        is_now = ranks == rank
        if np.count_nonzero(is_now) == rows.size:
            _settle(surplus, rows, columns, column_of_row, is_taken)
            break
        _settle(surplus, rows[is_now], columns[is_now], column_of_row, is_taken)
        is_left = (column_of_row[rows] < 0) & ~(is_taken[columns] | is_now)
        rows, columns, ranks = rows[is_left], columns[is_left], ranks[is_left]
    return column_of_row, is_taken


def _settle(
    surplus: Floats, rows: Rows, columns: Rows, column_of_row: Rows, is_taken: Flags
) -> None:
    """Choose those of the given pairs that have the greatest total surplus together."""
    if rows.size > _FEW:
        chosen, to = _solve(surplus, rows, columns)
        column_of_row[chosen] = to
        is_taken[to] = True
        return
    gains = surplus[rows, columns].tolist()
    for _, row, column in _best(list(zip(gains, rows.tolist(), columns.tolist(), strict=True)))[1]:
        column_of_row[row] = column
        is_taken[column] = True


def _best(pairs: Sequence[_Pair]) -> tuple[float, list[_Pair]]:
    """By trying all: the total and the pairs that give it."""
    if not pairs:
        return 0.0, []
    (gain, row, column), *rest = pairs
    without = _best(rest)
    total, chosen = _best([each for each in rest if each[1] != row and each[2] != column])
    return max((total + gain, [pairs[0], *chosen]), without)


def _solve(surplus: Floats, rows: Rows, columns: Rows) -> tuple[Rows, Rows]:
    """As `_settle`, by the solver."""
    crowd_rows, crowd_columns = np.bincount(rows).nonzero()[0], np.bincount(columns).nonzero()[0]
    cost = np.full((crowd_rows.size, crowd_columns.size), _NEVER)
    places = crowd_rows.searchsorted(rows), crowd_columns.searchsorted(columns)
    cost[places] = 1.0 - surplus[rows, columns]
    column_of_row = lap.lapjv(cost, cost_limit=1.0, return_cost=False)[0]
    chosen = (column_of_row >= 0).nonzero()[0]
    return crowd_rows[chosen], crowd_columns[column_of_row[chosen]]


def _areas(corners: Floats) -> Floats:
    sides = corners[2:4] - corners[:2]
    return np.asarray(sides[0] * sides[1])
