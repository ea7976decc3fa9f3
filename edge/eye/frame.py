"""One picture as the analysis sees it: masked, scaled, stamped."""

from dataclasses import dataclass

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
