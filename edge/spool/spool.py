"""The spool: what is appended here is on disk when `append` returns, and stays until acknowledged.

One object belongs to one thread; each process opens its own on the same path. Writers queue on
`spool.lock`. SQLite's part is in `rows.py`, the bytes in `record.py`, what a reader gets in
`reading.py`, what gives way at the quota in `quota.py`, and damage in `salvage.py`.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from edge.clock import Clock, SystemClock
from edge.errors import Kind
from edge.spool import record
from edge.spool.database import Database, SqliteDatabase, StorageError
from edge.spool.lock import WriterLock
from edge.spool.reading import (
    SPOOL_DICTIONARY_NUMBER,
    PendingBatch,
    as_pending,
    in_pieces,
    spool_dictionary,
)
from edge.spool.rows import PAGE_BYTES, Rows
from edge.wire.v1 import event_pb2

DEFAULT_QUOTA_BYTES = 64 * 1024 * 1024
FILE_NAME = "spool.db"
_ROWS_PER_READ = 16


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
        self._path = path
        self._quota_bytes = quota_bytes
        self._clock = clock or SystemClock()
        self._connect = connect
        self._draw_epoch = draw_epoch
        self._lock = WriterLock(path.with_suffix(".lock"))
        self._state = record.State(epoch=0)
        self._rows: Rows | None = None
        with self._lock:
            self._rows = self._open()

    @property
    def epoch(self) -> int:
        """Drawn when the file was created; seqs are unique within it."""
        return self._state.epoch

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self._path

    def append(self, pack: Callable[[int], Packed]) -> range:
        """Put events on the disk and return their seqs.

        pack: called once with the first seq the events will have, while no other writer can
        take it; returns 1 to 32 events.
        """
        with self._writing() as rows:
            last_seq = self._last_seq(rows)
            packed = pack(last_seq + 1)
            batch = record.Batch(
                epoch=self._state.epoch,
                first_seq=last_seq + 1,
                acked_seq=self._state.acked_seq,
                captured_utc_ms=packed.captured_utc_ms,
                dictionary=packed.dictionary,
                clock_error_ms=packed.clock_error_ms,
                bodies=tuple(packed.bodies),
            )
            rows.put(batch.last_seq, record.seal_batch(batch))
        return range(batch.first_seq, batch.last_seq + 1)

    def read(self, after_seq: int, *, max_batches: int = _ROWS_PER_READ) -> list[PendingBatch]:
        """What stands after a seq, in order and without holes, at most `max_batches` rows of it.

        after_seq: 0, the collector's stored_seq, or `last_seq` of the batch read before.
        """
        rows = self._opened()
        state = rows.state() or self._state
        start_seq = max(after_seq, state.acked_seq)
        entries = []
        for row in rows.after(start_seq, max_batches):
            entry = record.open_batch(row.body, self.epoch) or record.open_lost(
                row.body, self.epoch
            )
            if entry is not None:
                entries.append(entry)
        found = [as_pending(piece) for piece in in_pieces(entries, start_seq)]
        if found and start_seq > after_seq and not found[0].batch.HasField("follows_seq"):
            found[0].batch.follows_seq = after_seq
        return found

    def acknowledge(self, seq: int) -> None:
        """Delete everything up to and including a seq: the collector has it."""
        with self._writing() as rows:
            state = rows.state() or self._state
            last_seq = self._last_seq(rows)
            acked_seq = min(max(seq, state.acked_seq), last_seq)
            if acked_seq > state.acked_seq:
                rows.remove(0, acked_seq)
                self._state = replace(state, last_seq=last_seq, acked_seq=acked_seq)
                rows.write_state(self._state)

    def declare(self, dictionary: event_pb2.Dictionary) -> int:
        """The number of a dictionary in this epoch; its own `number` is ignored.

        The same content as the last one declared keeps its number.
        """
        unnumbered = event_pb2.Dictionary()
        unnumbered.CopyFrom(dictionary)
        unnumbered.ClearField("number")
        content = unnumbered.SerializeToString(deterministic=True)
        with self._writing() as rows:
            state = rows.state() or self._state
            if self._content(rows, state.last_dictionary) == content:
                return state.last_dictionary
            number = state.last_dictionary + 1
            rows.put_dictionary(number, record.seal_dictionary(self.epoch, number, content))
            self._state = replace(
                state, last_dictionary=number, last_seq=max(state.last_seq, self._last_seq(rows))
            )
            rows.write_state(self._state)
        return number

    def dictionary(self, number: int) -> event_pb2.Dictionary | None:
        """What rule indices mean; None when it was never declared or is damaged."""
        if number == SPOOL_DICTIONARY_NUMBER:
            return spool_dictionary()
        content = self._content(self._opened(), number)
        if content is None:
            return None
        dictionary = event_pb2.Dictionary.FromString(content)
        dictionary.number = number
        return dictionary

    def pending(self) -> Pending:
        """What waits, and how much room it takes."""
        rows = self._opened()
        state = rows.state() or self._state
        last_seq = self._last_seq(rows)
        return Pending(
            epoch=state.epoch,
            first_seq=state.acked_seq + 1 if last_seq > state.acked_seq else 0,
            last_seq=last_seq,
            acked_seq=state.acked_seq,
            used_bytes=rows.used_pages() * PAGE_BYTES,
            quota_bytes=self._quota_bytes,
        )

    def tidy(self) -> None:
        """Move the log into the file; to be called when nothing else is to do."""
        self._opened().checkpoint("PASSIVE")

    def close(self) -> None:
        """Let go of the file; everything accepted is on disk already."""
        if self._rows is not None:
            self._rows.close()
            self._rows = None
        self._lock.close()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[Rows]:
        with self._lock:
            rows = self._opened()
            rows.begin()
            try:
                yield rows
                rows.commit()
            except BaseException:
                rows.roll_back()
                raise

    def _opened(self) -> Rows:
        if self._rows is None:
            self._rows = self._open()
        return self._rows

    def _open(self) -> Rows:
        rows = Rows(self._connect(self._path))
        rows.prepare()
        if rows.is_empty_file():
            rows.begin()
            self._state = record.State(epoch=self._draw_epoch())
            rows.create(self._state)
            rows.commit()
        state = rows.state()
        if state is None:
            raise StorageError(Kind.DATA_LOSS, "the file is damaged", where=str(self._path))
        self._state = state
        return rows

    def _last_seq(self, rows: Rows) -> int:
        last_seq = rows.last_seq()
        if last_seq is not None:
            return last_seq
        self._state = rows.state() or self._state
        return self._state.last_seq

    def _content(self, rows: Rows, number: int) -> bytes | None:
        parts = [record.open_dictionary(row, self.epoch) for row in rows.dictionary_parts(number)]
        whole = [part for part in parts if part is not None and part.number == number]
        if not whole or len(whole) != whole[0].parts:
            return None
        return b"".join(part.piece for part in whole)
