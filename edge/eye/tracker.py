"""From detections to things that last: two score levels, Kalman motion, memory of still things.

`update` reads as the passes: sure detections claim tracks first, unsure ones then save tracks
that would be lost (ByteTrack's idea), then hidden still things are found again where they stood,
then what is left begins new tracks. All tracks are one set of arrays; nothing loops over them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.eye import association
from edge.eye.book import first_book
from edge.eye.detections import Detections, no_detections
from edge.eye.kalman import first_motion
from edge.eye.tracks import Tracks, no_tracks

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Corners = npt.NDArray[np.float32]


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


class _Look:
    """One look being matched: the pairs that are possible, and those chosen so far.

    Only pairs that overlap enough for the most generous pass are kept: a street has few.
    """

    def __init__(self, cost: npt.NDArray[np.float32], most: float) -> None:
        self._cost, self._most = cost, most
        # One flat search and a division take a third of the time of a search in two dimensions.
        flat = (cost <= most).ravel().nonzero()[0]
        self._rows, self._finds = np.divmod(flat, max(1, cost.shape[1]))
        self.is_matched = np.zeros(cost.shape[0], np.bool_)
        self.is_taken = np.zeros(cost.shape[1], np.bool_)
        self.rows: list[Rows] = []
        self.finds: list[Rows] = []

    def match(self, tracks: Flags, wanted: Flags, limit: float) -> None:
        """Pair free tracks and detections where both are marked, none dearer than the limit."""
        if not self._rows.size:
            return
        fits = tracks[self._rows]
        fits &= wanted[self._finds]
        if not np.count_nonzero(fits):
            return
        rows, finds = self._rows[fits], self._finds[fits]
        if limit < self._most:
            near = self._cost[rows, finds] <= limit
            rows, finds = rows[near], finds[near]
        rows, finds = association.assign_pairs(self._cost, rows, finds, limit)
        self.is_matched[rows] = self.is_taken[finds] = True
        self.rows.append(rows)
        self.finds.append(finds)
        is_free = self.is_matched[self._rows]
        is_free |= self.is_taken[self._finds]
        np.logical_not(is_free, out=is_free)
        self._rows, self._finds = self._rows[is_free], self._finds[is_free]


class Tracker:
    """One camera's tracker. Not thread-safe; times must not go back."""

    def __init__(self, limits: TrackerLimits | None = None) -> None:
        self._limits = limits = limits or TrackerLimits()
        nothing, nobody = no_detections(), np.zeros(0, np.int64)
        self._motion = first_motion(nothing.boxes_frac)
        self._book = first_book(nothing, nobody, self._motion.corners()[4:], 0)
        self._most_cost = max(limits.sure_cost, limits.unsure_cost, limits.found_again_cost)
        self._next_number = 1
        self._now_ns: int | None = None

    def update(self, found: Detections, now_ns: int) -> Tracks:
        """Take in one look at `now_ns` (monotonic) and say what is where."""
        limits, scores = self._limits, found.scores
        self._predict(now_ns)
        look = _Look(self._cost(found), self._most_cost)
        is_sure = scores >= limits.sure_score
        is_unsure = (scores >= limits.unsure_score) & ~is_sure
        is_known = self._book.looks >= limits.confirm_looks
        is_hidden_still = self._is_hidden_still(now_ns)
        # Every track is one look behind by now; more means that it was hidden before.
        was_seen = self._book.missed == 1

        look.match(is_known & ~is_hidden_still, is_sure, limits.sure_cost)
        look.match(is_known & was_seen, is_unsure, limits.unsure_cost)
        look.match(is_hidden_still, is_sure, limits.found_again_cost)
        look.match(~is_known, is_sure, limits.sure_cost)

        self._see(look, found, is_hidden_still, now_ns)
        self._give_up(look.is_matched, is_known, now_ns)
        corners = self._motion.corners()
        self._book.follow(corners, limits.still_part, now_ns)
        self._begin(is_sure & ~look.is_taken, found, now_ns)
        return self._tracks(corners, self._number())

    def _cost(self, found: Detections) -> npt.NDArray[np.float32]:
        """1 - overlap of every track with every detection, float32 (n, m)."""
        enlarged = self._limits.enlarged
        corners = self._motion.corners(enlarged)[:4]
        cost = association.corner_overlap(corners, association.grown(found.boxes_frac, enlarged))
        np.subtract(np.float32(1.0), cost, out=cost)
        association.forbid_other_families(cost, self._book.classes, found.classes)
        return cost

    def _predict(self, now_ns: int) -> None:
        seconds = 0.0 if self._now_ns is None else (now_ns - self._now_ns) / 1e9
        self._now_ns = now_ns
        is_hidden = self._book.missed > 0 if np.count_nonzero(self._book.missed) else None
        self._motion.predict(max(0.0, seconds), is_hidden)
        if is_hidden is not None:
            self._motion.rest(is_hidden & self._is_still())
        self._book.missed += 1

    def _see(self, look: _Look, found: Detections, is_hidden_still: Flags, now_ns: int) -> None:
        """Give every matched track its detection."""
        if not look.rows:
            return
        rows, finds = np.concatenate(look.rows), np.concatenate(look.finds)
        self._motion.correct(rows, found.boxes_frac[finds])
        if np.count_nonzero(is_hidden_still):
            self._motion.rest(rows[is_hidden_still[rows]])
        self._book.see(rows, finds, found, now_ns)

    def _begin(self, is_new: Flags, found: Detections, now_ns: int) -> None:
        if not np.count_nonzero(is_new):
            return
        finds = (is_new & (found.scores >= self._limits.begin_score)).nonzero()[0]
        if not finds.size:
            return
        fresh = first_motion(found.boxes_frac[finds])
        self._book.extend(first_book(found, finds, fresh.corners()[4:], now_ns))
        self._motion.extend(fresh)

    def _give_up(self, is_matched: Flags, is_known: Flags, now_ns: int) -> None:
        """Forget tentative tracks at their first miss, others when they have been gone long."""
        book, limits = self._book, self._limits
        is_gone = ~(is_matched | is_known)
        overdue = book.missed >= limits.hidden_looks
        if np.count_nonzero(overdue):
            overdue &= book.last_ns < now_ns - round(limits.hidden_seconds * 1e9)
        if np.count_nonzero(overdue):
            is_gone |= overdue & ~self._is_hidden_still(now_ns)
        if np.count_nonzero(is_gone):
            book.keep(~is_gone)
            self._motion.keep(~is_gone)

    def _number(self) -> int:
        """Number the tracks that are known by now; how many that are.

        Tentative tracks are found at every look or given up, so they become known in the order
        in which they began: the known ones stand first, by number.
        """
        book = self._book
        numbered = int(np.count_nonzero(book.numbers))
        if numbered == len(book.numbers):
            return numbered
        known = int(np.count_nonzero(book.looks >= self._limits.confirm_looks))
        fresh = known - numbered
        book.numbers[numbered:known] = np.arange(self._next_number, self._next_number + fresh)
        self._next_number += fresh
        return known

    def _is_still(self) -> Flags:
        """Known things that kept their place until they were last seen."""
        book, limits = self._book, self._limits
        is_still = book.last_ns - book.anchored_ns >= round(limits.still_seconds * 1e9)
        return is_still & (book.looks >= limits.confirm_looks)

    def _is_hidden_still(self, now_ns: int) -> Flags:
        """Still things that are unseen for longer than others may be, and remembered."""
        book, limits = self._book, self._limits
        is_hidden = book.missed > 1
        if not np.count_nonzero(is_hidden):
            return is_hidden
        is_hidden &= book.last_ns < now_ns - round(limits.hidden_seconds * 1e9 / 2)
        if not np.count_nonzero(is_hidden):
            return is_hidden
        family = association.FAMILY_OF_CLASS[book.classes]
        lasting = (family == association.VEHICLE_FAMILY) | (family == association.BAG_FAMILY)
        memory = np.where(lasting, limits.vehicle_memory_seconds, limits.other_memory_seconds)
        return self._is_still() & is_hidden & (now_ns - book.last_ns <= memory * 1e9)

    def _tracks(self, corners: Corners, known: int) -> Tracks:
        """The first so many tracks; corners: float32 (6, n) of all."""
        if not known:
            return no_tracks()
        book = self._book
        integers, floats = book.integers[:, :known].copy(), book.floats[:3, :known].copy()
        numbers, _, missed, first_ns, last_ns, anchored_ns, _, way_lengths = integers
        return Tracks(
            numbers=numbers,
            classes=book.classes[:known].copy(),
            boxes_frac=corners[:4, :known].T,
            scores=floats[0],
            best_scores=floats[1],
            is_seen=missed == 0,
            is_still=last_ns - anchored_ns >= round(self._limits.still_seconds * 1e9),
            first_seen_ns=first_ns,
            last_seen_ns=last_ns,
            travel_frac=floats[2],
            ways_frac=book.ways[:known],
            way_lengths=way_lengths,
        )
