"""What gives way: the oldest segments when bytes run out, whole days when the mandate says so.

Rows go before files, synced, so that a file without a row is the only thing that a power cut can
leave. A day ends by its key: destroyed first, then its files. A segment goes as soon as all of it
is older than the mandate's days, so that nothing is read after its time; the key follows when no
moment of its day is younger.
"""

import errno
import logging
import os
from pathlib import Path

from edge.errors import Kind
from edge.vault.disk import FILE_MODE, Disk, RingError, ring_error
from edge.vault.index import Index, SegmentRow
from edge.vault.keys import DayKeys
from edge.vault.places import DAY_NS, VaultPlaces, day_text

# What SQLite may need to note a deletion on a disk that is full to the last byte.
BALLAST_BYTES = 1024 * 1024
_LEAST_SHARE = 8
logger = logging.getLogger("vigie.vault")


class Retention:
    """Used by the writer's thread alone."""

    def __init__(
        self, places: VaultPlaces, index: Index, keys: DayKeys, disk: Disk, quota_bytes: int
    ) -> None:
        self._places = places
        self._index = index
        self._keys = keys
        self._disk = disk
        self._quota_bytes = quota_bytes
        self.used_bytes = index.totals()[0]
        self.removed_segments = 0

    @property
    def quota_bytes(self) -> int:
        """What the ring may take."""
        return self._quota_bytes

    def make_room(self, needed_bytes: int, spared: set[int]) -> None:
        """Remove the oldest segments until so much fits the quota. spared: those being written."""
        while self.used_bytes + needed_bytes > self._quota_bytes:
            if not self.give_way(spared):
                return

    def give_way(self, spared: set[int]) -> bool:
        """Remove the oldest segment. False: there is none but those being written."""
        for segment in self._index.segments():
            if segment.number not in spared:
                self._remove(segment, "quota")
                return True
        return False

    def yield_to_others(self, spared: set[int]) -> bool:
        """Remove the oldest segment because the disk is full. False: the ring is not why.

        Below an eighth of its quota the ring does not shrink for what others fill the disk with.
        """
        if self.used_bytes * _LEAST_SHARE < self._quota_bytes:
            return False
        return self.give_way(spared)

    def expire(self, now_utc_ns: int) -> None:
        """Destroy the keys of days past the mandate's, then remove what is older than its days.

        now_utc_ns: from a proven clock; a clock that is not proven deletes nothing.
        """
        for camera, ring_days in self._index.ring_days().items():
            limit_ns = now_utc_ns - ring_days * DAY_NS
            ended = [day for day in self._keys.days(camera) if (day + 1) * DAY_NS <= limit_ns]
            for day in ended:
                self._keys.destroy(camera, day)
                logger.info("ring_day_destroyed camera=%s day=%s", camera, day_text(day))
            for segment in self._index.segments(camera):
                entries = self._index.segment_entries(segment.number)
                newest_ns = entries[-1].last_utc_ns if entries else segment.day * DAY_NS
                if newest_ns >= limit_ns:
                    break
                self._remove(segment, "days")

    def ensure_ballast(self) -> None:
        """Set a little room aside for the index; on a disk that has none, that is no failure."""
        path = self._ballast
        if path.exists():
            return
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
            try:
                os.posix_fallocate(descriptor, 0, BALLAST_BYTES)
            finally:
                os.close(descriptor)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise ring_error(error, path) from error
            path.unlink(missing_ok=True)

    @property
    def _ballast(self) -> Path:
        return self._places.vault / "ballast"

    def _remove(self, segment: SegmentRow, why: str) -> None:
        try:
            self._forget(segment.number)
        except RingError as error:
            if error.kind != Kind.RESOURCE_EXHAUSTED:
                raise
            self._ballast.unlink(missing_ok=True)
            self._forget(segment.number)
        path = self._places.segment(segment.camera, segment.day, segment.number)
        try:
            self._disk.remove(path)
            self._disk.sync_folder(path.parent)
        except OSError as error:
            raise ring_error(error, path) from error
        self.used_bytes -= segment.bytes
        self.removed_segments += 1
        logger.info(
            "segment_removed camera=%s number=%d bytes=%d reason=%s",
            segment.camera,
            segment.number,
            segment.bytes,
            why,
        )

    def _forget(self, number: int) -> None:
        with self._index.changing(is_synced=True):
            self._index.remove_segment(number)
