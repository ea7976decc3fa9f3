"""Which detection is which track: overlap as cost, one assignment, obvious pairs first."""

from functools import lru_cache

import lap
import numpy as np
import numpy.typing as npt

from edge.wire.v1 import event_pb2

Rows = npt.NDArray[np.int64]
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
VEHICLE_FAMILY = 3
BAG_FAMILY = 4
_NEVER = np.float32(2.0)
_SMALLEST_AREA = np.float32(1e-12)


def overlap(
    boxes: npt.NDArray[np.float32], others: npt.NDArray[np.float32], *, enlarged: float = 0.0
) -> npt.NDArray[np.float32]:
    """Intersection over union of each pair of (n, 4) and (m, 4), float32 (n, m).

    enlarged: each side grows by this part of itself first, so that small fast things still meet
    at low frame rates.
    """
    return corner_overlap(grown(boxes, enlarged), grown(others, enlarged))


def grown(boxes: npt.NDArray[np.float32], part: float) -> npt.NDArray[np.float32]:
    """Boxes (n, 4) as float32 (4, n), each side longer by this part of itself."""
    return np.asarray(np.dot(_growing(part), boxes.T))


def corner_overlap(
    corners: npt.NDArray[np.float32], others: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Intersection over union of each pair of (4, n) and (4, m), float32 (n, m)."""
    sides = np.minimum(corners[2:, :, None], others[2:, None])
    sides -= np.maximum(corners[:2, :, None], others[:2, None])
    np.maximum(sides, 0, out=sides)
    common = np.multiply(sides[0], sides[1], out=sides[0])
    # An empty box overlaps nothing, and is not divided by.
    union = np.add(_areas(corners)[:, None], _areas(others) + _SMALLEST_AREA, out=sides[1])
    union -= common
    return np.asarray(common / union, np.float32)


def assign(cost: npt.NDArray[np.float32], limit: float) -> tuple[Rows, Rows]:
    """Pairs of least total cost, none above `limit`: rows and columns, both int64."""
    rows, columns = (cost <= limit).nonzero()
    return assign_pairs(cost, rows, columns, limit)


def assign_pairs(
    cost: npt.NDArray[np.float32], rows: Rows, columns: Rows, limit: float
) -> tuple[Rows, Rows]:
    """As `assign`, where the possible pairs, all not above the limit, are known.

    Where a row and a column have only each other, nothing needs solving; on a street that is
    nearly all of them, and the solver sees only the crowd that is left.
    """
    if not rows.size:
        return rows, columns
    is_alone = np.bincount(rows).take(rows) == 1
    is_alone &= np.bincount(columns).take(columns) == 1
    if np.count_nonzero(is_alone) == rows.size:
        return rows, columns
    is_crowd = ~is_alone
    crowd_rows = np.bincount(rows[is_crowd]).nonzero()[0]
    crowd_columns = np.bincount(columns[is_crowd]).nonzero()[0]
    solved_rows, solved_columns = _solve(cost[crowd_rows[:, None], crowd_columns], limit)
    return (
        np.concatenate((rows[is_alone], crowd_rows[solved_rows])),
        np.concatenate((columns[is_alone], crowd_columns[solved_columns])),
    )


def forbid_other_families(
    cost: npt.NDArray[np.float32],
    classes: npt.NDArray[np.uint8],
    other_classes: npt.NDArray[np.uint8],
) -> None:
    """Make pairs of different families impossible, in place."""
    differ = FAMILY_OF_CLASS[classes][:, None] != FAMILY_OF_CLASS[other_classes]
    if np.count_nonzero(differ):
        np.copyto(cost, _NEVER, where=differ)


def _solve(cost: npt.NDArray[np.float32], limit: float) -> tuple[Rows, Rows]:
    column_of_row = lap.lapjv(cost.astype(np.float64), cost_limit=limit, return_cost=False)[0]
    rows = (column_of_row >= 0).nonzero()[0]
    return rows, column_of_row[rows].astype(np.int64)


def _areas(corners: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    sides = corners[2:4] - corners[:2]
    return np.asarray(sides[0] * sides[1])


@lru_cache(maxsize=8)
def _growing(part: float) -> npt.NDArray[np.float32]:
    """Matrix (4, 4) from corners to corners that lie further out."""
    near, far = 1 + part / 2, -part / 2
    rows = [[near, 0, far, 0], [0, near, 0, far], [far, 0, near, 0], [0, far, 0, near]]
    return np.array(rows, np.float32)
