"""A Raspberry Pi camera through picamera2, which is imported only when chosen.

Facts of picamera2 and libcamera obeyed here:
7. A capture waits for ever unless told: `wait` is always a number of seconds. After a time-out
   the camera is in an undetermined state, so the error ends the process (child.py).
8. Contiguous memory runs out after mode switches: configured once, at most 4 buffers, analysis
   takes the small `lores` stream, and the mode is never switched.
9. A memory failure can leave the process in uninterruptible sleep: the parent does not wait for
   it (capture.py).
10. The ring will be fed by an encoder beside this; there are no packets here yet.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge.clock import Clock, SystemClock
from edge.eye.camera.facts import LossReason
from edge.eye.camera.source import CameraError, Picture, Planes, Traffic

MAIN_SIZE = (1280, 720)
LORES_SIZE = (640, 360)
BUFFER_COUNT = 4
Configuration = dict[str, object]


class Request(Protocol):
    """A completed capture; its buffer goes back to the camera at `release`."""

    def make_array(self, name: str) -> npt.NDArray[np.uint8]:
        """Pixels of one stream: YUV420 as (height * 3 / 2, stride)."""
        ...

    def release(self) -> None:
        """Give the buffer back."""
        ...


class PiCamera(Protocol):
    """The part of picamera2.Picamera2 that is used."""

    def create_video_configuration(
        self,
        main: dict[str, object],
        lores: dict[str, object],
        buffer_count: int,
    ) -> Configuration:
        """A configuration with both streams."""
        ...

    def configure(self, configuration: Configuration) -> None:
        """Allocate buffers."""
        ...

    def start(self) -> None:
        """Begin to capture."""
        ...

    def capture_request(self, *, wait: float) -> Request:
        """The next completed capture. Raises: TimeoutError."""
        ...

    def stop(self) -> None:
        """End the capture."""
        ...

    def close(self) -> None:
        """Give the camera back."""
        ...


class PicameraSource:
    """Pictures of the lores stream."""

    def __init__(self, camera: PiCamera, shown: str, stall_seconds: float, clock: Clock) -> None:
        self._camera: PiCamera | None = camera
        self._shown = shown
        self._stall_seconds = stall_seconds
        self._clock = clock
        self.traffic = Traffic()

    def pictures(self) -> Iterator[Picture]:
        """Until something fails; a camera has no end. Raises: CameraError."""
        assert self._camera is not None
        first_ns = self._clock.monotonic_ns()
        while True:
            try:
                request = self._camera.capture_request(wait=self._stall_seconds)
            except TimeoutError:
                raise CameraError(
                    LossReason.TIMEOUT,
                    f"{self._shown} gave no picture for {self._stall_seconds:g} s",
                    hint="Is the cable seated at both ends? Try: rpicam-hello --list-cameras",
                ) from None
            try:
                stream_ns = self._clock.monotonic_ns() - first_ns
                width_px, height_px = LORES_SIZE
                yield Picture(stream_ns, width_px, height_px, lambda: _planes(request))  # noqa: B023 - used before the next turn
            finally:
                request.release()

    def close(self) -> None:
        """Stop and give the camera back; safe twice."""
        camera, self._camera = self._camera, None
        if camera is not None:
            with contextlib.suppress(RuntimeError):  # a camera that has failed cannot stop
                camera.stop()
            camera.close()


def open_picamera(
    number_text: str,
    stall_seconds: float,
    factory: Callable[[int], PiCamera] | None = None,
    clock: Clock | None = None,
) -> PicameraSource:
    """A configured and started camera; factory replaces picamera2 in tests. Raises: CameraError."""
    if not number_text.isdecimal():
        raise CameraError(
            LossReason.UNSUPPORTED,
            f"'picamera2:{number_text}' is no camera source",
            hint="Write the camera's number: picamera2:0.",
        )
    shown = f"picamera2:{number_text}"
    try:
        camera = (factory or _import_factory())(int(number_text))
    except IndexError:
        raise CameraError(
            LossReason.NOT_FOUND,
            f"there is no Raspberry Pi camera {number_text}",
            hint="List what is connected: rpicam-hello --list-cameras",
        ) from None
    try:
        _configure(camera)
    except RuntimeError:
        camera.close()
        raise CameraError(
            LossReason.REFUSED,
            f"{shown} cannot be started",
            hint="Another program may hold it, or contiguous memory is out: restart the board.",
        ) from None
    return PicameraSource(camera, shown, stall_seconds, clock or SystemClock())


def _configure(camera: PiCamera) -> None:
    main: dict[str, object] = {"size": MAIN_SIZE, "format": "YUV420"}
    lores: dict[str, object] = {"size": LORES_SIZE, "format": "YUV420"}
    camera.configure(
        camera.create_video_configuration(main=main, lores=lores, buffer_count=BUFFER_COUNT)
    )
    camera.start()


def _import_factory() -> Callable[[int], PiCamera]:
    try:
        from picamera2 import Picamera2  # noqa: PLC0415 - there is none off the board
    except ImportError:
        raise CameraError(
            LossReason.UNSUPPORTED,
            "picamera2 is not installed",
            hint="On Raspberry Pi OS: sudo apt install python3-picamera2",
        ) from None
    factory: Callable[[int], PiCamera] = Picamera2
    return factory


def _planes(request: Request) -> Planes:
    width_px, height_px = LORES_SIZE
    lines = request.make_array("lores")
    stride = lines.shape[1]
    chroma = lines[height_px:].reshape(2, height_px // 2, stride // 2)
    luma = lines[:height_px, :width_px]
    return Planes(luma, chroma[0, :, : width_px // 2], chroma[1, :, : width_px // 2])
