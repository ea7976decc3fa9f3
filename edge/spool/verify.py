"""Looking at a spool without touching it: what waits, and whether all of it is whole.

Both work on a copy that is taken while no writer can write, so they may run beside a live pole.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from edge.errors import Kind
from edge.spool import rebuild, record, salvage
from edge.spool.database import SqliteDatabase, StorageError, disk_error
from edge.spool.dictionary import (
    SPOOL_DICTIONARY_NUMBER,
    join_dictionaries,
    open_dictionary,
    spool_dictionary,
)
from edge.spool.lock import WriterLock
from edge.spool.rows import Rows
from edge.spool.state import State
from edge.wire.v1 import event_pb2

_ROWS_PER_LOOK = 512


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written. Seqs are 0 when it is about the file."""

    what: str
    first_seq: int = 0
    last_seq: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The state of a spool. `missing_events` cannot be had back; gaps will name them."""

    path: Path
    epoch: int
    acked_seq: int
    last_seq: int
    whole_events: int
    missing_events: int
    dropped_events: int
    findings: tuple[Finding, ...]
    set_aside: tuple[Path, ...]

    @property
    def is_whole(self) -> bool:
        """True when nothing is damaged; what the quota dropped is no damage."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class Held:
    """One batch or lost stretch in order, with the dictionary its events refer to."""

    entry: record.Batch | record.Lost
    dictionary: event_pb2.Dictionary | None


def verify(path: Path) -> Report:
    """Check every byte that matters. Raises StorageError when there is no spool to look at."""
    with _copy(path) as copy:
        finds = salvage.scan(rebuild.read_raw(copy))
        findings: list[Finding] = []
        # SQLite must not see the log before it was scanned: it forgets what it cannot use.
        try:
            findings += _look(copy, finds)
        except StorageError as error:
            findings.append(Finding(f"SQLite cannot read it: {error.what}"))
        plan = salvage.plan(finds)
    state = plan.state if plan else State(epoch=0)
    lost = 0 if plan is None else plan.missing_events
    return Report(
        path=path,
        epoch=state.epoch,
        acked_seq=state.acked_seq,
        last_seq=state.last_seq,
        whole_events=plan.recovered_events if plan else 0,
        missing_events=lost,
        dropped_events=state.last_seq - state.acked_seq - lost - plan.recovered_events
        if plan
        else 0,
        findings=tuple(findings) + (() if plan else (Finding("nothing of a spool is in it"),)),
        set_aside=tuple(rebuild.damaged_files(path)),
    )


def list_held(path: Path) -> Iterator[Held]:
    """What waits in order, as far as it can be read. Raises StorageError."""
    with _copy(path) as copy:
        rows = Rows(SqliteDatabase(copy))
        try:
            state = rows.state()
            if state is None:
                raise StorageError(
                    Kind.DATA_LOSS,
                    "the file is damaged",
                    where=str(path),
                    hint="Run 'vigie spool verify' to see what is missing.",
                )
            dictionaries = _dictionaries(rows, state.epoch)
            for entry in record.rejoined(_entries(rows, state)):
                number = entry.dictionary if isinstance(entry, record.Batch) else 1
                yield Held(entry, dictionaries.get(number))
        finally:
            rows.close()


def _entries(rows: Rows, state: State) -> Iterator[salvage.Entry]:
    seq = state.acked_seq
    while found := rows.after(seq, _ROWS_PER_LOOK):
        for row in found:
            entry = salvage.open_entry(row.body, state.epoch)
            if entry is not None:
                yield entry
            seq = row.last_seq


@contextmanager
def _copy(path: Path) -> Iterator[Path]:
    """The file and its log, copied as of one moment."""
    if not path.exists():
        raise StorageError(
            Kind.NOT_FOUND,
            "there is no spool here",
            where=str(path),
            hint="Give the device's data directory with --data DIR.",
        )
    lock = WriterLock(path.with_suffix(".lock"))
    try:
        with TemporaryDirectory(prefix="vigie-spool-") as folder, lock:
            copy = Path(folder) / path.name
            try:
                shutil.copyfile(path, copy)
                log = path.with_name(path.name + "-wal")
                with suppress(FileNotFoundError):
                    shutil.copyfile(log, copy.with_name(log.name))
            except OSError as error:
                raise disk_error(error, path) from error
            yield copy
    finally:
        lock.close()


def _look(copy: Path, finds: salvage.Finds) -> Iterator[Finding]:
    """What SQLite shows, held against what lies in the raw bytes."""
    rows = Rows(SqliteDatabase(copy))
    try:
        state = rows.state()
        if state is None:
            yield Finding("no copy of the state can be read")
            return
        yield from (Finding(f"SQLite: {trouble}") for trouble in rows.troubles())
        seq = state.acked_seq
        while found := rows.after(seq, _ROWS_PER_LOOK):
            for row in found:
                salvage.take(finds, row.body)
                yield from _row_findings(row.body, row.last_seq, seq, state.epoch)
                seq = row.last_seq
        yield from _dictionary_findings(rows, state)
        hidden = [each for each in finds.entries if each.epoch == state.epoch]
        last_seq = max((each.last_seq for each in hidden), default=0)
        if last_seq > seq:
            yield Finding("the log's end was dropped by SQLite", seq + 1, last_seq)
        elif state.last_seq > seq:
            yield Finding("no row holds these events", seq + 1, state.last_seq)
    finally:
        rows.close()


def _row_findings(body: bytes, last_seq: int, seq: int, epoch: int) -> Iterator[Finding]:
    entry = salvage.open_entry(body, epoch)
    if entry is None or entry.last_seq != last_seq:
        yield Finding("a row is not what its key says", seq + 1, last_seq)
        return
    if record.open_span(body[: record.HEAD_BYTES], epoch) is None:
        yield Finding("one bit of a row's head is wrong; it can be put right", seq + 1, last_seq)
    if entry.first_seq > seq + 1:
        yield Finding("no row holds these events", seq + 1, entry.first_seq - 1)
    if isinstance(entry, record.Batch):
        for place in sorted(entry.damaged):
            damaged_seq = entry.first_seq + place
            yield Finding("the event's checksum does not match", damaged_seq, damaged_seq)


def _dictionary_findings(rows: Rows, state: State) -> Iterator[Finding]:
    parts = [open_dictionary(row, state.epoch) for row in rows.all_dictionary_parts()]
    if None in parts:
        yield Finding("one of two copies of a dictionary is damaged")
    contents = join_dictionaries(part for part in parts if part is not None)
    for entry in record.rejoined(_entries(rows, state)):
        number = entry.dictionary if isinstance(entry, record.Batch) else SPOOL_DICTIONARY_NUMBER
        if number != SPOOL_DICTIONARY_NUMBER and not contents.get(number):
            yield Finding("the rules of these events are lost", entry.first_seq, entry.last_seq)


def _dictionaries(rows: Rows, epoch: int) -> dict[int, event_pb2.Dictionary]:
    parts = [open_dictionary(row, epoch) for row in rows.all_dictionary_parts()]
    contents = join_dictionaries(part for part in parts if part is not None)
    found = {number: event_pb2.Dictionary.FromString(each) for number, each in contents.items()}
    return {1: spool_dictionary(), **found}
