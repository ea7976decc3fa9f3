"""One camera's attention: what it wants to see now, and when it saw what.

Three kinds of want. What is followed: soon while it moves, now and then while it stands. What
moves and is nobody's: at once, and less and less often where nothing is ever found. The places
that the site's rules are about, piece by piece, and the whole frame: after their own periods.
Urgency is waiting time over period, so whatever waits comes first in the end.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.eye.association import overlap
from edge.eye.attention.crop import LARGEST_SCALE, Canvas, Glance
from edge.eye.attention.merge import looked_at
from edge.eye.attention.plan import plan, tiles
from edge.eye.attention.stirring import MOVING_SECONDS, Stirring
from edge.eye.attention.view import View, moves, walks
from edge.eye.attention.wants import DUE, Floats, Wants, all_of, around, no_wants
from edge.eye.coverage import Coverage
from edge.eye.detections import Detections
from edge.eye.gate import CELLS_HIGH, CELLS_WIDE

_NS = 1_000_000_000
# Periods in seconds of what does not move.
_HIDDEN, _RESTING, _STILL = 0.3, 1.0, 2.0
# What was found so surely, and belongs to no track by so much overlap, is worth a sharper look; it
# is forgotten after a while.
_HINT_SCORE, _OWN_OVERLAP = 0.2, 0.3
_HINT_NS = 2 * _NS
# At the beginning every place has waited for so many periods: due, after whatever moves.
_FIRST_URGENCY = 1.0
# What stands at a place of the site is sought from this part of the frame's height on, and a
# moving place is taken for one thing up to twice the usual one.
_SOUGHT_FRAC = 1 / 12
_USUAL_FRAC = 1 / 8
_TILE_OVERLAP = 0.3
# What is small may have gone so much further, in heights of the frame, than it is tall.
_STRAYING_FRAC = 0.015
# How far a thing of which only the place is known is looked for after a second, in heights.
_HINT_STRAYING = 0.5
_FOLLOWED_MARGIN, _MOVING_MARGIN = 0.25, 0.15


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen. is_due: something was wanted, whether there was time for it or not."""

    is_due: bool
    glances: tuple[Glance, ...]


@dataclass(frozen=True, slots=True)
class Habits:
    """How often a camera looks at what does not move, seconds.

    whole_seconds: the whole frame; sweep_seconds: each place of the site at full sharpness.
    """

    whole_seconds: float = 2.0
    sweep_seconds: float = 30.0


def sweep_looks(canvas: Canvas, places_frac: Floats, frame_px: tuple[int, int]) -> int:
    """How many looks of the detector show each of the site's places once, at full sharpness."""
    boxes = _tiles_of(places_frac, frame_px, canvas)
    height = canvas.tall_px / _sought_scale(frame_px, canvas)
    every = np.full(len(boxes), height, np.float32)
    wants = Wants(boxes, every, np.full(len(boxes), DUE, np.float32))
    return len(plan(wants, frame_px, canvas, len(boxes), is_whole_due=False))


class Attention:
    """Chooses glances for one camera; all state between frames is here."""

    def __init__(self, canvas: Canvas, places_frac: Floats, habits: Habits) -> None:
        """places_frac: float32 (k, 4), what the site's rules are about, in fractions."""
        self._canvas, self._places, self._habits = canvas, places_frac, habits
        self._frame_px = (0, 0)
        self._tiles = np.zeros((0, 4), np.float32)
        self._tiles_ns = np.zeros(0, np.int64)
        self._whole_ns: int | None = None
        self._followed_ns: dict[int, int] = {}
        self._hints, self._hints_ns = np.zeros((0, 4), np.float32), np.zeros(0, np.int64)
        self._stirring = Stirring()

    def choose(self, view: View, most: int) -> Choice:
        """At most `most` glances at this frame; none where nothing is due. Once for each frame."""
        if view.frame_px != self._frame_px:
            self._begin(view)
        is_whole_due = (
            self._whole_ns is None
            or view.now_ns - self._whole_ns >= self._habits.whole_seconds * _NS
        )
        wants = self._wants(view)
        self._stirring.follow(view)
        if not is_whole_due and not (wants.urgencies >= DUE).any():
            return Choice(is_due=False, glances=())
        frame_px, canvas = view.frame_px, self._canvas
        return Choice(True, plan(wants, frame_px, canvas, most, is_whole_due=is_whole_due))

    def note(self, view: View, glances: tuple[Glance, ...], found: Detections) -> None:
        """These glances were looked at, and this was found in them.

        view: as it was chosen by, with the tracks that have come of it.
        """
        now_ns = view.now_ns
        looked = looked_at(glances, view.frame_px, self._canvas)
        if any(crop.is_whole(view.frame_px) for glance in glances for crop in glance):
            self._whole_ns = now_ns
        tracks = view.tracks
        is_covered = looked.covers(tracks.boxes_frac.T)
        for number, is_looked in zip(tracks.numbers.tolist(), is_covered.tolist(), strict=True):
            if is_looked or number not in self._followed_ns:
                self._followed_ns[number] = now_ns
        known = set(tracks.numbers.tolist())
        self._followed_ns = {n: at for n, at in self._followed_ns.items() if n in known}
        self._note_hints(view, found, looked)
        if len(self._tiles):
            self._note_tiles(view, glances)
        self._stirring.note(view, glances, found)

    def _begin(self, view: View) -> None:
        """Take the size of the frame; the site's places become tiles."""
        self._frame_px = view.frame_px
        self._scale = _sought_scale(view.frame_px, self._canvas)
        self._tiles = _tiles_of(self._places, view.frame_px, self._canvas)
        waited_ns = round(_FIRST_URGENCY * self._habits.sweep_seconds * _NS)
        self._tiles_ns = np.full(len(self._tiles), view.now_ns - waited_ns, np.int64)

    def _wants(self, view: View) -> Wants:
        return all_of(
            self._followed(view), self._hinted(view), self._moving(view), self._swept(view)
        )

    def _followed(self, view: View) -> Wants:
        tracks = view.tracks
        if not len(tracks):
            return no_wants()
        boxes = tracks.boxes_frac * np.array(view.frame_px * 2, np.float32)
        seen = [self._followed_ns.get(number, 0) for number in tracks.numbers.tolist()]
        waited = (view.now_ns - np.array(seen, np.int64)) / _NS
        periods = np.where(tracks.is_still, _STILL, _RESTING)
        periods[~tracks.is_seen & ~tracks.is_still] = _HIDDEN
        periods[moves(view.motion, tracks.boxes_frac) | walks(tracks)] = MOVING_SECONDS
        return Wants(
            around(boxes, _FOLLOWED_MARGIN, self._frame_px[1] * _STRAYING_FRAC),
            boxes[:, 3] - boxes[:, 1],
            np.asarray(waited / periods, np.float32),
        )

    def _hinted(self, view: View) -> Wants:
        """What was seen and is no track: a sharper look says what it is."""
        if not len(self._hints):
            return no_wants()
        boxes = self._hints * np.array(view.frame_px * 2, np.float32)
        periods = np.where(moves(view.motion, self._hints), MOVING_SECONDS, _HIDDEN)
        waited = (view.now_ns - self._hints_ns) / _NS
        return Wants(
            self._around(boxes, _HINT_STRAYING * waited),
            boxes[:, 3] - boxes[:, 1],
            np.asarray(waited / periods, np.float32),
        )

    def _around(self, boxes_px: Floats, astray: npt.NDArray[np.float64]) -> Floats:
        """Boxes with room for what has gone on since it was seen; astray: so far, in heights."""
        margins = np.asarray(_FOLLOWED_MARGIN + astray.clip(0, _HINT_STRAYING), np.float32)
        return around(boxes_px, margins, self._frame_px[1] * _STRAYING_FRAC)

    def _moving(self, view: View) -> Wants:
        """What moves beside the things that are followed."""
        if not view.motion.is_active:
            return no_wants()
        known = np.concatenate((view.tracks.boxes_frac, self._hints))
        places, urgencies = self._stirring.places(view, known)
        if not len(places):
            return no_wants()
        cell = np.array([view.frame_px[0] / CELLS_WIDE, view.frame_px[1] / CELLS_HIGH] * 2)
        boxes = (places * cell).astype(np.float32)
        heights = (boxes[:, 3] - boxes[:, 1]) - np.float32(cell[1])
        usual = self._usual_px(view)
        wants = Wants(around(boxes, _MOVING_MARGIN), heights, urgencies)
        is_large = heights > 2 * usual
        if not is_large.any():
            return wants
        return all_of(wants, *(self._pieces(wants, row, usual) for row in is_large.nonzero()[0]))

    def _pieces(self, wants: Wants, row: int, usual_px: float) -> Wants:
        """A moving place larger than a thing of usual height, in pieces that show such things."""
        scale = min(LARGEST_SCALE, self._canvas.tall_px / usual_px)
        window = (self._canvas.width_px / scale, self._canvas.height_px / scale)
        boxes = tiles(wants.boxes_px[row], window, _TILE_OVERLAP)
        count = len(boxes)
        urgencies = np.full(count, wants.urgencies[row], np.float32)
        return Wants(boxes, np.full(count, usual_px, np.float32), urgencies)

    def _swept(self, view: View) -> Wants:
        waited = (view.now_ns - self._tiles_ns) / _NS
        height = self._canvas.tall_px / self._scale
        is_near_due = waited >= self._habits.sweep_seconds / 2
        return Wants(
            self._tiles,
            np.full(len(self._tiles), height, np.float32),
            np.asarray(waited / self._habits.sweep_seconds, np.float32),
        ).only(is_near_due)

    def _usual_px(self, view: View) -> float:
        heights = view.tracks.heights_frac
        frac = float(np.median(heights)) if len(heights) else _USUAL_FRAC
        return max(8.0, frac * view.frame_px[1])

    def _note_hints(self, view: View, found: Detections, looked: Coverage) -> None:
        """Keep what was found and is no track until its place is looked at again."""
        is_kept = ~looked.covers(self._hints.T)
        is_kept &= view.now_ns - self._hints_ns < _HINT_NS
        vague = found.boxes_frac[found.scores >= _HINT_SCORE]
        if len(view.tracks) and len(vague):
            vague = vague[overlap(vague, view.tracks.boxes_frac).max(axis=1) < _OWN_OVERLAP]
        self._hints = np.concatenate((self._hints[is_kept], vague))
        fresh = np.full(len(vague), view.now_ns, np.int64)
        self._hints_ns = np.concatenate((self._hints_ns[is_kept], fresh))

    def _note_tiles(self, view: View, glances: tuple[Glance, ...]) -> None:
        for glance in glances:
            for crop in glance:
                if crop.scale < 0.7 * self._scale:
                    continue
                edges = np.array(crop.edges_px, np.float32)
                is_in = (self._tiles[:, :2] >= edges[:2] - 3).all(axis=1)
                is_in &= (self._tiles[:, 2:] <= edges[2:] + 3).all(axis=1)
                self._tiles_ns[is_in] = view.now_ns


def _sought_scale(frame_px: tuple[int, int], canvas: Canvas) -> float:
    """Pixels of the detector's picture for one of the frame, where nobody knows who is sought."""
    return min(1.0, canvas.tall_px / (frame_px[1] * _SOUGHT_FRAC))


def _tiles_of(places_frac: Floats, frame_px: tuple[int, int], canvas: Canvas) -> Floats:
    """float32 (n, 4): the site's places in pieces of the frame that one look each shows."""
    scale = _sought_scale(frame_px, canvas)
    window = (canvas.width_px / scale, canvas.height_px / scale)
    frame = np.array(frame_px * 2, np.float32)
    each = [tiles(place * frame, window, _TILE_OVERLAP) for place in places_frac]
    return np.concatenate([np.zeros((0, 4), np.float32), *each])
