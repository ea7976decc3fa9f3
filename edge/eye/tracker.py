"""From detections to things that last: two score levels, Kalman motion, memory of still things.

`update` reads as the passes: what each track is now, in the order of ranks (sure detections claim
tracks first, unsure ones then save tracks that would be lost, which is ByteTrack's idea; hidden
still things are found again where they stood; new things come last), then what overlap has missed
but distance shows, then what is left begins new tracks. All tracks are one set of arrays; nothing
loops over them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.eye import association
from edge.eye.book import first_book
from edge.eye.coverage import Coverage
from edge.eye.detections import Detections, no_detections
from edge.eye.kalman import first_motion, larger
from edge.eye.tracks import Tracks, no_tracks

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
# A pair that must not be, in the measure of `association.match`.
_NEVER = np.float32(-1.0)
# A box this near to the frame's edge may be cut by it.
_EDGE_FRAC = 0.01


@dataclass(frozen=True, slots=True)
class TrackerLimits:
    """How tracks begin, last and end.

    The defaults were tuned on a campus road seen from a pole, and on drawn crowds and drawn
    detections along real paths.

    sure_score: detections at or above it may claim any track; begin_score: may begin one.
    unsure_score: weaker ones are not looked at.
    enlarged, widened: before their overlap is taken boxes grow by this part of themselves, and
        in width by this part of their height, because those who walk are narrow.
    sure_overlap, unsure_overlap: least overlap with a sure and with an unsure detection.
    near: where nothing overlaps, a sure detection this far from a lost track, in its heights, and
        as tall, is still the same thing.
    confirm_looks: looks that must find a thing before it gets a number; clear_looks: as many are
        enough where its enlarged box meets nothing that has one, which is where the boxes that
        are nothing, and second boxes of the same thing, begin.
    hidden_seconds, hidden_looks: a track unseen for both is given up.
    left_seconds, left_looks: as much for one that was walking out over the frame's edge: the next
        who comes in there is somebody else.
    still_seconds, still_part: keeping within this part of its own height for so long is still.
    vehicle_memory_seconds, other_memory_seconds: how long a still thing that is hidden is
        remembered: vehicles and bags; all else.
    found_again_overlap: least overlap at which a remembered thing is recognised.
    """

    sure_score: float = 0.35
    begin_score: float = 0.35
    unsure_score: float = 0.1
    enlarged: float = 0.2
    widened: float = 0.1
    sure_overlap: float = 0.2
    unsure_overlap: float = 0.4
    near: float = 0.5
    confirm_looks: int = 3
    clear_looks: int = 2
    hidden_seconds: float = 3.0
    hidden_looks: int = 5
    left_seconds: float = 0.5
    left_looks: int = 3
    still_seconds: float = 8.0
    still_part: float = 0.35
    vehicle_memory_seconds: float = 300.0
    other_memory_seconds: float = 20.0
    found_again_overlap: float = 0.5


class Tracker:
    """One camera's tracker. Not thread-safe; times must not go back."""

    def __init__(self, limits: TrackerLimits | None = None) -> None:
        self._limits = limits = limits or TrackerLimits()
        least = limits.unsure_overlap, limits.sure_overlap
        self._least_overlaps = np.array(least, np.float32)
        nothing, nobody = no_detections(), np.zeros(0, np.int64)
        self._motion = first_motion(nothing.boxes_frac, np.zeros(0, np.float32))
        self._book = first_book(nothing, nobody, self._motion.corners()[4:], 0)
        # So many tracks have a number; they stand first, in its order.
        self._known = 0
        self._next_number = 1
        self._looked_ns: int | None = None

    def update(self, found: Detections, now_ns: int, looked: Coverage | None = None) -> Tracks:
        """Take in one look at `now_ns` (monotonic) and say what is where.

        looked: where the look could find anything; None: in the whole frame. What stands elsewhere
        goes on as it went, and is seen if it was.
        """
        limits, book, motion = self._limits, self._book, self._motion
        if self._looked_ns is not None:
            motion.predict(max(0, now_ns - self._looked_ns) / 1e9)
        self._looked_ns = now_ns
        is_sure = found.scores >= limits.sure_score
        hidden = self._hidden_still(now_ns)
        finds, is_new = self._match(found, is_sure, hidden)
        is_seen = finds >= 0
        if len(found):
            motion.correct(is_seen, finds, found.boxes_frac)
            book.see(is_seen, finds, found, now_ns)
        if np.count_nonzero(is_seen) < is_seen.size:
            is_seen = self._miss(is_seen, hidden, looked, now_ns)
        corners = motion.corners()
        book.follow(corners, is_seen, limits.still_part, now_ns)
        if np.count_nonzero(is_new):
            self._begin(is_new, found, now_ns)
        if self._number():
            corners = self._motion.corners()
        return self._tracks(corners)

    def _match(self, found: Detections, is_sure: Flags, hidden: Rows) -> tuple[Rows, Flags]:
        """Which detection each track is, -1: none; and which are sure and nobody's.

        hidden: the rows of hidden still things.
        """
        limits, scores = self._limits, found.scores
        lanes = association.LANE_OF_CLASS.take(found.classes)
        reach = self._motion.reach(limits.enlarged, limits.widened)
        found_reach = larger(found.boxes_frac, lanes, limits.enlarged, limits.widened)
        surplus = association.corner_overlap(reach, found_reach)
        again = surplus[hidden] - np.float32(limits.found_again_overlap) if hidden.size else None
        surplus -= self._least_overlaps.take(is_sure)
        is_weak = scores < limits.unsure_score
        if np.count_nonzero(is_weak):
            surplus[:, is_weak] = _NEVER
        if again is not None:
            surplus[hidden] = np.where(is_sure, again, _NEVER)

        def ranks_of(rows: Rows, columns: Rows) -> Rows:
            if self._known == surplus.shape[0] and not hidden.size:
                return (~is_sure[columns]).astype(np.int64)
            of_sure = np.where(rows < self._known, 0, 3)
            if hidden.size:
                of_sure[(rows[:, None] == hidden).any(axis=1)] = 2
            return np.where(is_sure[columns], of_sure, 1)

        finds, is_taken = association.match(surplus, ranks_of)
        # Sure and not taken.
        is_new = is_sure > is_taken
        if np.count_nonzero(is_new):
            self._match_near(finds, is_new, hidden, reach, found_reach)
        return finds, is_new

    def _match_near(
        self, finds: Rows, is_new: Flags, hidden: Rows, reach: Floats, found_reach: Floats
    ) -> None:
        """Give known tracks that nothing overlaps the nearest of what is left, in place."""
        is_lost = finds[: self._known] < 0
        is_lost[hidden] = False
        rows = is_lost.nonzero()[0]
        if not rows.size:
            return
        left = is_new.nonzero()[0]
        ours, theirs = reach[:, rows, None], found_reach[:, None, left]
        height = ours[3] - ours[1]
        away = np.hypot(*((ours[:2] + ours[2:]) - (theirs[:2] + theirs[2:]))) / 2
        away += np.abs(theirs[3] - theirs[1] - height)
        chosen, to = association.assign(away / np.maximum(height, 1e-6), self._limits.near)
        finds[rows[chosen]] = left[to]
        is_new[left[to]] = False

    def _miss(self, is_seen: Flags, hidden: Rows, looked: Coverage | None, now_ns: int) -> Flags:
        """Let unseen still things rest, forget tentative tracks and those that are long gone.

        Returns: is_seen of those that are left.
        """
        book, limits = self._book, self._limits
        is_resting = self._is_still()
        is_resting &= ~is_seen
        if np.count_nonzero(is_resting):
            self._motion.rest(is_resting)
        is_missed = ~is_seen
        if looked is not None:
            is_missed &= looked.covers(self._motion.corners())
        book.missed += is_missed
        is_late = book.missed >= limits.left_looks
        are_late, are_tentative = np.count_nonzero(is_late), self._known < is_late.size
        if not (are_late or are_tentative) and limits.left_looks <= limits.hidden_looks:
            return is_seen  # nobody is given up sooner
        is_kept = book.last_ns >= now_ns - round(limits.hidden_seconds * 1e9)
        is_kept |= book.missed < limits.hidden_looks
        if are_late:
            is_late &= book.last_ns < now_ns - round(limits.left_seconds * 1e9)
            is_kept &= ~(is_late & self._motion.leaving(_EDGE_FRAC))
        is_kept[self._known :] = ~is_missed[self._known :]
        if hidden.size:
            is_kept[hidden] = True
        if np.count_nonzero(is_kept) == is_kept.size:
            return is_seen
        self._known = int(np.count_nonzero(is_kept[: self._known]))
        book.keep(is_kept)
        self._motion.keep(is_kept)
        return is_seen[is_kept]

    def _begin(self, is_new: Flags, found: Detections, now_ns: int) -> None:
        finds = (is_new & (found.scores >= self._limits.begin_score)).nonzero()[0]
        if not finds.size:
            return
        lanes = association.LANE_OF_CLASS.take(found.classes[finds])
        fresh = first_motion(found.boxes_frac[finds], lanes)
        feet = fresh.corners()[4:]
        self._book.extend(first_book(found, finds, feet, now_ns))
        self._motion.extend(fresh)

    def _number(self) -> bool:
        """Number the tracks that are known by now, and say whether there are any."""
        book, limits, known = self._book, self._limits, self._known
        looks = book.looks[known:]
        if not looks.size:
            return False
        is_known = looks >= limits.confirm_looks
        is_young = (looks >= limits.clear_looks) > is_known
        if np.count_nonzero(is_young):
            reach = self._motion.reach(limits.enlarged, limits.widened)
            common = association.corner_overlap(reach[:, known:], reach[:, :known])
            is_known |= is_young > (common > 0).any(axis=1)
        fresh = int(np.count_nonzero(is_known))
        if not fresh:
            return False
        if not is_known[:fresh].all():
            later = np.argsort(~is_known, kind="stable") + known
            order = np.concatenate((np.arange(known), later))
            book.keep(order)
            self._motion.keep(order)
        first = self._next_number
        book.numbers[known : known + fresh] = np.arange(first, first + fresh)
        self._known += fresh
        self._next_number += fresh
        return True

    def _is_still(self) -> Flags:
        """Things that kept their place until they were last seen."""
        book = self._book
        return book.last_ns - book.anchored_ns >= round(self._limits.still_seconds * 1e9)

    def _hidden_still(self, now_ns: int) -> Rows:
        """Known still things that are unseen for longer than others may be, and remembered."""
        book, limits = self._book, self._limits
        is_hidden = book.last_ns[: self._known] < now_ns - round(limits.hidden_seconds * 1e9 / 2)
        is_hidden &= book.missed[: self._known] > 0
        if not np.count_nonzero(is_hidden):
            return _NOBODY
        rows = (is_hidden & self._is_still()[: self._known]).nonzero()[0]
        family = association.FAMILY_OF_CLASS[book.classes[rows]]
        lasting = (family == association.VEHICLE_FAMILY) | (family == association.BAG_FAMILY)
        memory = np.where(lasting, limits.vehicle_memory_seconds, limits.other_memory_seconds)
        return rows[now_ns - book.last_ns[rows] <= memory * 1e9]

    def _tracks(self, corners: Floats) -> Tracks:
        """The known tracks; corners: float32 (6, n) of all."""
        known, book = self._known, self._book
        if not known:
            return no_tracks()
        integers, floats = book.integers[:, :known].copy(), book.floats[:3, :known].copy()
        numbers, _, last_ns, first_ns, anchored_ns, _, way_lengths, missed = integers
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


_NOBODY = np.zeros(0, np.int64)
