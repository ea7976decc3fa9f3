"""The plan: from what is wanted to at most so many pictures for the detector. Pure.

As sharp as there is room for: the things sought are shown as tall, and with as much around them, as
all that is due fits. What finds no room even then waits for the next frame, where it is more
urgent. The whole frame comes first where it shows clearly enough of what is due: it shows everybody
at once, and whoever has just come. What it shows lower than is best comes beside it, in crops.
"""

from collections.abc import Sequence

import numpy as np

from edge.eye.attention.cover import Cut, cover
from edge.eye.attention.crop import EVEN_PX, Canvas, Crop, Glance, Piece
from edge.eye.attention.pack import Pile
from edge.eye.attention.showing import FILLED, showings_to_try, shown
from edge.eye.attention.wants import DUE, Flags, Floats, Wants

# What the whole frame shows lower than this part of tall_px comes beside it, where there is time:
# in the same picture; and of people close together, in further ones.
_BESIDE_BELOW, _CROWDED_BELOW = 0.9, 1.4
# What the whole frame shows clearly counts so many times as much as what it does not: it shows
# everybody at once, and whoever has just come.
_WEIGHT = 2.0


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
    is_crowded = wants.are_crowded() & (most > 1)
    below = np.where(is_crowded, _CROWDED_BELOW, _BESIDE_BELOW)
    is_low = shown_px < below * canvas.tall_px
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
    beside = canvas.width_px - whole.placed_width_px, canvas.height_px - whole.placed_height_px
    is_room_beside = max(beside) >= canvas.least_px
    is_worth_more = most > 1 and bool((wants.urgencies >= DUE).any())
    if not (is_room_beside or is_worth_more):
        return ((whole.at(0, 0),),)
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
    room_px = most * canvas.width_px * canvas.height_px
    if whole is not None:
        room_px -= whole.placed_width_px * whole.placed_height_px
    for showing in showings_to_try(wants, frame_px, canvas, room_px):
        pile = Pile(canvas, most)
        if whole is not None:
            pile.put(whole, np.inf)
        wider, scales = shown(wants, showing, frame_px, canvas)
        if _fill(pile, cover(wider, canvas, scales), frame_px):
            break
    return pile.glances(frame_px)


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
    room = pile.left * pile.canvas.width_px * pile.canvas.height_px * FILLED
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
