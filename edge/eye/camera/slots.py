"""Frames and counters in memory shared with the capture child: two slots, latest wins.

A memfd, not a named segment: nothing stays behind in /dev/shm whoever is killed, and its size is
sealed, so that a capture child taken over by a hostile stream cannot make the parent fault.
POSIX record locks guard the few header bytes: the kernel drops them when their holder is killed,
and taking one orders memory on every architecture. Picture bytes are never under the lock: a slot
is the reader's (pinned) or the writer's, who takes back what stands there unread before it writes.
A third slot would spare the reader a wait of half a millisecond now and then, for 3 MB a camera.
"""

import fcntl
import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from edge.errors import Kind, VigieError
from edge.eye.camera.planes import HIGHEST_OVER_WIDEST
from edge.eye.frame import Frame, Plane

SLOTS = range(1, 3)
NONE = 0  # so that new memory, all zeros, is empty
CLOSED = -1
# latest slot, pinned slot, whether latest was read, replaced unread; then Progress.
PLACES = struct.Struct("<IIII")
COUNTS = struct.Struct("<10q")
# number, captured utc and monotonic ns; source width and height, width and height.
SLOT = struct.Struct("<3q4I")
PAGE = 4096


class Progress(NamedTuple):
    """What the child has done since the parent last cleared it; all integers.

    begun_monotonic_ns: when it took up its order (0: it is still starting).
    alive_monotonic_ns: when the last picture came (0: none yet).
    """

    begun_monotonic_ns: int = 0
    alive_monotonic_ns: int = 0
    source_width_px: int = 0
    source_height_px: int = 0
    frames_captured: int = 0
    frames_offered: int = 0
    packets: int = 0
    video_bytes: int = 0
    damaged_packets: int = 0
    child_cpu_ms: int = 0


class Slots:
    """One camera's shared memory, from either side. `camera` names the frames read from it."""

    def __init__(self, fd: int, widest_px: int, camera: str) -> None:
        self.fd = fd
        self._camera = camera
        self._luma_bytes = widest_px * widest_px * HIGHEST_OVER_WIDEST
        self._slot_bytes = _pages(PAGE + self._luma_bytes * 3 // 2)
        self._memory = mmap.mmap(fd, PAGE + len(SLOTS) * self._slot_bytes)
        self._bytes: Plane = np.frombuffer(self._memory, np.uint8)
        self._read_before = (Progress(), 0)

    @classmethod
    def create(cls, widest_px: int, camera: str) -> "Slots":
        """New memory, empty and sealed; pages that no picture needs are never allocated."""
        fd = os.memfd_create("vigie-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        slot_bytes = _pages(PAGE + widest_px * widest_px * HIGHEST_OVER_WIDEST * 3 // 2)
        os.ftruncate(fd, PAGE + len(SLOTS) * slot_bytes)
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
        return cls(fd, widest_px, camera)

    def close(self) -> None:
        """Give the handle back; the memory goes when the last frame in it is let go."""
        if self.fd != CLOSED:
            os.close(self.fd)
            self.fd = CLOSED

    def restart(self) -> None:
        """Count from nothing again; frames stay. Only while no child writes."""
        latest, pinned, is_read, _ = PLACES.unpack_from(self._memory, 0)
        PLACES.pack_into(self._memory, 0, latest, pinned, is_read, 0)
        COUNTS.pack_into(self._memory, PLACES.size, *Progress())

    # The child's side.

    def tell(self, progress: Progress) -> None:
        """Publish counters alone."""
        with self._locked():
            COUNTS.pack_into(self._memory, PLACES.size, *progress)

    def publish(self, frame: Frame, progress: Progress) -> None:
        """Copy a frame into a free slot and make it the latest; an unread one before it drops."""
        with self._locked():
            latest, pinned, is_read, dropped = PLACES.unpack_from(self._memory, 0)
            slot = next(i for i in SLOTS if i != pinned)
            if latest == slot:
                dropped += not is_read
                PLACES.pack_into(self._memory, 0, NONE, pinned, is_read, dropped)
        height_px, width_px = frame.luma.shape
        offset = self._offset(slot)
        SLOT.pack_into(
            self._memory,
            offset,
            frame.number,
            frame.captured_utc_ns,
            frame.captured_monotonic_ns,
            frame.source_width_px,
            frame.source_height_px,
            width_px,
            height_px,
        )
        views = self._views(offset, width_px, height_px)
        for view, plane in zip(views, (frame.luma, frame.chroma_u, frame.chroma_v), strict=True):
            np.copyto(view, plane)
        with self._locked():
            _, pinned, _, dropped = PLACES.unpack_from(self._memory, 0)
            PLACES.pack_into(self._memory, 0, slot, pinned, False, dropped)
            COUNTS.pack_into(self._memory, PLACES.size, *progress)

    # The parent's side.

    def read_progress(self) -> tuple[Progress, int]:
        """Counters, and how many frames were replaced unread.

        Never waits: if the child holds the lock just now, these are the ones read before. Without
        the lock a time could be read half written, and a camera be taken for silent.
        """
        try:
            with self._locked(wait=False):
                dropped = PLACES.unpack_from(self._memory, 0)[-1]
                counts = COUNTS.unpack_from(self._memory, PLACES.size)
        except BlockingIOError:
            return self._read_before
        self._read_before = (Progress._make(counts), dropped)
        return self._read_before

    def has_news(self) -> bool:
        """True if `take` would give a frame."""
        latest, _, is_read, _ = PLACES.unpack_from(self._memory, 0)
        return latest != NONE and not is_read

    def take(self) -> Frame | None:
        """The latest frame if it is new; its arrays are valid until the next call.

        Never waits: if the child holds the lock just now, the answer is None.
        """
        try:
            with self._locked(wait=False):
                latest, _, is_read, dropped = PLACES.unpack_from(self._memory, 0)
                if latest not in SLOTS or is_read:
                    return None
                PLACES.pack_into(self._memory, 0, latest, latest, True, dropped)
        except BlockingIOError:
            return None
        return self._frame(self._offset(latest))

    def _frame(self, offset: int) -> Frame:
        fields = SLOT.unpack_from(self._memory, offset)
        number, utc_ns, monotonic_ns, source_width, source_height, width_px, height_px = fields
        if width_px * height_px > self._luma_bytes or width_px % 2 or height_px % 2:
            raise VigieError(
                Kind.DATA_LOSS,
                f"the capture process of camera {self._camera} wrote a frame that cannot be",
                hint="It is being restarted; a hostile or broken stream may be the cause.",
            )
        luma, chroma_u, chroma_v = self._views(offset, width_px, height_px)
        return Frame(
            self._camera,
            number,
            utc_ns,
            monotonic_ns,
            source_width,
            source_height,
            luma,
            chroma_u,
            chroma_v,
        )

    def _views(self, offset: int, width_px: int, height_px: int) -> tuple[Plane, Plane, Plane]:
        start = offset + SLOT.size
        luma_bytes, chroma_bytes = width_px * height_px, width_px * height_px // 4
        starts = (start, start + luma_bytes, start + luma_bytes + chroma_bytes)
        half = (height_px // 2, width_px // 2)
        return (
            self._bytes[starts[0] : starts[0] + luma_bytes].reshape(height_px, width_px),
            self._bytes[starts[1] : starts[1] + chroma_bytes].reshape(half),
            self._bytes[starts[2] : starts[2] + chroma_bytes].reshape(half),
        )

    def _offset(self, slot: int) -> int:
        return PAGE + (slot - 1) * self._slot_bytes

    @contextmanager
    def _locked(self, *, wait: bool = True) -> Iterator[None]:
        fcntl.lockf(self.fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        try:
            yield
        finally:
            fcntl.lockf(self.fd, fcntl.LOCK_UN)


def _pages(size_bytes: int) -> int:
    return -(-size_bytes // PAGE) * PAGE
