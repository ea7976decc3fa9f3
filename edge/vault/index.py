"""The ring's index: which fragment lies where, which stretches are missing, in SQLite.

A row is committed after its bytes are synced, and removed before they are deleted. So a commit
that a power cut takes back costs nothing: the next start reads the tail of the segment again.
Deletions are synced themselves (FULL), for nothing could tell them from damage later. The writer
holds the only writing connection; readers open their own. If all is lost, headers tell it again.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.errors import Kind
from edge.vault.disk import FILE_MODE, RingError, ring_error
from edge.vault.fragment import Gap, GapReason

Cell = int | str | None
SCHEMA_VERSION = 1
_BUSY_S = 5.0
_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE camera (camera TEXT PRIMARY KEY, ring_days INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE segment (
  number INTEGER PRIMARY KEY, camera TEXT NOT NULL, day INTEGER NOT NULL, bytes INTEGER NOT NULL
);
CREATE TABLE fragment (
  camera TEXT NOT NULL, seq INTEGER NOT NULL, segment INTEGER NOT NULL, place INTEGER NOT NULL,
  bytes INTEGER NOT NULL, first_utc_ns INTEGER NOT NULL, last_utc_ns INTEGER NOT NULL,
  clock_error_ms INTEGER, PRIMARY KEY (camera, seq)
) WITHOUT ROWID;
CREATE INDEX fragment_segment ON fragment (segment);
CREATE INDEX fragment_time ON fragment (camera, first_utc_ns);
CREATE TABLE gap (
  camera TEXT NOT NULL, after_seq INTEGER NOT NULL, from_utc_ns INTEGER NOT NULL,
  to_utc_ns INTEGER, reason INTEGER NOT NULL, lost_fragments INTEGER NOT NULL,
  PRIMARY KEY (camera, after_seq)
) WITHOUT ROWID;
"""
_ENTRY = "camera, seq, segment, place, bytes, first_utc_ns, last_utc_ns, clock_error_ms"


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment file; `bytes` is how long it is at most."""

    number: int
    camera: str
    day: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a fragment lies, and when it was captured."""

    camera: str
    seq: int
    segment: int
    place: int
    bytes: int
    first_utc_ns: int
    last_utc_ns: int
    clock_error_ms: int | None


@dataclass(frozen=True, slots=True)
class GapRow:
    """A stretch that is missing. to_utc_ns: None while it lasts."""

    camera: str
    after_seq: int
    from_utc_ns: int
    to_utc_ns: int | None
    gap: Gap


def index_error(error: sqlite3.Error, path: Path) -> RingError:
    """The error behind one of SQLite's."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return RingError(
            Kind.DATA_LOSS,
            "the ring's index is damaged",
            where=str(path),
            hint="The vault sets it aside and rebuilds it from the segments when it starts next.",
        )
    if code == sqlite3.SQLITE_FULL:
        return RingError(Kind.RESOURCE_EXHAUSTED, "no space left on the disk", where=str(path))
    if code == sqlite3.SQLITE_READONLY:
        return RingError(Kind.FAILED_PRECONDITION, "the disk is read-only", where=str(path))
    return RingError(
        Kind.UNAVAILABLE,
        f"the ring's index does not answer: {error}",
        where=str(path),
        hint="Look at 'dmesg' and 'df' for that disk; the ring is tried again by itself.",
    )


class Index:
    """One connection, used by one thread. Every failure is a RingError."""

    def __init__(self, path: Path, *, is_readonly: bool = False) -> None:
        self._path = path
        mode = "ro" if is_readonly else "rwc"
        try:
            if not is_readonly:
                # SQLite gives its log the mode of the file, and the file that of the umask.
                path.touch(FILE_MODE)
            self._connection = sqlite3.connect(
                f"file:{path.absolute()}?mode={mode}".replace("#", "%23"),
                uri=True,
                isolation_level=None,
                timeout=_BUSY_S,
                check_same_thread=False,
            )
            if not is_readonly:
                self._prepare()
            elif self._run("PRAGMA user_version")[0][0] != SCHEMA_VERSION:
                raise sqlite3.DatabaseError("it is not the index of a ring")
        except sqlite3.Error as error:
            raise index_error(error, path) from error
        except OSError as error:
            raise ring_error(error, path) from error

    def _prepare(self) -> None:
        self._run("PRAGMA journal_mode = WAL")
        self._run("PRAGMA synchronous = NORMAL")
        self._run("PRAGMA wal_autocheckpoint = 256")
        if self._run("PRAGMA user_version")[0][0] == 0:
            script = f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            self._connection.executescript(script)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def changing(self, *, is_synced: bool = False) -> Iterator[None]:
        """All changes inside, or none. is_synced: they are on the medium afterwards."""
        try:
            if is_synced:
                self._run("PRAGMA synchronous = FULL")
            self._run("BEGIN IMMEDIATE")
            try:
                yield
                self._run("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._run("ROLLBACK")
                raise
            finally:
                if is_synced:
                    self._run("PRAGMA synchronous = NORMAL")
        except sqlite3.Error as error:
            raise index_error(error, self._path) from error

    def get_about(self, name: str) -> str | None:
        """One of the few facts about the whole ring."""
        rows = self._asked("SELECT content FROM about WHERE name = ?", name)
        return None if not rows else str(rows[0][0])

    def set_about(self, name: str, content: str) -> None:
        """Inside `changing`."""
        self._run("INSERT OR REPLACE INTO about VALUES (?, ?)", name, content)

    def ring_days(self) -> dict[str, int]:
        """The mandate's days by camera, as last known."""
        return dict(self._asked("SELECT camera, ring_days FROM camera"))

    def set_ring_days(self, camera: str, ring_days: int) -> None:
        """Inside `changing`."""
        self._run("INSERT OR REPLACE INTO camera VALUES (?, ?)", camera, ring_days)

    def put_segment(self, segment: SegmentRow) -> None:
        """Inside `changing`; replaces what is known of that number."""
        row = segment.number, segment.camera, segment.day, segment.bytes
        self._run("INSERT OR REPLACE INTO segment VALUES (?, ?, ?, ?)", *row)

    def put_fragment(self, entry: Entry) -> None:
        """Inside `changing`."""
        row = entry.camera, entry.seq, entry.segment, entry.place, entry.bytes
        times = entry.first_utc_ns, entry.last_utc_ns, entry.clock_error_ms
        self._run("INSERT INTO fragment VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row, *times)

    def put_gap(self, row: GapRow) -> None:
        """Inside `changing`; replaces the one after the same seq."""
        self._run(
            "INSERT OR REPLACE INTO gap VALUES (?, ?, ?, ?, ?, ?)",
            row.camera,
            row.after_seq,
            row.from_utc_ns,
            row.to_utc_ns,
            row.gap.reason.value,
            row.gap.lost_fragments,
        )

    def remove_gap(self, camera: str, after_seq: int) -> None:
        """Inside `changing`: nothing is missing there after all."""
        self._run("DELETE FROM gap WHERE camera = ? AND after_seq = ?", camera, after_seq)

    def remove_segment(self, number: int) -> None:
        """Inside `changing`: the segment, its fragments, and gaps that nothing precedes now."""
        self._run("DELETE FROM fragment WHERE segment = ?", number)
        self._run("DELETE FROM segment WHERE number = ?", number)
        self._run(
            "DELETE FROM gap WHERE after_seq < (SELECT COALESCE(MIN(seq), 1 << 62) "
            "FROM fragment WHERE fragment.camera = gap.camera)"
        )

    def remove_fragment(self, camera: str, seq: int) -> None:
        """Inside `changing`."""
        self._run("DELETE FROM fragment WHERE camera = ? AND seq = ?", camera, seq)

    def cameras(self) -> list[str]:
        """Cameras that the ring ever held something of."""
        statement = "SELECT camera FROM camera UNION SELECT camera FROM segment ORDER BY camera"
        return [row[0] for row in self._asked(statement)]

    def segments(self, camera: str | None = None) -> list[SegmentRow]:
        """All segments, or a camera's, the oldest first."""
        where = "WHERE camera = ?" if camera is not None else ""
        cells = [camera] if camera is not None else []
        statement = f"SELECT number, camera, day, bytes FROM segment {where} ORDER BY number"  # noqa: S608
        return [SegmentRow(*row) for row in self._asked(statement, *cells)]

    def entries(self, camera: str, from_utc_ns: int, to_utc_ns: int) -> list[Entry]:
        """Fragments that touch an interval, in order."""
        statement = (
            f"SELECT {_ENTRY} FROM fragment WHERE camera = ? AND first_utc_ns < ? "  # noqa: S608
            "AND last_utc_ns >= ? AND first_utc_ns >= ? ORDER BY seq"
        )
        # No fragment is longer than a few seconds: a bound for the index on first_utc_ns.
        earliest_ns = from_utc_ns - 60_000_000_000
        return self._read_entries(statement, camera, to_utc_ns, from_utc_ns, earliest_ns)

    def segment_entries(self, number: int) -> list[Entry]:
        """All fragments of a segment, in the order in which they lie."""
        statement = f"SELECT {_ENTRY} FROM fragment WHERE segment = ? ORDER BY place"  # noqa: S608
        return self._read_entries(statement, number)

    def last(self, camera: str) -> Entry | None:
        """The newest fragment."""
        return self._one("seq DESC", camera)

    def first(self, camera: str) -> Entry | None:
        """The oldest fragment."""
        return self._one("seq", camera)

    def gaps(self, camera: str) -> list[GapRow]:
        """All that is missing, in order."""
        statement = (
            "SELECT after_seq, from_utc_ns, to_utc_ns, reason, lost_fragments FROM gap "
            "WHERE camera = ? ORDER BY after_seq"
        )
        return [
            GapRow(camera, after, from_ns, to_ns, Gap(GapReason(reason), lost))
            for after, from_ns, to_ns, reason, lost in self._asked(statement, camera)
        ]

    def has_fragment(self, camera: str, seq: int) -> bool:
        """True when the seq is noted."""
        return bool(self._asked("SELECT 1 FROM fragment WHERE camera = ? AND seq = ?", camera, seq))

    def before(self, camera: str, seq: int) -> Entry | None:
        """The newest fragment before a seq."""
        statement = (
            f"SELECT {_ENTRY} FROM fragment WHERE camera = ? AND seq < ? "  # noqa: S608
            "ORDER BY seq DESC LIMIT 1"
        )
        found = self._read_entries(statement, camera, seq)
        return found[0] if found else None

    def holes(self, camera: str) -> list[tuple[Entry, Entry]]:
        """Neighbours between whose seqs fragments are missing; reads every row."""
        statement = (
            "SELECT before, seq FROM (SELECT seq, LAG(seq) OVER (ORDER BY seq) AS before "
            "FROM fragment WHERE camera = ?) WHERE before < seq - 1"
        )
        ends = [end for pair in self._asked(statement, camera) for end in pair]
        found = [self.before(camera, seq + 1) for seq in ends]
        return [(a, b) for a, b in zip(found[::2], found[1::2], strict=True) if a and b]

    def totals(self) -> tuple[int, int]:
        """Bytes of all segments, number of fragments; reads every row."""
        segments = self._asked("SELECT COALESCE(SUM(bytes), 0) FROM segment")
        fragments = self._asked("SELECT COUNT(*) FROM fragment")
        return segments[0][0], fragments[0][0]

    def camera_totals(self, camera: str) -> tuple[int, int]:
        """Number and bytes of a camera's fragments; reads every row."""
        statement = "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM fragment WHERE camera = ?"
        fragments, stored_bytes = self._asked(statement, camera)[0]
        return fragments, stored_bytes

    def count_gaps(self) -> int:
        """Stretches that are missing."""
        return int(self._asked("SELECT COUNT(*) FROM gap")[0][0])

    def last_number(self) -> int:
        """The highest segment number in use."""
        return int(self._asked("SELECT COALESCE(MAX(number), 0) FROM segment")[0][0])

    def find_problem(self) -> str | None:
        """What SQLite's own quick check says; None: nothing."""
        answer = str(self._asked("PRAGMA quick_check(1)")[0][0])
        return None if answer == "ok" else answer

    def _one(self, order: str, camera: str) -> Entry | None:
        statement = f"SELECT {_ENTRY} FROM fragment WHERE camera = ? ORDER BY {order} LIMIT 1"  # noqa: S608
        found = self._read_entries(statement, camera)
        return found[0] if found else None

    def _read_entries(self, statement: str, *cells: Cell) -> list[Entry]:
        return [Entry(*row) for row in self._asked(statement, *cells)]

    def _asked(self, statement: str, *cells: Cell) -> Sequence[tuple]:  # type: ignore[type-arg]
        try:
            return self._run(statement, *cells)
        except sqlite3.Error as error:
            raise index_error(error, self._path) from error

    def _run(self, statement: str, *cells: Cell) -> Sequence[tuple]:  # type: ignore[type-arg]
        return self._connection.execute(statement, cells).fetchall()
