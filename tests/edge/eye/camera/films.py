"""Small films with known content, made on the spot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

Picture = npt.NDArray[np.uint8]


def grey(number: int, width_px: int, height_px: int) -> Picture:
    """Each picture a little brighter than the one before."""
    return np.full((height_px, width_px, 3), 20 + number * 5 % 200, np.uint8)


@dataclass(frozen=True, slots=True)
class Film:
    """What to encode. stamps: in thousandths of a second; None: an even 25 a second."""

    width_px: int = 320
    height_px: int = 240
    count: int = 25
    codec: str = "libx264"
    pixels: str = "yuv420p"
    draw: Callable[[int, int, int], Picture] = grey
    stamps: Sequence[int] | None = None
    turned_degrees: int = 0
    options: dict[str, str] = field(default_factory=dict)


def write_film(path: Path, film: Film) -> Path:
    """Encode a film; the container follows from the name."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(film.codec, rate=25, options=film.options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = film.width_px, film.height_px, film.pixels
        stream.codec_context.thread_count = 1
        if film.stamps is not None:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        if film.turned_degrees:
            stream.set_display_rotation(film.turned_degrees)
        for number in range(film.count):
            drawn = film.draw(number, film.width_px, film.height_px)
            frame = av.VideoFrame.from_ndarray(drawn, "rgb24")
            if film.stamps is not None:
                frame.pts, frame.time_base = film.stamps[number], Fraction(1, 1000)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def write_sound(path: Path) -> Path:
    """A file without any picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        assert isinstance(stream, AudioStream)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        for packet in [*stream.encode(frame), *stream.encode()]:
            container.mux(packet)
    return path
