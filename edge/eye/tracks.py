"""What the tracker knows after a look: one row per thing, in arrays that rules read."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edge.wire.event import Box

# A way is remembered as so many foot points, one each WAY_PERIOD_NS: 32 s of history.
WAY_POINTS = 32
WAY_PERIOD_NS = 1_000_000_000
# As far as the foot of a box may wander, in heights, while what it shows stays.
_WANDERS = np.float32(0.25)

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tracks:
    """Confirmed tracks, oldest number first; arrays of n rows, never changed after.

    numbers: int64 (n,), from 1, never used twice within one run of a tracker.
    classes: uint8 (n,), numbers of edge.wire ObjectClass, by vote.
    boxes_frac: float32 (n, 4), left, top, right, bottom, smoothed, may reach past the frame.
    scores: float32 (n,), of the last detection; best_scores: the highest so far.
    is_seen: bool (n,), found at the last look at its place; False: expected there, but hidden.
    is_still: bool (n,), has kept its place long enough to be remembered there.
    first_seen_ns, last_seen_ns: int64 (n,), monotonic.
    travel_frac: float32 (n,), how far the foot has been from where it began.
    ways_frac: float32 (n, WAY_POINTS, 2), foot points before now, newest first.
    way_lengths: int64 (n,), how many of them are known.
    """

    numbers: Integers
    classes: npt.NDArray[np.uint8]
    boxes_frac: Floats
    scores: Floats
    best_scores: Floats
    is_seen: npt.NDArray[np.bool_]
    is_still: npt.NDArray[np.bool_]
    first_seen_ns: Integers
    last_seen_ns: Integers
    travel_frac: Floats
    ways_frac: Floats
    way_lengths: Integers

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def feet_frac(self) -> Floats:
        """float32 (n, 2): the middle of each box's lower edge, where the thing stands."""
        boxes = self.boxes_frac
        return np.stack(((boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]), axis=1)

    @property
    def heights_frac(self) -> Floats:
        """float32 (n,): box heights."""
        return np.asarray(self.boxes_frac[:, 3] - self.boxes_frac[:, 1])

    def have_come(self, least_frac: float) -> npt.NDArray[np.bool_]:
        """Which have been so far from where they began, bool (n,); asked for no way, all have.

        Nor has come what keeps its place as far as its box tells, which wanders with its size.
        """
        if not least_frac:
            return np.ones(len(self), np.bool_)
        least = np.maximum(_WANDERS * self.heights_frac, np.float32(least_frac))
        return np.asarray(self.travel_frac >= least)

    def moved(self, shift_frac: Floats) -> "Tracks":
        """All boxes and ways so far across and down, float32 (2,)."""
        return replace(
            self,
            boxes_frac=self.boxes_frac + np.tile(shift_frac, 2),
            ways_frac=self.ways_frac + shift_frac,
        )

    def box(self, row: int) -> Box:
        """One track's box, cut to the frame."""
        left, top, right, bottom = np.clip(self.boxes_frac[row], 0.0, 1.0).tolist()
        return Box(left, top, right, bottom)

    def way(self, row: int) -> list[tuple[float, float]]:
        """One track's foot points, newest first, beginning with the foot of `box(row)`."""
        box = self.box(row)
        past = self.ways_frac[row, : self.way_lengths[row]].tolist()
        return [((box.left_frac + box.right_frac) / 2, box.bottom_frac), *map(tuple, past)]


def no_tracks() -> Tracks:
    """What a tracker knows before it has seen anything."""
    nothing = np.zeros(0, np.float32)
    never = np.zeros(0, np.int64)
    return Tracks(
        numbers=never,
        classes=np.zeros(0, np.uint8),
        boxes_frac=np.zeros((0, 4), np.float32),
        scores=nothing,
        best_scores=nothing,
        is_seen=np.zeros(0, np.bool_),
        is_still=np.zeros(0, np.bool_),
        first_seen_ns=never,
        last_seen_ns=never,
        travel_frac=nothing,
        ways_frac=np.zeros((0, WAY_POINTS, 2), np.float32),
        way_lengths=never,
    )
