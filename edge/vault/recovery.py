"""What a start finds: the ring's id, the index or its ruins, tails that were never noted.

The tail of each segment is read again, so that what was synced and not yet noted is in the ring.
Rows whose bytes are gone are taken out and named. Then each camera has a tail to go on from, and
an open gap that says how the last run ended.
"""

import logging
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from edge.errors import Kind
from edge.vault import record
from edge.vault.disk import FILE_MODE, FOLDER_MODE, Disk, RingError, ring_error
from edge.vault.fragment import Gap, GapReason
from edge.vault.index import Entry, GapRow, Index, SegmentRow
from edge.vault.keys import DayKeys
from edge.vault.places import VaultPlaces, moment_text
from edge.vault.sealing import open_seal
from edge.vault.segments import Found, SegmentFile, SegmentReader, list_segments
from edge.vault.writer import NO_TAIL, Tail

_ID = "directory_id"
_CLEAN = "ended_cleanly"
logger = logging.getLogger("vigie.vault")


@dataclass(slots=True)
class Recovered:
    """What a writer and the gatherers go on from. gaps: by camera, why there is a hole now."""

    directory_id: bytes
    index: Index
    tails: dict[str, Tail] = field(default_factory=dict)
    gaps: dict[str, Gap] = field(default_factory=dict)
    found_fragments: int = 0
    lost_fragments: int = 0
    set_aside: Path | None = None


def recover(places: VaultPlaces, disk: Disk, now_utc_ns: int) -> Recovered:
    """Open the ring, or make it. Raises RingError; FAILED_PRECONDITION: it is another ring."""
    try:
        for folder in (places.vault, places.ring):
            folder.mkdir(exist_ok=True, mode=FOLDER_MODE)
    except OSError as error:
        raise ring_error(error, places.ring) from error
    directory_id = _read_id(places)
    index, set_aside = _open_index(places, now_utc_ns)
    try:
        directory_id = _agree_on_id(places, index, directory_id, disk)
        recovered = Recovered(directory_id, index, set_aside=set_aside)
        _take_segments(places, recovered)
        if set_aside is not None:
            _name_holes(recovered)
        _find_tails(places, recovered)
        _name_end_of_last_run(recovered)
    except BaseException:
        index.close()
        raise
    return recovered


def note_clean_end(index: Index) -> None:
    """The vault ends as told, with everything on the disk."""
    with index.changing(is_synced=True):
        index.set_about(_CLEAN, "yes")


def _read_id(places: VaultPlaces) -> bytes | None:
    try:
        directory_id = bytes.fromhex(places.ring_id.read_text("ascii").strip())
    except FileNotFoundError:
        return None
    except ValueError:
        directory_id = b""
    except OSError as error:
        raise ring_error(error, places.ring_id) from error
    if len(directory_id) != record.DIRECTORY_ID_BYTES:
        raise RingError(
            Kind.DATA_LOSS,
            "this is no directory id of a ring",
            where=str(places.ring_id),
            hint="Its segments carry the same id: 'vigie vault verify' prints it; write it back.",
        )
    return directory_id


def _open_index(places: VaultPlaces, now_utc_ns: int) -> tuple[Index, Path | None]:
    """The index, a new one where the old is damaged; and where the old one lies then.

    All of it is looked through after an end that was not clean, and when somebody met damage.
    """
    try:
        index = Index(places.index)
        is_trusted = index.get_about(_CLEAN) == "yes" and not places.suspect.exists()
        if is_trusted or index.find_problem() is None:
            places.suspect.unlink(missing_ok=True)
            return index, None
        index.close()
    except RingError as error:
        if error.kind != Kind.DATA_LOSS:
            raise
    moment = moment_text(now_utc_ns).replace(":", "").replace(".", "")
    aside = places.index.with_name(f"ring.db.damaged-{moment}")
    for suffix in ("-wal", "-shm", ""):
        old = places.index.with_name(places.index.name + suffix)
        if old.exists():
            old.rename(aside.with_name(aside.name + suffix))
    places.suspect.unlink(missing_ok=True)
    logger.error("ring_index_set_aside path=%s", aside)
    return Index(places.index), aside


def _agree_on_id(places: VaultPlaces, index: Index, stored: bytes | None, disk: Disk) -> bytes:
    """The id in file and database; a folder of another ring is refused."""
    noted = index.get_about(_ID)
    if stored is not None and noted is not None and stored.hex() != noted:
        raise RingError(
            Kind.FAILED_PRECONDITION,
            f"this folder is ring {stored.hex()[:8]}, the index is of ring {noted[:8]}",
            where=str(places.ring),
            hint="Another disk is mounted there: mount the right one, or move ring.db away.",
        )
    if stored is None and noted is not None and index.totals()[1]:
        raise RingError(
            Kind.FAILED_PRECONDITION,
            f"the index is of ring {noted[:8]}, but this folder is no ring",
            where=str(places.ring),
            hint="The ring's disk is not mounted: mount it, or move ring.db away.",
        )
    directory_id = stored or secrets.token_bytes(record.DIRECTORY_ID_BYTES)
    if stored is None:
        part = places.ring_id.with_suffix(".part")
        try:
            part.unlink(missing_ok=True)
            descriptor = disk.create(part)
            try:
                disk.write(descriptor, [directory_id.hex().encode()], 0)
                disk.sync(descriptor)
            finally:
                disk.close(descriptor)
            part.rename(places.ring_id)
            disk.sync_folder(places.ring)
        except OSError as error:
            raise ring_error(error, places.ring_id) from error
        places.ring_id.chmod(FILE_MODE)
    if noted != directory_id.hex():
        with index.changing(is_synced=True):
            index.set_about(_ID, directory_id.hex())
    return directory_id


def _take_segments(places: VaultPlaces, recovered: Recovered) -> None:
    """Compare files with rows: note what was not, take out what is gone."""
    files = {each.number: each for each in list_segments(places)}
    rows = {row.number: row for row in recovered.index.segments()}
    for number, row in rows.items():
        if number not in files:
            _lose(recovered, row, recovered.index.segment_entries(number))
            with recovered.index.changing():
                recovered.index.remove_segment(number)
    for number, file in files.items():
        try:
            with SegmentReader(file.path) as reader:
                _take_segment(places, recovered, file, reader, rows.get(number))
        except RingError as error:
            logger.error("segment_unreadable path=%s reason=%s", file.path, error.kind.value)  # noqa: TRY400


def _take_segment(
    places: VaultPlaces,
    recovered: Recovered,
    file: SegmentFile,
    reader: SegmentReader,
    row: SegmentRow | None,
) -> None:
    if row is not None and row.bytes == reader.size_bytes:
        # Each fragment's row came with the segment's new length, in one commit.
        return
    index = recovered.index
    entries = index.segment_entries(file.number) if row is not None else []
    cut = [each for each in entries if each.place + each.bytes > reader.size_bytes]
    if cut and row is not None:
        _lose(recovered, row, cut)
    kept_end = max((each.place + each.bytes for each in entries if each not in cut), default=0)
    if kept_end == reader.size_bytes:
        return
    head = reader.head()
    if head is None or head.directory_id != recovered.directory_id or head.camera != file.camera:
        return
    walk = reader.walk(kept_end or record.SEGMENT_HEAD_BYTES)
    found = [each for each in walk if each.is_whole]
    # Each write was synced before the next began, so only the last may have been cut short.
    if found and not _is_true(places, file, reader, found[-1]):
        found.pop()
    if not found and not entries:
        # Cut off in its first write; it would lie there for ever.
        file.path.unlink(missing_ok=True)
        return
    with index.changing():
        index.put_segment(SegmentRow(file.number, file.camera, file.day, reader.size_bytes))
        for each in found:
            recovered.found_fragments += _take_fragment(index, file, each)


def _take_fragment(index: Index, file: SegmentFile, found: Found) -> bool:
    """Note one fragment that lies on the disk; False: it is known, from an abandoned segment."""
    header = found.header
    if index.has_fragment(file.camera, header.seq):
        return False
    index.put_fragment(
        Entry(
            file.camera,
            header.seq,
            file.number,
            found.place,
            header.stored_bytes,
            header.first_utc_ns,
            header.last_utc_ns,
            header.clock_error_ms,
        )
    )
    if header.gap is not None and header.seq > 1:
        before = index.before(file.camera, header.seq)
        from_ns = before.last_utc_ns if before else header.first_utc_ns
        index.put_gap(GapRow(file.camera, header.seq - 1, from_ns, header.first_utc_ns, header.gap))
    return True


def _is_true(places: VaultPlaces, file: SegmentFile, reader: SegmentReader, found: Found) -> bool:
    """A write that was cut short may have the length but not the bytes: the seal tells."""
    key = DayKeys(places).load(file.camera, file.day)
    if key is None:
        return False
    try:
        open_seal(key, found.header, reader.sealed(found.place, found.header))
    except RingError:
        return False
    return True


def _lose(recovered: Recovered, row: SegmentRow, entries: list[Entry]) -> None:
    """Take out rows whose bytes are gone, and name them."""
    if not entries:
        return
    index = recovered.index
    first, last = entries[0], entries[-1]
    recovered.lost_fragments += len(entries)
    logger.error(
        "fragments_lost camera=%s first_seq=%d last_seq=%d segment=%d",
        row.camera,
        first.seq,
        last.seq,
        row.number,
    )
    with index.changing(is_synced=True):
        for each in entries:
            index.remove_fragment(each.camera, each.seq)
        gap = Gap(GapReason.DAMAGED, len(entries))
        index.put_gap(GapRow(row.camera, first.seq - 1, first.first_utc_ns, last.last_utc_ns, gap))


def _name_holes(recovered: Recovered) -> None:
    """What the lost index knew of missing fragments, told from the seqs that are there."""
    index = recovered.index
    for camera in index.cameras():
        for before, after in index.holes(camera):
            lost = after.seq - before.seq - 1
            gap = Gap(GapReason.DAMAGED, lost)
            with index.changing():
                index.put_gap(
                    GapRow(camera, before.seq, before.last_utc_ns, after.first_utc_ns, gap)
                )


def _find_tails(places: VaultPlaces, recovered: Recovered) -> None:
    index = recovered.index
    for camera in index.cameras():
        last = index.last(camera)
        if last is None:
            continue
        segment = next(each for each in index.segments(camera) if each.number == last.segment)
        path = places.segment(camera, segment.day, segment.number)
        with SegmentReader(path) as reader:
            header = reader.header(last.place)
        chain = header.chain if header is not None else NO_TAIL.chain
        recovered.tails[camera] = Tail(last.seq, chain, last.last_utc_ns)


def _name_end_of_last_run(recovered: Recovered) -> None:
    """Each camera's hole since the last run: clean or not; an older open gap keeps its reason."""
    index = recovered.index
    is_clean = index.get_about(_CLEAN) == "yes"
    with index.changing(is_synced=True):
        index.set_about(_CLEAN, "no")
        for camera, tail in recovered.tails.items():
            known = next((g for g in index.gaps(camera) if g.after_seq == tail.seq), None)
            if known is not None:
                gap = known.gap
            else:
                gap = Gap(GapReason.STOPPED if is_clean else GapReason.KILLED)
            recovered.gaps[camera] = gap
            index.put_gap(GapRow(camera, tail.seq, tail.last_utc_ns, None, gap))
