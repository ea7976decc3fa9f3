"""Crops into as few pictures as possible: guillotine cuts, the tightest free place first."""

from dataclasses import dataclass

from edge.eye.attention.crop import Canvas, Crop, Glance, Piece
from edge.eye.attention.widen import widened


class Pile:
    """Pictures that are being filled, at most so many."""

    def __init__(self, canvas: Canvas, most: int) -> None:
        self.canvas = canvas
        self._most = most
        self._sheets: list[_Sheet] = []
        self._crops: list[list[tuple[float, Crop]]] = []

    @property
    def left(self) -> int:
        """How many pictures may still be begun."""
        return self._most - len(self._sheets)

    def put(self, piece: Piece, urgency: float, *, may_begin: bool = True) -> bool:
        """Place a piece where there is room; False: there is none.

        may_begin: whether it is worth a picture of its own.
        """
        for sheet, crops in zip(self._sheets, self._crops, strict=True):
            spot = sheet.place(piece.placed_width_px, piece.placed_height_px)
            if spot is not None:
                crops.append((urgency, piece.at(*spot)))
                return True
        if not (may_begin and self.left > 0):
            return False
        sheet = _Sheet([(0, 0, self.canvas.width_px, self.canvas.height_px)])
        spot = sheet.place(piece.placed_width_px, piece.placed_height_px)
        if spot is None:
            return False
        self._sheets.append(sheet)
        self._crops.append([(urgency, piece.at(*spot))])
        return True

    def glances(self, frame_px: tuple[int, int]) -> tuple[Glance, ...]:
        """The pictures, in each the most urgent crops first, with what room is left around them."""
        ordered = [sorted(crops, key=lambda one: -one[0]) for crops in self._crops]
        glances = (tuple(crop for _, crop in crops) for crops in ordered)
        return tuple(widened(glance, self.canvas, frame_px) for glance in glances)


@dataclass(slots=True)
class _Sheet:
    """One picture; free: left, top, width, height of what is left of it."""

    free: list[tuple[int, int, int, int]]

    def place(self, width_px: int, height_px: int) -> tuple[int, int] | None:
        """Where a rectangle lies from now on; None where there is no room."""
        best, best_waste = -1, 0
        for number, (_, _, width, height) in enumerate(self.free):
            if width < width_px or height < height_px:
                continue
            waste = min(width - width_px, height - height_px)
            if best < 0 or waste < best_waste:
                best, best_waste = number, waste
        if best < 0:
            return None
        left, top, width, height = self.free.pop(best)
        beside, below = width - width_px, height - height_px
        # The cut that leaves the larger rectangle whole.
        is_tall = beside * height > below * width
        if beside:
            self.free.append((left + width_px, top, beside, height if is_tall else height_px))
        if below:
            self.free.append((left, top + height_px, width_px if is_tall else width, below))
        return left, top
