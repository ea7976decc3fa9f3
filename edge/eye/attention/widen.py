"""What room is left beside crops shows more of the frame around them: it costs nothing. Pure."""

import itertools

from edge.eye.attention.crop import EVEN_PX, Canvas, Crop, Glance

# Sides of a crop: their number among left, top, right and bottom.
_SIDES = range(4)
Edges = tuple[int, int, int, int]


def widened(glance: Glance, canvas: Canvas, frame_px: tuple[int, int]) -> Glance:
    """The same crops, each on every side as far as the frame, the canvas and the others allow.

    The first is the first to take room. Every crop keeps its scale.
    """
    crops, places = list(glance), [crop.placed_edges_px for crop in glance]
    for number, side in itertools.product(range(len(crops)), _SIDES):
        room_px = _room_px(number, side, places, canvas)
        if room_px < EVEN_PX:
            continue
        scale = _scale(glance[number], side % 2)
        crops[number] = _extended(crops[number], side, room_px, scale, frame_px)
        places[number] = crops[number].placed_edges_px
    return tuple(crops)


def _room_px(number: int, side: int, places: list[Edges], canvas: Canvas) -> int:
    """How far it is from a side of a crop to the next crop or to the edge of the canvas."""
    edges, across = places[number], 1 - side % 2
    low, high = edges[across], edges[across + 2]
    beside = [each for each in places if each[across] < high and each[across + 2] > low]
    if side < 2:
        before = [each[side + 2] for each in beside if each[side + 2] <= edges[side]]
        return edges[side] - max(before, default=0)
    after = [each[side - 2] for each in beside if each[side - 2] >= edges[side]]
    return min(after, default=(canvas.width_px, canvas.height_px)[side - 2]) - edges[side]


def _extended(crop: Crop, side: int, room_px: int, scale: float, frame_px: tuple[int, int]) -> Crop:
    """A crop that shows more at one side: at most so many pixels of the canvas, at even ones.

    scale: of the crop as it was before any side was extended, so that no rounding adds up.
    """
    axis = side % 2
    lengths = [crop.width_px, crop.height_px]
    placed = [crop.placed_width_px, crop.placed_height_px]
    starts, spots = [crop.left_px, crop.top_px], [crop.x_px, crop.y_px]
    left_over = starts[axis] if side < 2 else frame_px[axis] - crop.edges_px[side]
    more = _even(min(room_px / scale, left_over))
    most = placed[axis] + _even(room_px)
    more_placed = min(_even((lengths[axis] + more) * scale + EVEN_PX / 2), most) - placed[axis]
    if more <= 0 or more_placed <= 0:
        return crop
    if side < 2:
        starts[axis] -= more
        spots[axis] -= more_placed
    lengths[axis] += more
    placed[axis] += more_placed
    return Crop(*starts, *lengths, *spots, *placed)


def _scale(crop: Crop, axis: int) -> float:
    """Pixels of the canvas for one of the frame; axis: 0 across, 1 downwards."""
    return crop.scale if axis else crop.placed_width_px / crop.width_px


def _even(length: float) -> int:
    return int(length) // EVEN_PX * EVEN_PX
