"""The plan: from what is wanted to at most so many pictures for the detector. Pure.

As sharp as there is room for: the things sought are shown at the largest height at which all that
is due fits. What finds no room even at the smallest waits for the next frame, where it is more
urgent. The whole frame comes first where it shows clearly enough of what is due: it shows everybody
at once, and whoever has just come. What it shows lower than is best comes beside it, in crops.
"""

from collections.abc import Sequence

import numpy as np

from edge.eye.attention.cover import Cut, cover, scales_of
from edge.eye.attention.crop import EVEN_PX, LARGEST_SCALE, Canvas, Crop, Glance, Piece
from edge.eye.attention.pack import Pile
from edge.eye.attention.wants import DUE, Flags, Floats, Wants

# How tall a thing is shown, in what the detector needs: the first at which all that is due fits.
# Measured with two detectors: what is found falls fast below what is needed, so that in a crowd it
# is better to show some at a time than all of them smaller.
TALLER = (1.4, 1.2, 1.0)
# What the whole frame shows lower than this part of tall_px comes beside it, where there is time.
_BESIDE_BELOW = 0.9
# What the whole frame shows clearly counts so many times as much as what it does not: it shows
# everybody at once, and whoever has just come.
_WEIGHT = 2.0
# The frame is divided into so many parts a side to see how much of it is wanted.
_GRID = 64
# Rectangles never fill a picture; so much of it is counted on.
_FILLED = 0.8


def plan(
    wants: Wants, frame_px: tuple[int, int], canvas: Canvas, most: int, *, is_whole_due: bool
) -> tuple[Glance, ...]:
    """At most `most` glances, the most urgent crops in them.

    frame_px: width and height of the frame, even. is_whole_due: the first glance shows the whole
    frame, and beside it what there is room for. It may do so unasked.
    """
    if most <= 0:
        return ()
    wants = _within(wants, frame_px)
    is_due = wants.urgencies >= DUE
    if not (is_whole_due or is_due.any()):
        return ()
    whole = _whole_piece(frame_px, canvas)
    shown_px = wants.heights_px * whole.scale
    is_clear = shown_px[is_due] >= canvas.clear_px
    if not (is_whole_due or _is_whole_first(wants.only(is_due), is_clear)):
        return _crops(wants, frame_px, canvas, most)
    is_low = shown_px < _BESIDE_BELOW * canvas.tall_px
    return _beside(whole, wants.only(is_low), frame_px, canvas, most)


def whole_crop(frame_px: tuple[int, int], canvas: Canvas) -> Crop:
    """The whole frame in the top left corner of the canvas."""
    return _whole_piece(frame_px, canvas).at(0, 0)


def tiles(area_px: Floats, window_px: tuple[float, float], overlap: float) -> Floats:
    """float32 (k, 4): windows that cover an area, each overlapping the next by a part of itself.

    area_px: left, top, right, bottom. What fits into a window is one tile.
    """
    spans = []
    for low, high, window in zip(area_px[:2], area_px[2:], window_px, strict=True):
        length = min(float(high - low), window)
        step = max(length * (1 - overlap), 1e-6)
        count = max(1, int(np.ceil((high - low - length) / step - 1e-6)) + 1)
        spans.append((np.linspace(low, high - length, count), length))
    (lefts, width), (tops, height) = spans
    corners = np.array([(left, top) for top in tops for left in lefts], np.float32)
    return np.concatenate((corners, corners + np.array([width, height], np.float32)), axis=1)


def _is_whole_first(due: Wants, is_shown: Flags) -> bool:
    """Whether the whole frame shows enough of what is due, by urgency."""
    shown, hidden = due.urgencies[is_shown].sum(), due.urgencies[~is_shown].sum()
    return float(shown) * _WEIGHT >= float(hidden)


def _beside(
    whole: Piece, wants: Wants, frame_px: tuple[int, int], canvas: Canvas, most: int
) -> tuple[Glance, ...]:
    """The whole frame, and what it does not show clearly in crops."""
    is_full = (whole.placed_width_px, whole.placed_height_px) == (canvas.width_px, canvas.height_px)
    if is_full and not (wants.urgencies >= DUE).any():
        return ((whole.at(0, 0),),)  # no room beside it, and nothing worth another picture
    return _crops(wants, frame_px, canvas, most, whole)


def _crops(
    wants: Wants,
    frame_px: tuple[int, int],
    canvas: Canvas,
    most: int,
    whole: Piece | None = None,
) -> tuple[Glance, ...]:
    """What is wanted as sharp as there is room for, after the whole frame where that is given."""
    pile = Pile(canvas, most)
    for taller in _heights_to_try(wants, frame_px, canvas, most):
        pile = Pile(canvas, most)
        if whole is not None:
            pile.put(whole, np.inf)
        scales = scales_of(wants, canvas, canvas.tall_px * taller, LARGEST_SCALE)
        if _fill(pile, cover(wants, canvas, scales), frame_px):
            break
    return pile.glances()


def _whole_piece(frame_px: tuple[int, int], canvas: Canvas) -> Piece:
    width, height = frame_px
    if not canvas.keeps_aspect:
        return Piece(0, 0, width, height, canvas.width_px, canvas.height_px)
    scale = min(canvas.width_px / width, canvas.height_px / height)
    placed = (_even(width * scale, canvas.width_px), _even(height * scale, canvas.height_px))
    return Piece(0, 0, width, height, *placed)


def _within(wants: Wants, frame_px: tuple[int, int]) -> Wants:
    """Cut to the frame; what has left it is dropped."""
    boxes = wants.boxes_px.clip(0, np.array(frame_px * 2, np.float32))
    is_there = ((boxes[:, 2:] - boxes[:, :2]) >= EVEN_PX).all(axis=1)
    inside = Wants(np.asarray(boxes, np.float32), wants.heights_px, wants.urgencies)
    return inside if is_there.all() else inside.only(is_there)


def _heights_to_try(
    wants: Wants, frame_px: tuple[int, int], canvas: Canvas, most: int
) -> Sequence[float]:
    """Of TALLER, those at which all that is due may find room; at least the smallest.

    Where things overlap they share a crop, so each place of the frame counts once, as sharply as
    it is wanted.
    """
    due = wants.only(wants.urgencies >= DUE)
    scales = scales_of(due, canvas, canvas.tall_px, LARGEST_SCALE)
    side = np.array(frame_px, np.float32) / _GRID
    spans = np.concatenate((due.boxes_px[:, :2] // side, -(-due.boxes_px[:, 2:] // side)), axis=1)
    needed = np.zeros((_GRID, _GRID), np.float32)
    for (left, top, right, bottom), scale in zip(
        spans.astype(np.int64).tolist(), scales.tolist(), strict=True
    ):
        part = needed[top:bottom, left:right]
        np.maximum(part, scale * scale, out=part)
    room = most * canvas.width_px * canvas.height_px * _FILLED
    taken = float(needed.sum() * side.prod())
    return [each for each in TALLER if taken * each**2 <= room] or [TALLER[-1]]


def _fill(pile: Pile, cuts: Sequence[Cut], frame_px: tuple[int, int]) -> bool:
    """Place what there is room for; whether that is all that is due."""
    is_all = True
    for number in _in_packing_order(cuts, pile):
        cut = cuts[number]
        is_due = cut.urgency >= DUE
        is_placed = pile.put(_piece(cut, frame_px, pile.canvas), cut.urgency, may_begin=is_due)
        is_all &= is_placed or not is_due
    return is_all


def _in_packing_order(cuts: Sequence[Cut], pile: Pile) -> list[int]:
    """The most urgent that may fit, the tallest of them first; then all others, by urgency."""
    room = pile.left * pile.canvas.width_px * pile.canvas.height_px * _FILLED
    taken = np.cumsum([each.placed_area_px for each in cuts])
    is_due = np.array([each.urgency >= DUE for each in cuts], np.bool_)
    count = int(np.count_nonzero((taken <= room) & is_due))
    chosen = sorted(range(count), key=lambda one: -cuts[one].placed_height_px)
    return [*chosen, *range(count, len(cuts))]


def _piece(cut: Cut, frame_px: tuple[int, int], canvas: Canvas) -> Piece:
    """A cut at even pixels, within the frame and no larger than the canvas."""
    sides = []
    for low, high, frame_side, canvas_side in (
        (cut.left, cut.right, frame_px[0], canvas.width_px),
        (cut.top, cut.bottom, frame_px[1], canvas.height_px),
    ):
        start = min(int(low) // EVEN_PX * EVEN_PX, frame_side - EVEN_PX)
        end = min(frame_side, -(-int(np.ceil(high)) // EVEN_PX) * EVEN_PX)
        sides.append((start, end - start, _even((end - start) * cut.scale, canvas_side)))
    (left, width, placed_width), (top, height, placed_height) = sides
    return Piece(left, top, width, height, placed_width, placed_height)


def _even(length: float, most: int) -> int:
    return max(EVEN_PX, min(round(length / EVEN_PX) * EVEN_PX, most // EVEN_PX * EVEN_PX))
