"""One picture as the analysis sees it: masked, scaled, stamped."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded picture in planes (I420), scaled for analysis, privacy masks burned in.

    number: count of decoded frames of this camera since it was opened, from 0.
    captured_utc_ns: capture time, nanoseconds since 1970-01-01 UTC.
    captured_monotonic_ns: arrival on the device's monotonic clock, or the replay's own time;
        orders frames and measures durations.
    source_width_px, source_height_px: size the camera delivers.
    luma: uint8, shape (height, width), both even.
    chroma_u, chroma_v: uint8, shape (height / 2, width / 2).
    halves: the brightness halved once and again, as far as `picture.averaged_luma` was asked for
        it: whoever looks at the whole of a large frame reads it but once.

    The arrays belong to the receiver until the next frame is asked for.
    """

    camera: str
    number: int
    captured_utc_ns: int
    captured_monotonic_ns: int
    source_width_px: int
    source_height_px: int
    luma: Plane
    chroma_u: Plane
    chroma_v: Plane
    halves: list[Plane] = field(default_factory=list, repr=False, compare=False)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height, as scaled for analysis."""
        height_px, width_px = self.luma.shape
        return width_px, height_px
