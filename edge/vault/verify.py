"""Looking over a ring without touching it, like fsck: every header, chain, seal, row and file.

Runs on a stopped vault and beside a running one. Seals are opened where the day's key can be read;
without keys the chain of headers is checked alone. Damage is named one by one; gaps are no damage,
they are what the ring says about itself.
"""

import fcntl
import os
from collections.abc import Callable, Iterator

from edge.errors import Kind
from edge.vault.disk import RingError
from edge.vault.findings import CameraReport, Finding, Report
from edge.vault.index import Entry, Index, SegmentRow
from edge.vault.keys import DayKeys
from edge.vault.places import VaultPlaces, day_text
from edge.vault.record import Header
from edge.vault.sealing import check_seal
from edge.vault.segments import SegmentFile, SegmentReader, list_foreign, list_segments

Progress = Callable[[int, int | None], None]


def verify(places: VaultPlaces, progress: Progress, *, opens_seals: bool = True) -> Report:
    """Check everything. progress: bytes looked at, bytes in all. Raises RingError: no ring here."""
    report = Report(places.vault)
    if not places.ring.is_dir():
        raise RingError(
            Kind.NOT_FOUND,
            "there is no ring",
            where=str(places.vault),
            hint="Start the vault with 'vigie edge run'; it makes the ring.",
        )
    report.is_running = is_running(places)
    index = _open_index(places, report)
    try:
        _Verification(places, report, index, progress, opens_seals=opens_seals).run()
    finally:
        if index is not None:
            index.close()
    return report


def is_running(places: VaultPlaces) -> bool:
    """True while a vault holds the lock."""
    try:
        descriptor = os.open(places.lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _open_index(places: VaultPlaces, report: Report) -> Index | None:
    if not places.index.exists():
        report.findings.append(Finding(str(places.index), "the ring's index is missing"))
        return None
    try:
        index = Index(places.index, is_readonly=True)
        problem = index.find_problem()
    except RingError as error:
        report.findings.append(Finding(str(places.index), error.what))
        return None
    if problem is not None:
        index.close()
        report.findings.append(Finding(str(places.index), "the ring's index is damaged"))
        return None
    return index


class _Verification:
    def __init__(
        self,
        places: VaultPlaces,
        report: Report,
        index: Index | None,
        progress: Progress,
        *,
        opens_seals: bool,
    ) -> None:
        self._places = places
        self._report = report
        self._index = index
        self._progress = progress
        self._opens_seals = opens_seals
        self._keys = DayKeys(places)
        self._known_keys: dict[tuple[str, int], bytes | None] = {}
        self._done_bytes = self._all_bytes = 0

    def run(self) -> None:
        """Files, then each camera's chain."""
        self._check_id()
        for path in list_foreign(self._places):
            self._note(str(path), "this is no file of the ring; it is left alone", is_damage=False)
        files = [each for each in list_segments(self._places) if self._is_ours(each)]
        self._all_bytes = sum(each.path.stat().st_size for each in files if each.path.exists())
        cameras = {each.camera for each in files}
        cameras |= set(self._index.cameras()) if self._index else set()
        for camera in sorted(cameras):
            self._check_camera(camera, [each for each in files if each.camera == camera])
        self._progress(self._all_bytes, self._all_bytes)

    def _note(self, where: str, what: str, *, is_damage: bool = True) -> None:
        self._report.findings.append(Finding(where, what, is_damage))

    def _check_id(self) -> None:
        path = self._places.ring_id
        try:
            self._report.directory_id = path.read_text("ascii").strip()
        except (OSError, ValueError):
            self._note(str(path), "the ring's id cannot be read")
            return
        noted = self._index.get_about("directory_id") if self._index else None
        if noted is not None and noted != self._report.directory_id:
            what = f"this folder is ring {self._report.directory_id[:8]}, the index of {noted[:8]}"
            self._note(str(path), what)

    def _is_ours(self, file: SegmentFile) -> bool:
        try:
            with SegmentReader(file.path) as reader:
                head = reader.head()
        except RingError as error:
            if error.kind != Kind.NOT_FOUND:
                self._note(str(file.path), error.what)
            return False
        rows = {row.number for row in self._index.segments()} if self._index else set()
        if head is None:
            what = "its head is no segment's"
            self._note(str(file.path), what, is_damage=file.number in rows)
            return file.number in rows
        named = head.camera, head.day, head.number
        if head.directory_id.hex() != self._report.directory_id and self._report.directory_id:
            what = f"this segment is of ring {head.directory_id.hex()[:8]}; it is left alone"
            self._note(str(file.path), what, is_damage=False)
            return False
        if named != (file.camera, file.day, file.number):
            self._note(str(file.path), f"its head says {named[0]}, segment {named[2]}")
        return True

    def _check_camera(self, camera: str, files: list[SegmentFile]) -> None:
        found = CameraReport(camera)
        self._report.cameras.append(found)
        found.gaps = self._index.gaps(camera) if self._index else []
        found.days = [day_text(day) for day in self._keys.days(camera)]
        self._check_missing(camera, files)
        before: Header | None = None
        for file in files:
            try:
                with SegmentReader(file.path) as reader:
                    for place, header in self._headers(file, reader):
                        self._check_order(file, place, before, header, found)
                        self._check_seal(file, reader, place, header, found)
                        self._count(found, header)
                        before = header
            except RingError as error:
                if error.kind != Kind.NOT_FOUND or not self._report.is_running:
                    self._note(str(file.path), error.what)

    def _check_missing(self, camera: str, files: list[SegmentFile]) -> None:
        there = {each.number for each in files}
        for row in self._index.segments(camera) if self._index else []:
            if row.number not in there and self._is_noted(row):
                path = self._places.segment(camera, row.day, row.number)
                self._note(str(path), "the segment is gone")

    def _is_noted(self, row: SegmentRow) -> bool:
        """Asked again: a running vault may have removed it meanwhile."""
        return self._index is not None and row in self._index.segments(row.camera)

    def _headers(self, file: SegmentFile, reader: SegmentReader) -> Iterator[tuple[int, Header]]:
        """Headers that the index names; without an index, those that the file shows."""
        if self._index is None:
            for each in reader.walk():
                if each.is_whole:
                    yield each.place, each.header
                else:
                    self._note(_at(file, each.place), "the fragment is cut off")
            return
        entries = self._index.segment_entries(file.number)
        for entry in entries:
            if entry.place + entry.bytes > reader.size_bytes:
                self._note(_at(file, entry.place), f"fragment {entry.seq} is cut off")
                continue
            header = reader.header(entry.place)
            if header is None:
                what = f"the header of fragment {entry.seq} is not as it was written"
                self._note(_at(file, entry.place), what)
            else:
                self._check_entry(file, entry, header)
                yield entry.place, header
        end = max((entry.place + entry.bytes for entry in entries), default=0)
        self._check_rest(file, reader, end)

    def _check_rest(self, file: SegmentFile, reader: SegmentReader, end: int) -> None:
        """What follows the last fragment that is noted: the next start takes it, or leaves it."""
        assert self._index is not None
        if self._report.is_running:
            return
        for each in reader.walk(end) if end else reader.walk():
            if each.is_whole and not self._index.has_fragment(file.camera, each.header.seq):
                what = f"fragment {each.header.seq} is not in the index yet; the next start adds it"
                self._note(_at(file, each.place), what, is_damage=False)

    def _check_entry(self, file: SegmentFile, entry: Entry, header: Header) -> None:
        told = header.seq, header.stored_bytes, header.first_utc_ns, header.last_utc_ns
        if told != (entry.seq, entry.bytes, entry.first_utc_ns, entry.last_utc_ns):
            self._note(_at(file, entry.place), f"the index says otherwise of fragment {entry.seq}")

    def _check_order(
        self,
        file: SegmentFile,
        place: int,
        before: Header | None,
        header: Header,
        found: CameraReport,
    ) -> None:
        where = _at(file, place)
        if header.day != file.day:
            self._note(where, f"fragment {header.seq} is of {day_text(header.day)}")
        if before is None:
            return
        if header.first_utc_ns < before.last_utc_ns:
            self._note(where, f"the time of fragment {header.seq} runs back")
        if header.seq == before.seq + 1:
            if header.chain_before != before.chain:
                what = f"the chain breaks: fragment {header.seq} does not follow {before.seq}"
                self._note(where, what)
            return
        named = any(before.seq <= gap.after_seq < header.seq for gap in found.gaps)
        first, last = before.seq + 1, header.seq - 1
        if not named and self._index is not None and not self._is_told(found.camera, first, last):
            self._note(where, f"fragments {first} to {last} are missing, and nothing names them")

    def _is_told(self, camera: str, first: int, last: int) -> bool:
        """True when each of these has a row: its own damage was named already."""
        assert self._index is not None
        return all(self._index.has_fragment(camera, seq) for seq in range(first, last + 1))

    def _check_seal(
        self,
        file: SegmentFile,
        reader: SegmentReader,
        place: int,
        header: Header,
        found: CameraReport,
    ) -> None:
        self._done_bytes += header.stored_bytes
        self._progress(self._done_bytes, self._all_bytes)
        if not self._opens_seals:
            return
        key = self._key(file.camera, header.day)
        if key is None:
            return
        try:
            check_seal(key, header, reader.sealed(place, header))
            found.opened_fragments += 1
        except RingError as error:
            self._note(_at(file, place), f"fragment {header.seq}: {error.what}")

    def _key(self, camera: str, day: int) -> bytes | None:
        """None: its absence was named once."""
        if (camera, day) not in self._known_keys:
            where = str(self._places.key(camera, day))
            try:
                key = self._keys.load(camera, day)
                if key is None:
                    self._note(where, f"the key is gone: nothing of {day_text(day)} can be opened")
            except RingError as error:
                key = None
                is_damage = error.kind != Kind.PERMISSION_DENIED
                self._note(where, error.what, is_damage=is_damage)
            self._known_keys[camera, day] = key
        return self._known_keys[camera, day]

    @staticmethod
    def _count(found: CameraReport, header: Header) -> None:
        found.fragments += 1
        found.stored_bytes += header.stored_bytes
        if found.oldest_utc_ns is None:
            found.oldest_utc_ns = header.first_utc_ns
        found.newest_utc_ns = header.last_utc_ns


def _at(file: SegmentFile, place: int) -> str:
    return f"{file.path}: byte {place}"
