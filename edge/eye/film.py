"""Drawn pictures as a video: MP4 in a file, Matroska into a pipe."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import av
import numpy as np
import numpy.typing as npt
from av.container import OutputContainer

_CODEC: Final = "libx264"
_PIXELS = "yuv420p"


class Film:
    """One video that is being written; all pictures have the size of the first."""

    def __init__(self, container: OutputContainer, fps: float) -> None:
        self._container = container
        self._stream = container.add_stream(_CODEC, rate=max(1, round(fps)))

    @classmethod
    @contextmanager
    def at(cls, video: Path, fps: float) -> "Iterator[Film]":
        """A file, written beside its name first, so that a failure leaves no half one."""
        part = video.with_name(f".{video.stem}.part.mp4")
        try:
            with av.open(str(part), "w") as container:
                film = cls(container, fps)
                yield film
                film._end()
            part.replace(video)
        finally:
            part.unlink(missing_ok=True)

    @classmethod
    @contextmanager
    def into(cls, pipe: BinaryIO, fps: float) -> "Iterator[Film]":
        """A pipe, for a player to read from."""
        with av.open(pipe, "w", format="matroska") as container:
            film = cls(container, fps)
            yield film
            film._end()

    def add(self, picture: npt.NDArray[np.uint8]) -> None:
        """One picture, uint8 (height, width, 3) RGB."""
        if not self._stream.codec_context.is_open:
            self._stream.height, self._stream.width = picture.shape[:2]
            self._stream.pix_fmt = _PIXELS
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        self._container.mux(self._stream.encode(frame))

    def _end(self) -> None:
        if self._stream.codec_context.is_open:
            self._container.mux(self._stream.encode())
