"""The spool: what is appended here is on disk when `append` returns, and stays until acknowledged.

One object belongs to one thread; each process opens its own on the same path. Writers queue on
`spool.lock`. SQLite's part is in `rows.py`, the bytes in `record.py`, what a reader gets in
`reading.py`, what gives way at the quota in `quota.py`, and damage in `salvage.py`.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from sqlite3 import SQLITE_CORRUPT
from typing import TypeVar

from edge.clock import Clock, SystemClock
from edge.errors import Kind
from edge.spool import dictionary as dictionaries
from edge.spool import record, salvage
from edge.spool.database import Database, SqliteDatabase, StorageError, storage_error
from edge.spool.file import SpoolFile
from edge.spool.quota import Quota
from edge.spool.reading import PendingBatch, as_pending, in_pieces
from edge.spool.repair import Repair
from edge.spool.rows import Row, Rows
from edge.spool.state import State
from edge.wire.v1 import event_pb2

DEFAULT_QUOTA_BYTES = 64 * 1024 * 1024
_ROWS_PER_READ = 48
# Events queued before a new declaration still name the dictionary before it.
_KEPT_DICTIONARIES = 4
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Packed:
    """Events ready for the disk: at most 32 serialised event_pb2.Event and what they share.

    clock_error_ms: None when the clock is not proven.
    """

    captured_utc_ms: int
    dictionary: int
    bodies: Sequence[bytes]
    clock_error_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """What the spool holds. first_seq is 0 when nothing waits."""

    epoch: int
    first_seq: int
    last_seq: int
    acked_seq: int
    used_bytes: int
    quota_bytes: int

    @property
    def seqs(self) -> int:
        """How many seqs wait to be acknowledged, named gaps included."""
        return self.last_seq - self.first_seq + 1 if self.first_seq else 0


def draw_epoch() -> int:
    """A random number that no spool had before; never 0."""
    return secrets.randbits(64) or 1


class Spool:
    """Append, read in order, acknowledge. Every failure is a StorageError and accepts nothing."""

    def __init__(
        self,
        path: Path,
        *,
        quota_bytes: int = DEFAULT_QUOTA_BYTES,
        clock: Clock | None = None,
        connect: Callable[[Path], Database] = SqliteDatabase,
        draw_epoch: Callable[[], int] = draw_epoch,
    ) -> None:
        """Open the spool at `path`, or create it; its folder must exist."""
        self._quota_bytes = quota_bytes
        self._quota = Quota(quota_bytes, dictionaries.Functions().find)
        self._quota_in = 0
        self._file = SpoolFile(path, clock or SystemClock(), connect, draw_epoch)

    @property
    def epoch(self) -> int:
        """Drawn when the file was created; seqs are unique within it."""
        return self._file.state.epoch

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self._file.path

    @property
    def repairs(self) -> Sequence[Repair]:
        """What this object had to replace, the oldest first."""
        return self._file.repairs

    @property
    def dropped_events(self) -> int:
        """Events that this object dropped for the quota; gaps name each."""
        return self._quota.dropped_events

    def append(self, pack: Callable[[int], Packed]) -> range:
        """Put events on the disk and return their seqs.

        pack: called with the first seq the events will have, while no other writer can take
        it; returns 1 to 32 events. It is called again when the file had to be rebuilt.
        """
        return self._mended(lambda: self._append(pack))

    def read(self, after_seq: int, *, max_batches: int = _ROWS_PER_READ) -> list[PendingBatch]:
        """What stands after a seq, in order and without holes, at most `max_batches` rows of it.

        after_seq: 0, the collector's stored_seq, or `last_seq` of the batch read before.
        """
        return self._mended(lambda: self._read(after_seq, max_batches))

    def acknowledge(self, seq: int) -> None:
        """Delete everything up to and including a seq: the collector has it.

        After a power cut it may be there again, until the collector says again that it has it.
        """
        self._mended(lambda: self._acknowledge(seq))

    def declare(self, dictionary: event_pb2.Dictionary) -> int:
        """The number of a dictionary in this epoch; its own `number` is ignored.

        The same content as the last one declared keeps its number.
        """
        unnumbered = event_pb2.Dictionary()
        unnumbered.CopyFrom(dictionary)
        unnumbered.ClearField("number")
        content = unnumbered.SerializeToString(deterministic=True)
        return self._mended(lambda: self._declare(content))

    def dictionary(self, number: int) -> event_pb2.Dictionary | None:
        """What rule indices mean; None when it was never declared, or when its loss was told."""
        if number == dictionaries.SPOOL_DICTIONARY_NUMBER:
            return dictionaries.spool_dictionary()
        content = self._mended(lambda: self._content(number))
        if not content:
            return None
        found = event_pb2.Dictionary.FromString(content)
        found.number = number
        return found

    def pending(self) -> Pending:
        """What waits, and how much room it takes."""
        with self._file.reading() as rows:
            state = rows.state() or self._file.state
            last_seq = self._last_seq(rows)
            return Pending(
                epoch=state.epoch,
                first_seq=state.acked_seq + 1 if last_seq > state.acked_seq else 0,
                last_seq=last_seq,
                acked_seq=state.acked_seq,
                used_bytes=rows.used_bytes(),
                quota_bytes=self._quota_bytes,
            )

    def tidy(self) -> None:
        """Move the log into the file; to be called when nothing else is to do."""
        self._file.tidy()

    def close(self) -> None:
        """Let go of the file; everything accepted is on disk already."""
        self._file.close()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _mended(self, act: Callable[[], Answer]) -> Answer:
        """The answer, after one repair when the file turns out to be damaged."""
        try:
            return act()
        except StorageError as error:
            if error.kind != Kind.DATA_LOSS:
                raise
        self._file.repair()
        return act()

    def _append(self, pack: Callable[[int], Packed]) -> range:
        self._quota_in -= 1
        if self._quota_in < 0:
            self._quota_in = self._quota.check_every
            with self._file.writing() as rows:
                self._quota.keep(rows, self.epoch)
        made: list[Row] = []
        first_seq = 0

        def make(rows: Rows) -> list[Row]:
            nonlocal first_seq, made
            first_seq = self._last_seq(rows) + 1
            made = _sealed_rows(pack(first_seq), first_seq, self._file.state)
            return made

        try:
            self._file.put(make)
        except StorageError as error:
            if not made or error.kind != Kind.UNAVAILABLE or not self._are_there(first_seq, made):
                raise
        return range(first_seq, made[-1].last_seq + 1)

    def _are_there(self, first_seq: int, made: list[Row]) -> bool:
        """Whether a commit that failed is on disk after all.

        Its frames may stand in the log. Opening anew moves the log into the file with syncs of
        its own, so what is found then is as durable as any other.
        """
        try:
            with self._file.reading() as rows:
                return rows.after(first_seq - 1, len(made)) == made
        except StorageError:
            return False

    def _read(self, after_seq: int, max_batches: int) -> list[PendingBatch]:
        with self._file.reading() as rows:
            state = rows.state() or self._file.state
            start_seq = max(after_seq, state.acked_seq)
            entries = self._entries(rows, start_seq, max_batches)
        found = [as_pending(piece) for piece in in_pieces(entries, start_seq)]
        if found and start_seq > after_seq and not found[0].batch.HasField("follows_seq"):
            found[0].batch.follows_seq = after_seq
        return found

    def _entries(self, rows: Rows, seq: int, limit: int) -> list[record.Batch | record.Lost]:
        """The next rows; a row that is missing or not what its key says is damage."""
        entries = []
        for row in rows.after(seq, limit):
            entry = salvage.open_entry(row.body, self.epoch)
            if entry is None or entry.last_seq != row.last_seq or entry.first_seq > seq + 1:
                raise storage_error(SQLITE_CORRUPT, "", self.path)
            entries.append(entry)
            seq = entry.last_seq
        return entries

    def _acknowledge(self, seq: int) -> None:
        with self._file.forgetting() as rows:
            state = rows.state() or self._file.state
            last_seq = self._last_seq(rows)
            acked_seq = min(max(seq, state.acked_seq), last_seq)
            if acked_seq > state.acked_seq:
                rows.remove(1, acked_seq)
                state = replace(state, last_seq=last_seq, acked_seq=acked_seq)
                rows.write_state(state)
        self._file.state = state

    def _declare(self, content: bytes) -> int:
        with self._file.writing() as rows:
            state = rows.state() or self._file.state
            number = state.last_dictionary
            if dictionaries.ensure_declared(rows, self.epoch, number, content):
                return number
            number += 1
            rows.put_dictionary(number, dictionaries.seal_dictionary(self.epoch, number, content))
            last_seq = self._last_seq(rows)
            if last_seq == state.acked_seq:
                rows.remove_dictionaries(number - _KEPT_DICTIONARIES)
            state = replace(state, last_dictionary=number, last_seq=last_seq)
            rows.write_state(state)
        self._file.state = state
        return number

    def _last_seq(self, rows: Rows) -> int:
        last_seq = rows.last_seq()
        return (rows.state() or self._file.state).last_seq if last_seq is None else last_seq

    def _content(self, number: int) -> bytes | None:
        with self._file.reading() as rows:
            return dictionaries.read_needed(rows, self.epoch, number)


def _sealed_rows(packed: Packed, first_seq: int, state: State) -> list[Row]:
    rows = []
    for bodies in record.in_rows(packed.bodies):
        body = record.seal_events(
            bodies,
            epoch=state.epoch,
            first_seq=first_seq,
            acked_seq=state.acked_seq,
            captured_utc_ms=packed.captured_utc_ms,
            dictionary=packed.dictionary,
            clock_error_ms=packed.clock_error_ms,
        )
        first_seq += len(bodies)
        rows.append(Row(first_seq - 1, body))
    return rows
