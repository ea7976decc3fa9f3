"""What the tracker knows of each track beside its motion.

The columns that change at each look lie in two matrices, so that a copy for the rules, and a
track's begin and end, are a few operations and not one for each column.
"""

import numpy as np
import numpy.typing as npt

from edge.eye.detections import Detections
from edge.eye.tracks import WAY_PERIOD_NS, WAY_POINTS

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
CLASSES = 16
_INTEGERS = ("numbers", "looks", "last_ns", "first_ns", "anchored_ns", "way_ns", "way_lengths",
             "missed")  # fmt: skip


class Book:
    """Arrays of n tracks, the oldest first; the named ones are rows of the two matrices.

    integers: int64 (8, n), of which `missed` counts the looks in a row that should have found a
    thing and did not; floats: float32 (7, n); classes: uint8 (n,); others: int64 (n, 16),
    looks at which a thing was of another class than its own; ways: float32 (n, WAY_POINTS, 2),
    replaced and never changed. marks: float32 (4, n), where the foot began and where it last came
    to a stop.
    """

    __slots__ = ("best_scores", "classes", "floats", "integers", "marks", "others", "scores",
                 "travel", "ways", *_INTEGERS)  # fmt: skip

    numbers: Rows
    looks: Rows
    last_ns: Rows
    first_ns: Rows
    anchored_ns: Rows
    way_ns: Rows
    way_lengths: Rows
    missed: Rows

    def __init__(
        self,
        integers: Rows,
        floats: Floats,
        classes: npt.NDArray[np.uint8],
        others: Rows,
        ways: Floats,
    ) -> None:
        self.classes, self.others, self.ways = classes, others, ways
        self._name(integers, floats)

    def keep(self, kept: Flags | Rows) -> None:
        """Drop the tracks that are False, or keep those of the given rows in their order."""
        self.classes, self.others = self.classes[kept], self.others[kept]
        self.ways = self.ways[kept]
        self._name(self.integers[:, kept], self.floats[:, kept])

    def extend(self, other: "Book") -> None:
        """Append another book's tracks."""
        self.classes = np.concatenate((self.classes, other.classes))
        self.others = np.concatenate((self.others, other.others))
        self.ways = np.concatenate((self.ways, other.ways))
        self._name(
            np.concatenate((self.integers, other.integers), axis=1),
            np.concatenate((self.floats, other.floats), axis=1),
        )

    def see(self, is_seen: Flags, finds: Rows, found: Detections, now_ns: int) -> None:
        """Note which detection each of the seen tracks was; any where a track was not seen."""
        np.copyto(self.scores, found.scores.take(finds), where=is_seen)
        np.maximum(self.best_scores, self.scores, out=self.best_scores)
        self.looks += is_seen
        np.copyto(self.last_ns, now_ns, where=is_seen)
        np.copyto(self.missed, 0, where=is_seen)
        kinds = found.classes.take(finds)
        is_other = kinds != self.classes
        is_other &= is_seen
        if np.count_nonzero(is_other):
            self._vote(is_other.nonzero()[0], kinds)

    def follow(self, corners: Floats, is_seen: Flags, still_part: float, now_ns: int) -> None:
        """Note how far each thing has come, whether it keeps its place, and its way.

        corners: float32 (6, n) as `Motion.corners` says them.
        """
        # Row by row, as in `kalman`.
        x_frac, y_frac = corners[4], corners[5]
        seen = is_seen.astype(np.float32)
        away = np.hypot(self.marks[0] - x_frac, self.marks[1] - y_frac)
        away *= seen
        np.maximum(self.travel, away, out=self.travel)
        strayed = np.hypot(self.marks[2] - x_frac, self.marks[3] - y_frac)
        strayed *= seen
        reach = corners[3] - corners[1]
        reach *= np.float32(still_part)
        moved = strayed > reach
        if np.count_nonzero(moved):
            np.copyto(self.marks[2:], corners[4:], where=moved)
            self.anchored_ns[moved] = now_ns
        due = self.way_ns <= now_ns - WAY_PERIOD_NS
        if np.count_nonzero(due):
            self._go_on(due, corners[4:], now_ns)

    def _vote(self, rows: Rows, kinds: npt.NDArray[np.uint8]) -> None:
        """Note that things looked like another class; the one seen most often is theirs."""
        np.add.at(self.others, (rows, np.minimum(kinds[rows], CLASSES - 1)), 1)
        others = self.others[rows]
        own, most = self.looks[rows] - others.sum(axis=1), others.argmax(axis=1)
        is_outvoted = others[np.arange(len(rows)), most] > own
        changed, most, own = rows[is_outvoted], most[is_outvoted], own[is_outvoted]
        self.others[changed, self.classes[changed]] = own
        self.others[changed, most] = 0
        self.classes[changed] = most

    def _go_on(self, due: Flags, feet: Floats, now_ns: int) -> None:
        # A copy: tracks that were given out before still show the old ways.
        ways, rows = self.ways.copy(), due.nonzero()[0]
        ways[rows, 1:] = self.ways[rows, :-1]
        ways[rows, 0] = feet[:, rows].T
        self.ways = ways
        self.way_lengths += due
        np.minimum(self.way_lengths, WAY_POINTS, out=self.way_lengths)
        np.copyto(self.way_ns, now_ns, where=due)

    def _name(self, integers: Rows, floats: Floats) -> None:
        self.integers, self.floats = integers, floats
        for name, row in zip(_INTEGERS, integers, strict=True):
            setattr(self, name, row)
        self.scores, self.best_scores, self.travel = floats[:3]
        self.marks = floats[3:]


def first_book(found: Detections, finds: Rows, feet: Floats, now_ns: int) -> Book:
    """What is known of things seen for the first time; feet: float32 (2, m)."""
    count, scores = len(finds), found.scores[finds]
    ways = np.zeros((count, WAY_POINTS, 2), np.float32)
    ways[:, 0] = feet.T
    first = np.array([0, 1, now_ns, now_ns, now_ns, now_ns, 1, 0], np.int64)
    return Book(
        np.repeat(first[:, None], count, axis=1),
        np.stack((scores, scores, np.zeros_like(scores), *feet, *feet)),
        np.minimum(found.classes[finds], CLASSES - 1),
        np.zeros((count, CLASSES), np.int64),
        ways,
    )
