"""What the tracker knows of each track beside its motion.

The columns that change at each look lie in two matrices, so that a copy for the rules, and a
track's begin and end, are a few operations and not one for each column.
"""

import numpy as np
import numpy.typing as npt

from edge.eye.detections import Detections
from edge.eye.tracks import WAY_PERIOD_NS, WAY_POINTS

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
CLASSES = 16
_INTEGERS = ("numbers", "looks", "missed", "first_ns", "last_ns", "anchored_ns", "way_ns",
             "way_lengths")  # fmt: skip


class Book:
    """Arrays of n tracks, the oldest first; the named ones are rows of the two matrices.

    integers: int64 (8, n); floats: float32 (7, n); votes: float32 (n, 16), by class;
    classes: uint8 (n,); ways: float32 (n, WAY_POINTS, 2), replaced and never changed.
    origins, anchors: float32 (2, n), where the foot began and where it last came to a stop.
    """

    __slots__ = ("anchors", "best_scores", "classes", "floats", "integers", "origins", "scores",
                 "travel", "votes", "ways", *_INTEGERS)  # fmt: skip

    numbers: Rows
    looks: Rows
    missed: Rows
    first_ns: Rows
    last_ns: Rows
    anchored_ns: Rows
    way_ns: Rows
    way_lengths: Rows

    def __init__(
        self,
        integers: Rows,
        floats: Floats,
        votes: Floats,
        classes: npt.NDArray[np.uint8],
        ways: Floats,
    ) -> None:
        self.votes, self.classes, self.ways = votes, classes, ways
        self._name(integers, floats)

    def keep(self, rows: npt.NDArray[np.bool_]) -> None:
        """Drop the tracks that are False."""
        self.votes, self.classes = self.votes[rows], self.classes[rows]
        self.ways = self.ways[rows]
        self._name(self.integers[:, rows], self.floats[:, rows])

    def extend(self, other: "Book") -> None:
        """Append another book's tracks."""
        self.votes = np.concatenate((self.votes, other.votes))
        self.classes = np.concatenate((self.classes, other.classes))
        self.ways = np.concatenate((self.ways, other.ways))
        self._name(
            np.concatenate((self.integers, other.integers), axis=1),
            np.concatenate((self.floats, other.floats), axis=1),
        )

    def see(self, rows: Rows, finds: Rows, found: Detections, now_ns: int) -> None:
        """Note which detection each of these tracks was."""
        scores = found.scores[finds]
        kinds = np.minimum(found.classes[finds], CLASSES - 1)
        self.votes[rows, kinds] += scores
        # A vote for the class that leads leaves it in the lead: nothing to count.
        if np.count_nonzero(kinds != self.classes[rows]):
            self.classes[rows] = self.votes[rows].argmax(axis=1)
        self.scores[rows] = scores
        self.best_scores[rows] = np.maximum(self.best_scores[rows], scores)
        self.looks[rows] += 1
        self.missed[rows] = 0
        self.last_ns[rows] = now_ns

    def follow(self, corners: Floats, still_part: float, now_ns: int) -> None:
        """Note how far each thing has come, whether it keeps its place, and its way.

        corners: float32 (6, n) as `Motion.corners` says them.
        """
        feet, seen = corners[4:], self.missed == 0
        away = feet - self.origins
        np.maximum(self.travel, np.hypot(away[0], away[1]), out=self.travel, where=seen)
        strayed = feet - self.anchors
        reach = np.float32(still_part) * (corners[3] - corners[1])
        moved = np.hypot(strayed[0], strayed[1]) > reach
        moved &= seen
        if np.count_nonzero(moved):
            np.copyto(self.anchors, feet, where=moved)
            self.anchored_ns[moved] = now_ns
        due = self.way_ns <= now_ns - WAY_PERIOD_NS
        if np.count_nonzero(due):
            self._go_on(due, feet, now_ns)

    def _go_on(self, due: npt.NDArray[np.bool_], feet: Floats, now_ns: int) -> None:
        # A copy: tracks that were given out before still show the old ways.
        ways = self.ways.copy()
        ways[due, 1:] = self.ways[due, :-1]
        ways[due, 0] = feet[:, due].T
        self.ways = ways
        self.way_lengths[due] = np.minimum(self.way_lengths[due] + 1, WAY_POINTS)
        self.way_ns[due] = now_ns

    def _name(self, integers: Rows, floats: Floats) -> None:
        self.integers, self.floats = integers, floats
        for name, row in zip(_INTEGERS, integers, strict=True):
            setattr(self, name, row)
        self.scores, self.best_scores, self.travel = floats[0], floats[1], floats[2]
        self.origins, self.anchors = floats[3:5], floats[5:7]


def first_book(found: Detections, finds: Rows, feet: Floats, now_ns: int) -> Book:
    """What is known of things seen for the first time; feet: float32 (2, m)."""
    count, scores, classes = len(finds), found.scores[finds], found.classes[finds]
    votes = np.zeros((count, CLASSES), np.float32)
    votes[np.arange(count), np.minimum(classes, CLASSES - 1)] = scores
    ways = np.zeros((count, WAY_POINTS, 2), np.float32)
    ways[:, 0] = feet.T
    first = np.array([0, 1, 0, now_ns, now_ns, now_ns, now_ns, 1], np.int64)
    floats = np.stack((scores, scores, np.zeros_like(scores), *feet, *feet))
    return Book(np.repeat(first[:, None], count, axis=1), floats, votes, classes, ways)
