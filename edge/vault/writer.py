"""The only call that writes to the ring: `RingWriter.write`, which takes a permit.

Each fragment is one contiguous write and one sync, then its row. A write or sync that failed is
final for its segment: the kernel may have dropped the pages, so nothing of that file is synced
again; the fragment is written once more, from memory, into a new one.
"""

import errno
import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from edge.errors import Kind
from edge.mandate.gate import Permit
from edge.vault import record, sealing
from edge.vault.disk import FOLDER_MODE, Disk, RingError, ring_error
from edge.vault.fragment import Fragment, Gap
from edge.vault.index import Entry, GapRow, Index, SegmentRow
from edge.vault.keys import DayKeys
from edge.vault.places import VaultPlaces, day_of
from edge.vault.record import Header, SegmentHead
from edge.vault.retention import Retention

# At 4 Mbit/s two minutes; small against any quota, large against a folder's cost.
SEGMENT_BYTES = 64 * 1024 * 1024
# A quota holds at least so many segments, so that giving way takes a small part of it.
_LEAST_SEGMENTS = 16
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
logger = logging.getLogger("vigie.vault")


class NotPermittedError(RingError):
    """A permit does not let this fragment be recorded; the disk was not asked."""


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a camera's chain ends."""

    seq: int
    chain: bytes
    last_utc_ns: int


NO_TAIL = Tail(0, record.NO_CHAIN, 0)


@dataclass(frozen=True, slots=True)
class _Segment:
    """The file that takes a camera's fragments now. end: where the next one begins."""

    row: SegmentRow
    path: Path
    descriptor: int
    end: int


class RingWriter:
    """Owned by one thread, with the index's only writing connection."""

    def __init__(
        self,
        places: VaultPlaces,
        index: Index,
        disk: Disk,
        retention: Retention,
        *,
        directory_id: bytes,
        tails: dict[str, Tail],
    ) -> None:
        """directory_id, tails: as recovery found them."""
        self._places = places
        self._directory_id = directory_id
        self._index = index
        self._keys = DayKeys(places)
        self._disk = disk
        self._retention = retention
        self._tails = tails
        self._suite = sealing.choose_suite()
        self._open: dict[str, _Segment] = {}
        self._unnoted: list[tuple[Entry, Header, int]] = []
        self._ring_days = index.ring_days()
        self._last_number = index.last_number()
        self._segment_bytes = min(SEGMENT_BYTES, retention.quota_bytes // _LEAST_SEGMENTS)
        self.abandoned_segments = 0
        self.trouble: RingError | None = None

    def tail(self, camera: str) -> Tail:
        """Where a camera's chain ends now."""
        return self._tails.get(camera, NO_TAIL)

    def write(self, fragment: Fragment, permit: Permit) -> Header:
        """Seal a fragment onto the disk; it is in the ring when this returns.

        permit: one under which the fragment was captured. Raises NotPermittedError when it does
        not allow that; any other RingError: the disk did not take it, and it may be tried again.
        A row that could not be noted is no failure: `trouble` says why, and it follows later.
        """
        _check(fragment, permit)
        camera, day = fragment.camera, day_of(fragment.first_utc_ns)
        tail = self.tail(camera)
        key = self._keys.ensure(camera, day)
        header, table = sealing.describe(
            fragment,
            seq=tail.seq + 1,
            day=day,
            suite=self._suite,
            mandate_version=permit.version,
            before=tail.chain,
        )
        sealed = sealing.seal(key, header, fragment.samples, table)
        segment = self._store(camera, day, [record.write_header(header), sealed])
        place = segment.end - header.stored_bytes
        entry = Entry(
            camera,
            header.seq,
            segment.row.number,
            place,
            header.stored_bytes,
            header.first_utc_ns,
            header.last_utc_ns,
            header.clock_error_ms,
        )
        self._unnoted.append((entry, header, tail.last_utc_ns))
        self._tails[camera] = Tail(header.seq, header.chain, header.last_utc_ns)
        try:
            self._note(permit)
            self.trouble = None
        except RingError as error:
            self.trouble = error
        return header

    def open_gap(self, camera: str, gap: Gap) -> None:
        """Note that something is missing from here on; the next fragment closes it."""
        tail = self.tail(camera)
        if tail.seq:
            with self._index.changing():
                self._index.put_gap(GapRow(camera, tail.seq, tail.last_utc_ns, None, gap))

    def release_before(self, utc_ns: int) -> None:
        """Let go of files that took nothing since; retention may then remove them."""
        for camera in [each for each in self._open if self.tail(each).last_utc_ns < utc_ns]:
            self._disk.close(self._open.pop(camera).descriptor)

    def close(self) -> None:
        """Let go of the files; everything written is on disk already."""
        for segment in self._open.values():
            self._disk.close(segment.descriptor)
        self._open.clear()

    def _store(self, camera: str, day: int, pieces: list[bytes]) -> _Segment:
        """Write and sync, in a new segment if the first attempt fails. Raises RingError."""
        try:
            return self._append(camera, day, pieces)
        except OSError as error:
            self._abandon(camera, error)
            if error.errno in _FULL:
                self._retention.yield_to_others(self._written_now())
        try:
            return self._append(camera, day, pieces)
        except OSError as error:
            self._abandon(camera, error)
            raise ring_error(error, self._places.ring / camera) from error

    def _append(self, camera: str, day: int, pieces: list[bytes]) -> _Segment:
        size_bytes = sum(map(len, pieces))
        segment = self._open.get(camera)
        if segment is not None and (
            segment.row.day != day or segment.end + size_bytes > self._segment_bytes
        ):
            self._disk.close(self._open.pop(camera).descriptor)
            segment = None
        self._retention.make_room(size_bytes, self._written_now())
        segment = segment or self._begin(camera, day)
        self._disk.write(segment.descriptor, pieces, segment.end)
        self._disk.sync(segment.descriptor)
        end = segment.end + size_bytes
        segment = replace(segment, row=replace(segment.row, bytes=end), end=end)
        self._open[camera] = segment
        self._retention.used_bytes += size_bytes
        return segment

    def _begin(self, camera: str, day: int) -> _Segment:
        """A new segment file with its head; its row comes with its first fragment."""
        number = self._last_number = self._last_number + 1
        path = self._places.segment(camera, day, number)
        head = record.write_segment_head(SegmentHead(self._directory_id, camera, day, number))
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, mode=FOLDER_MODE)
            self._disk.sync_folder(path.parent.parent)
        descriptor = self._disk.create(path)
        try:
            self._disk.write(descriptor, [head], 0)
            self._disk.sync_folder(path.parent)
        except OSError:
            self._disk.close(descriptor)
            self._disk.remove(path)
            raise
        self._retention.used_bytes += len(head)
        segment = _Segment(SegmentRow(number, camera, day, len(head)), path, descriptor, len(head))
        self._open[camera] = segment
        return segment

    def _abandon(self, camera: str, error: OSError) -> None:
        """Never touch the segment again: what it holds was synced before, the rest is not ours."""
        segment = self._open.pop(camera, None)
        if segment is None:
            return
        self._disk.close(segment.descriptor)
        if segment.end == record.SEGMENT_HEAD_BYTES:
            # Nothing was ever whole in it; a disk that fails for hours must not fill with these.
            with suppress(OSError):
                self._disk.remove(segment.path)
        self.abandoned_segments += 1
        logger.error(
            "segment_abandoned camera=%s number=%d errno=%s",
            camera,
            segment.row.number,
            errno.errorcode.get(error.errno or 0, "?"),
        )

    def _written_now(self) -> set[int]:
        return {segment.row.number for segment in self._open.values()}

    def _note(self, permit: Permit) -> None:
        """Commit the rows of what is on the disk; what fails is noted with the next fragment."""
        with self._index.changing():
            for entry, header, before_utc_ns in self._unnoted:
                segment = self._segment_row(entry)
                self._index.put_segment(segment)
                self._index.put_fragment(entry)
                if header.gap is not None and entry.seq > 1:
                    self._index.put_gap(
                        GapRow(
                            entry.camera,
                            entry.seq - 1,
                            before_utc_ns,
                            header.first_utc_ns,
                            header.gap,
                        )
                    )
            if self._ring_days.get(permit.camera) != permit.ring_days:
                self._index.set_ring_days(permit.camera, permit.ring_days)
        self._ring_days[permit.camera] = permit.ring_days
        self._unnoted.clear()

    def _segment_row(self, entry: Entry) -> SegmentRow:
        day = day_of(entry.first_utc_ns)
        return SegmentRow(entry.segment, entry.camera, day, entry.place + entry.bytes)


def _check(fragment: Fragment, permit: Permit) -> None:
    is_for_it = permit.camera == fragment.camera and permit.holds(fragment.captured_monotonic_ns)
    if permit.may_record and permit.ring_days > 0 and is_for_it:
        return
    reason = permit.reason.value if permit.reason else "camera_not_named"
    raise NotPermittedError(
        Kind.PERMISSION_DENIED,
        f"nothing may be recorded of this camera: {reason}",
        where=f"camera {fragment.camera}",
        hint="Run 'vigie mandate show' to see what is in force.",
    )
