"""From detections to things that last: two score levels, Kalman motion, memory of still things.

`update` reads as the passes: sure detections claim tracks first, unsure ones then save tracks
that would be lost (ByteTrack's idea), then hidden still things are found again where they stood,
then what is left begins new tracks. All tracks are one set of arrays; nothing loops over them.
"""

from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from edge.eye import association
from edge.eye.detections import Detections
from edge.eye.kalman import Motion, first_motion
from edge.eye.tracks import WAY_PERIOD_NS, WAY_POINTS, Tracks, no_tracks

Rows = npt.NDArray[np.int64]
Boxes = npt.NDArray[np.float32]
_CLASSES = 16


@dataclass(frozen=True, slots=True)
class TrackerLimits:
    """How tracks begin, last and end. Defaults were tuned on a campus road seen from a pole.

    sure_score: detections at or above it may claim any track; begin_score: may begin one.
    unsure_score: weaker ones are not looked at.
    enlarged: boxes grow by this part before their overlap is taken.
    sure_cost, unsure_cost: largest 1 - overlap of a pair in the two passes.
    confirm_looks: looks that must find a thing before it gets a number.
    hidden_seconds, hidden_looks: a track unseen for both is given up.
    still_seconds, still_part: keeping within this part of its own height for so long is still.
    vehicle_memory_seconds, other_memory_seconds: how long a still thing that is hidden is
        remembered: vehicles and bags; all else.
    found_again_cost: largest 1 - overlap at which a remembered thing is recognised.
    """

    sure_score: float = 0.35
    begin_score: float = 0.45
    unsure_score: float = 0.15
    sure_cost: float = 0.85
    unsure_cost: float = 0.6
    enlarged: float = 0.2
    confirm_looks: int = 3
    hidden_seconds: float = 2.0
    hidden_looks: int = 5
    still_seconds: float = 8.0
    still_part: float = 0.35
    vehicle_memory_seconds: float = 300.0
    other_memory_seconds: float = 20.0
    found_again_cost: float = 0.5


@dataclass(slots=True)
class _Book:
    """What is known of each track beside its motion; arrays of n rows."""

    numbers: Rows
    votes: npt.NDArray[np.float32]
    classes: npt.NDArray[np.uint8]
    scores: npt.NDArray[np.float32]
    best_scores: npt.NDArray[np.float32]
    looks: Rows
    missed: Rows
    first_seen_ns: Rows
    last_seen_ns: Rows
    origins: npt.NDArray[np.float32]
    travel: npt.NDArray[np.float32]
    anchors: npt.NDArray[np.float32]
    anchored_ns: Rows
    ways: npt.NDArray[np.float32]
    way_lengths: Rows
    way_ns: Rows

    def keep(self, rows: npt.NDArray[np.bool_]) -> None:
        """Drop the rows that are False."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name)[rows])

    def extend(self, other: "_Book") -> None:
        """Append another book's rows."""
        for each in fields(self):
            joined = np.concatenate((getattr(self, each.name), getattr(other, each.name)))
            setattr(self, each.name, joined)


@dataclass(slots=True)
class _Look:
    """One look being matched: 1 - overlap (n, m), and the pairs so far."""

    cost: npt.NDArray[np.float32]
    is_sure: npt.NDArray[np.bool_]
    rows: list[Rows]
    finds: list[Rows]
    is_matched: npt.NDArray[np.bool_] = field(init=False)
    is_taken: npt.NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.is_matched = np.zeros(self.cost.shape[0], np.bool_)
        self.is_taken = np.zeros(self.cost.shape[1], np.bool_)

    def match(
        self, tracks: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_], limit: float
    ) -> None:
        """Pair tracks with detections, where both are marked and none dearer than the limit."""
        rows, finds = tracks.nonzero()[0], wanted.nonzero()[0]
        if not rows.size or not finds.size:
            return
        chosen, columns = association.assign(self.cost[rows[:, None], finds], limit)
        rows, finds = rows[chosen], finds[columns]
        self.is_matched[rows] = self.is_taken[finds] = True
        self.rows.append(rows)
        self.finds.append(finds)


class Tracker:
    """One camera's tracker. Not thread-safe; times must not go back."""

    def __init__(self, limits: TrackerLimits | None = None) -> None:
        self._limits = limits or TrackerLimits()
        self._motion = first_motion(np.zeros((0, 4)))
        self._book = _first_book(
            self._motion.boxes(), np.zeros(0, np.uint8), np.zeros(0, np.float32), 0
        )
        self._next_number = 1
        self._now_ns: int | None = None

    def update(self, found: Detections, now_ns: int) -> Tracks:
        """Take in one look at `now_ns` (monotonic) and say what is where."""
        limits, scores = self._limits, found.scores
        self._predict(now_ns)
        look = _Look(self._cost(found), scores >= limits.sure_score, [], [])
        is_known = self._book.looks >= limits.confirm_looks
        is_hidden_still = self._is_hidden_still(now_ns)
        # Every track is one look behind by now; more means that it was hidden before.
        was_seen = self._book.missed == 1

        look.match(is_known & ~is_hidden_still, look.is_sure, limits.sure_cost)
        is_unsure = ~look.is_sure & (scores >= limits.unsure_score)
        look.match(is_known & was_seen & ~look.is_matched, is_unsure, limits.unsure_cost)
        look.match(is_hidden_still, look.is_sure & ~look.is_taken, limits.found_again_cost)
        look.match(~is_known, look.is_sure & ~look.is_taken, limits.sure_cost)

        self._see(look, found, is_hidden_still, now_ns)
        self._follow(now_ns)
        self._begin(np.flatnonzero(look.is_sure & ~look.is_taken), found, now_ns)
        self._give_up(now_ns)
        self._number()
        return self._tracks()

    def _cost(self, found: Detections) -> npt.NDArray[np.float32]:
        """1 - overlap of every track with every detection, float32 (n, m)."""
        boxes = self._motion.boxes()
        cost = 1.0 - association.overlap(boxes, found.boxes_frac, enlarged=self._limits.enlarged)
        association.forbid_other_families(cost, self._book.classes, found.classes)
        return cost

    def _predict(self, now_ns: int) -> None:
        seconds = 0.0 if self._now_ns is None else (now_ns - self._now_ns) / 1e9
        self._now_ns = now_ns
        is_hidden = self._book.missed > 0
        self._motion.predict(max(0.0, seconds), is_hidden)
        if is_hidden.any():
            self._motion.speeds[is_hidden & self._is_still()] = 0.0
        self._book.missed += 1

    def _see(
        self, look: "_Look", found: Detections, is_hidden_still: npt.NDArray[np.bool_], now_ns: int
    ) -> None:
        """Give every matched track its detection."""
        if not look.rows:
            return
        book, rows, finds = self._book, np.concatenate(look.rows), np.concatenate(look.finds)
        scores = found.scores[finds]
        self._motion.correct(rows, found.boxes_frac[finds].astype(np.float64))
        self._motion.speeds[rows[is_hidden_still[rows]]] = 0.0
        book.votes[rows, np.minimum(found.classes[finds], _CLASSES - 1)] += scores
        book.classes[rows] = book.votes[rows].argmax(axis=1)
        book.scores[rows] = scores
        book.best_scores[rows] = np.maximum(book.best_scores[rows], scores)
        book.looks[rows] += 1
        book.missed[rows] = 0
        book.last_seen_ns[rows] = now_ns

    def _follow(self, now_ns: int) -> None:
        """Note how far each thing has come, whether it keeps its place, and its way."""
        book = self._book
        boxes = self._motion.boxes()
        feet = _feet(boxes)
        seen = book.missed == 0
        gone = np.hypot(*(feet - book.origins).T)
        book.travel = np.where(seen, np.maximum(book.travel, gone), book.travel)
        heights = boxes[:, 3] - boxes[:, 1]
        strayed = np.hypot(*(feet - book.anchors).T) > self._limits.still_part * heights
        moved = seen & strayed
        book.anchors[moved] = feet[moved]
        book.anchored_ns[moved] = now_ns
        due = now_ns - book.way_ns >= WAY_PERIOD_NS
        if due.any():
            book.ways[due, 1:] = book.ways[due, :-1]
            book.ways[due, 0] = feet[due]
            book.way_lengths[due] = np.minimum(book.way_lengths[due] + 1, WAY_POINTS)
            book.way_ns[due] = now_ns

    def _begin(self, finds: Rows, found: Detections, now_ns: int) -> None:
        finds = finds[found.scores[finds] >= self._limits.begin_score]
        if not finds.size:
            return
        boxes = found.boxes_frac[finds]
        self._book.extend(_first_book(boxes, found.classes[finds], found.scores[finds], now_ns))
        fresh = first_motion(boxes.astype(np.float64))
        for each in fields(Motion):
            joined = np.concatenate((getattr(self._motion, each.name), getattr(fresh, each.name)))
            setattr(self._motion, each.name, joined)

    def _give_up(self, now_ns: int) -> None:
        """Forget tentative tracks at their first miss, others when they have been gone long."""
        book, limits = self._book, self._limits
        is_known = book.looks >= limits.confirm_looks
        unseen_ns = now_ns - book.last_seen_ns
        is_gone = (unseen_ns > limits.hidden_seconds * 1e9) & (book.missed >= limits.hidden_looks)
        is_gone &= ~self._is_hidden_still(now_ns)
        is_gone |= ~is_known & (book.missed > 0)
        if is_gone.any():
            book.keep(~is_gone)
            for each in fields(Motion):
                setattr(self._motion, each.name, getattr(self._motion, each.name)[~is_gone])

    def _number(self) -> None:
        is_known = self._book.looks >= self._limits.confirm_looks
        fresh = np.flatnonzero((self._book.numbers == 0) & is_known)
        self._book.numbers[fresh] = np.arange(self._next_number, self._next_number + len(fresh))
        self._next_number += len(fresh)

    def _is_still(self) -> npt.NDArray[np.bool_]:
        """Known things that kept their place until they were last seen."""
        book = self._book
        kept_ns = book.last_seen_ns - book.anchored_ns
        return (kept_ns >= self._limits.still_seconds * 1e9) & (
            book.looks >= self._limits.confirm_looks
        )

    def _is_hidden_still(self, now_ns: int) -> npt.NDArray[np.bool_]:
        """Still things that are unseen for longer than others may be, and remembered."""
        book, limits = self._book, self._limits
        unseen_ns = now_ns - book.last_seen_ns
        is_hidden = (book.missed > 1) & (unseen_ns > limits.hidden_seconds * 1e9 / 2)
        if not is_hidden.any():
            return is_hidden
        family = association.FAMILY_OF_CLASS[book.classes]
        lasting = (family == association.VEHICLE_FAMILY) | (family == association.BAG_FAMILY)
        memory = np.where(lasting, limits.vehicle_memory_seconds, limits.other_memory_seconds)
        return self._is_still() & is_hidden & (unseen_ns <= memory * 1e9)

    def _tracks(self) -> Tracks:
        book = self._book
        rows = np.flatnonzero(book.numbers)
        if not rows.size:
            return no_tracks()
        rows = rows[np.argsort(book.numbers[rows])]
        return Tracks(
            numbers=book.numbers[rows],
            classes=book.classes[rows],
            boxes_frac=self._motion.boxes()[rows],
            scores=book.scores[rows],
            best_scores=book.best_scores[rows],
            is_seen=book.missed[rows] == 0,
            is_still=self._is_still()[rows],
            first_seen_ns=book.first_seen_ns[rows],
            last_seen_ns=book.last_seen_ns[rows],
            travel_frac=book.travel[rows],
            ways_frac=book.ways[rows],
            way_lengths=book.way_lengths[rows],
        )


def _feet(boxes: Boxes) -> Boxes:
    return np.stack(((boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]), axis=1)


def _first_book(
    boxes: Boxes, classes: npt.NDArray[np.uint8], scores: npt.NDArray[np.float32], now_ns: int
) -> _Book:
    count = len(boxes)
    feet = _feet(boxes)
    votes = np.zeros((count, _CLASSES), np.float32)
    votes[np.arange(count), np.minimum(classes, _CLASSES - 1)] = scores
    ways = np.zeros((count, WAY_POINTS, 2), np.float32)
    ways[:, 0] = feet
    now = np.full(count, now_ns, np.int64)
    return _Book(
        numbers=np.zeros(count, np.int64),
        votes=votes,
        classes=classes.copy(),
        scores=scores.astype(np.float32),
        best_scores=scores.astype(np.float32),
        looks=np.ones(count, np.int64),
        missed=np.zeros(count, np.int64),
        first_seen_ns=now.copy(),
        last_seen_ns=now.copy(),
        origins=feet.copy(),
        travel=np.zeros(count, np.float32),
        anchors=feet.copy(),
        anchored_ns=now.copy(),
        ways=ways,
        way_lengths=np.ones(count, np.int64),
        way_ns=now.copy(),
    )
