"""A glance: one picture for the detector, made of crops of a frame that lie side by side."""

from dataclasses import dataclass
from typing import NamedTuple

# Crops lie at even pixels, as the colours of the planes do.
EVEN_PX = 2
# A box this near to a crop's edge, in pixels of the detector's picture, is cut by it.
CUT_PX = 3
# A crop is enlarged at most this much: beyond it there is nothing more to see.
LARGEST_SCALE = 3.0
# Two things go into one crop if neither is shown more than this much smaller than it should.
ALIKE = 1.4


@dataclass(frozen=True, slots=True)
class Canvas:
    """The picture that a detector takes.

    keeps_aspect: it learnt from pictures that were not stretched. tall_px: how tall a thing must be
    in it to be found well. clear_px: from which height on a sharper crop finds hardly more.
    """

    width_px: int
    height_px: int
    keeps_aspect: bool
    tall_px: int = 64
    clear_px: int = 64

    @property
    def least_px(self) -> float:
        """What is lower is not surely found, so that its absence proves nothing.

        By AP50 of PETS with a look a frame: .88 at 0.4 of tall_px, .91 here, .90 at 0.3.
        """
        return 0.35 * self.tall_px


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of the frame and its place in the detector's picture; even pixels of both.

    left_px, top_px, width_px, height_px: of the frame. x_px, y_px, placed_width_px,
    placed_height_px: of the detector's picture.
    """

    left_px: int
    top_px: int
    width_px: int
    height_px: int
    x_px: int
    y_px: int
    placed_width_px: int
    placed_height_px: int

    @property
    def scale(self) -> float:
        """Pixels of the detector's picture for one of the frame, downwards."""
        return self.placed_height_px / self.height_px

    @property
    def is_sharpest(self) -> bool:
        """Whether what is too small for the detector here will never be shown any larger."""
        return self.scale >= LARGEST_SCALE / ALIKE

    @property
    def edges_px(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom, of the frame."""
        right_px, bottom_px = self.left_px + self.width_px, self.top_px + self.height_px
        return self.left_px, self.top_px, right_px, bottom_px

    @property
    def placed_edges_px(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom, of the detector's picture."""
        right_px, bottom_px = self.x_px + self.placed_width_px, self.y_px + self.placed_height_px
        return self.x_px, self.y_px, right_px, bottom_px

    def is_whole(self, frame_px: tuple[int, int]) -> bool:
        """Whether it shows all of a frame of this width and height."""
        return (self.width_px, self.height_px) == frame_px


class Piece(NamedTuple):
    """A part of the frame and its size in the detector's picture, where it has no place yet."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int
    placed_width_px: int
    placed_height_px: int

    @property
    def scale(self) -> float:
        """Pixels of the detector's picture for one of the frame, downwards."""
        return self.placed_height_px / self.height_px

    def at(self, x_px: int, y_px: int) -> Crop:
        """The crop that it is when it lies there."""
        return Crop(*self[:4], x_px, y_px, *self[4:])


Glance = tuple[Crop, ...]
"""The crops of one picture for the detector, the most urgent first."""
