"""Putting a whole file in the place of a damaged one, so that a cut at any moment loses neither.

The new file is written beside the old one and counts from the moment it bears its second name.
From then on the exchange is finished by whoever opens the spool next: the damaged file and its
log are set aside under a dated name, then the new one takes the place. The caller holds the
writer lock throughout.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from edge.spool import record
from edge.spool.database import Database, disk_error
from edge.spool.dictionary import seal_dictionary
from edge.spool.places import share
from edge.spool.rows import Row, Rows
from edge.spool.salvage import Plan
from edge.whole_file import sync_folder

# Damaged files kept for whoever wants to look; each may be as large as the quota.
KEPT_DAMAGED_FILES = 2
_SIDE_FILES = ("-wal", "-shm")


def write_new(path: Path, plan: Plan, connect: Callable[[Path], Database]) -> None:
    """Write the plan beside `path`, complete and synced. Raises StorageError."""
    draft = path.with_name(path.name + ".rebuilding")
    _remove(draft)
    rows = Rows(connect(draft))
    try:
        share(draft)
        rows.prepare()
        rows.begin()
        rows.create(plan.state)
        for number, content in plan.dictionaries.items():
            rows.put_dictionary(number, seal_dictionary(plan.state.epoch, number, content))
        for entry in plan.entries:
            if isinstance(entry, record.Batch):
                rows.put(
                    [Row(each.last_seq, record.seal_batch(each)) for each in record.split(entry)]
                )
            else:
                rows.put([Row(entry.last_seq, record.seal_lost(entry))])
        rows.commit()
        rows.checkpoint("TRUNCATE")
    finally:
        rows.close()
    try:
        draft.rename(path.with_name(path.name + ".rebuilt"))
        sync_folder(path.parent)
    except OSError as error:
        raise disk_error(error, path) from error


def finish(path: Path, now_utc_ns: int) -> Path | None:
    """Exchange the files if a complete new one waits; the damaged file's new name, or None."""
    rebuilt = path.with_name(path.name + ".rebuilt")
    if not rebuilt.exists():
        return None
    aside = _dated(path, now_utc_ns)
    try:
        if path.exists():
            path.rename(aside)
        log = path.with_name(path.name + "-wal")
        if log.exists():
            log.rename(aside.with_name(aside.name + "-wal"))
        path.with_name(path.name + "-shm").unlink(missing_ok=True)
        sync_folder(path.parent)
        rebuilt.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise disk_error(error, path) from error
    for old in damaged_files(path)[:-KEPT_DAMAGED_FILES]:
        _remove(old)
    return aside


def damaged_files(path: Path) -> list[Path]:
    """What was set aside beside `path`, the oldest first."""
    found = path.parent.glob(f"{path.name}.damaged-*")
    return sorted(each for each in found if not each.name.endswith(_SIDE_FILES))


def forget(aside: Path) -> None:
    """Remove a file that was set aside though nothing of it was lost."""
    _remove(aside)


def read_raw(path: Path) -> bytes:
    """The bytes of the file and of its log, as they lie on the disk."""
    raw = b""
    for each in (path, path.with_name(path.name + "-wal")):
        with suppress(FileNotFoundError):
            raw += each.read_bytes()
    return raw


def _dated(path: Path, now_utc_ns: int) -> Path:
    moment = datetime.fromtimestamp(now_utc_ns // 10**9, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.damaged-{moment}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{moment}-{number}")
    return aside


def _remove(path: Path) -> None:
    for name in (path.name, *(path.name + side for side in _SIDE_FILES)):
        path.with_name(name).unlink(missing_ok=True)
