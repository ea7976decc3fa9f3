"""Which detection is which track: overlap as cost, one assignment, obvious pairs first."""

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
_NEVER = 2.0


def overlap(
    boxes: npt.NDArray[np.float32], others: npt.NDArray[np.float32], *, enlarged: float = 0.0
) -> npt.NDArray[np.float32]:
    """Intersection over union of each pair, float32 (n, m).

    enlarged: each side grows by this part of itself first, so that small fast things still meet
    at low frame rates.
    """
    if enlarged:
        boxes, others = _grown(boxes, enlarged), _grown(others, enlarged)
    left, top, right, bottom = boxes.T[:, :, None]
    other_left, other_top, other_right, other_bottom = others.T[:, None, :]
    width = np.minimum(right, other_right) - np.maximum(left, other_left)
    height = np.minimum(bottom, other_bottom) - np.maximum(top, other_top)
    common = np.maximum(width, 0) * np.maximum(height, 0)
    area = (right - left) * (bottom - top)
    other_area = (other_right - other_left) * (other_bottom - other_top)
    return np.asarray(common / np.maximum(area + other_area - common, 1e-12), np.float32)


def assign(cost: npt.NDArray[np.float32], limit: float) -> tuple[Rows, Rows]:
    """Pairs of least total cost, none above `limit`: rows and columns, both int64.

    Where a row and a column have only each other, nothing needs solving; on a street that is
    nearly all of them, and the solver sees only the crowd that is left.
    """
    if not cost.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    possible = cost <= limit
    choices = possible.sum(axis=1)
    rivals = possible.sum(axis=0)
    alone_rows = np.flatnonzero(choices == 1)
    alone_columns = possible[alone_rows].argmax(axis=1)
    is_pair = rivals[alone_columns] == 1
    rows, columns = alone_rows[is_pair], alone_columns[is_pair]
    choices[rows] = 0
    crowd_rows = np.flatnonzero(choices)
    if not crowd_rows.size:
        return rows, columns
    rivals[columns] = 0
    crowd_columns = np.flatnonzero(rivals)
    solved_rows, solved_columns = _solve(cost[np.ix_(crowd_rows, crowd_columns)], limit)
    return (
        np.concatenate((rows, crowd_rows[solved_rows])),
        np.concatenate((columns, crowd_columns[solved_columns])),
    )


def forbid_other_families(
    cost: npt.NDArray[np.float32],
    classes: npt.NDArray[np.uint8],
    other_classes: npt.NDArray[np.uint8],
) -> None:
    """Make pairs of different families impossible, in place."""
    differ = FAMILY_OF_CLASS[classes][:, None] != FAMILY_OF_CLASS[other_classes][None, :]
    cost[differ] = _NEVER


def _solve(cost: npt.NDArray[np.float32], limit: float) -> tuple[Rows, Rows]:
    column_of_row = lap.lapjv(cost.astype(np.float64), cost_limit=limit, return_cost=False)[0]
    rows = np.flatnonzero(column_of_row >= 0)
    return rows, column_of_row[rows].astype(np.int64)


def _grown(boxes: npt.NDArray[np.float32], part: float) -> npt.NDArray[np.float32]:
    margin = (boxes[:, 2:] - boxes[:, :2]) * np.float32(part / 2)
    return np.concatenate((boxes[:, :2] - margin, boxes[:, 2:] + margin), axis=1)
