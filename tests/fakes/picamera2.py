"""picamera2 as strict as the real one: order of calls, buffer count, release of every request.

Written against picamera2 0.3.38: `capture_request(wait=seconds)` raises TimeoutError; YUV420
arrays are (height * 3 / 2, stride) with chroma planes in half strides; a camera that timed out is
in an undetermined state.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

STRIDE_ALIGNMENT = 64


class FakeRequest:
    """One completed capture."""

    def __init__(self, camera: "FakePicamera2", number: int) -> None:
        self._camera = camera
        self._number = number
        self._is_released = False

    def make_array(self, name: str) -> npt.NDArray[np.uint8]:
        assert not self._is_released, "the buffer belongs to the camera again"
        size = self._camera.streams[name]
        width, height = size
        stride = -(-width // STRIDE_ALIGNMENT) * STRIDE_ALIGNMENT
        lines = np.full((height * 3 // 2, stride), 255, np.uint8)  # padding must not show
        lines[:height, :width] = self._number
        chroma = lines[height:].reshape(2, height // 2, stride // 2)
        chroma[0, :, : width // 2] = 90
        chroma[1, :, : width // 2] = 160
        return lines

    def release(self) -> None:
        assert not self._is_released, "released twice"
        self._is_released = True
        self._camera.lent -= 1


@dataclass
class FakePicamera2:
    """A camera that delivers `supply` pictures and then none."""

    number: int
    supply: int = 5
    streams: dict[str, tuple[int, int]] = field(default_factory=dict)
    lent: int = 0
    calls: list[str] = field(default_factory=list)
    _buffer_count: int = 0
    _delivered: int = 0

    def __post_init__(self) -> None:
        if self.number > 0:
            raise IndexError("list index out of range")

    def create_video_configuration(
        self, main: dict[str, object], lores: dict[str, object], buffer_count: int
    ) -> dict[str, object]:
        assert main["format"] == lores["format"] == "YUV420"
        return {"main": main, "lores": lores, "buffer_count": buffer_count}

    def configure(self, configuration: dict[str, object]) -> None:
        assert self.calls == [], "configured once, before anything else; modes are never switched"
        count = configuration["buffer_count"]
        assert isinstance(count, int)
        if count > 4:
            raise RuntimeError("failed to allocate contiguous memory")
        self._buffer_count = count
        for name in ("main", "lores"):
            stream = configuration[name]
            assert isinstance(stream, dict)
            self.streams[name] = stream["size"]
        assert self.streams["lores"] <= self.streams["main"], "lores is the smaller one"
        self.calls.append("configure")

    def start(self) -> None:
        assert self.calls == ["configure"]
        self.calls.append("start")

    def capture_request(self, *, wait: float) -> FakeRequest:
        assert isinstance(wait, float | int), "without a number of seconds it waits for ever"
        assert not isinstance(wait, bool)
        assert self.calls == ["configure", "start"]
        assert self.lent < self._buffer_count, "every buffer is lent: the camera would stall"
        if self._delivered == self.supply:
            self.calls.append("undetermined")
            raise TimeoutError
        self._delivered += 1
        self.lent += 1
        return FakeRequest(self, self._delivered)

    def stop(self) -> None:
        if "undetermined" in self.calls:
            raise RuntimeError("camera in undetermined state")
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")
