"""The ring's index: which fragment lies where, which stretches are missing, in SQLite.

A row is committed after its bytes are synced, and removed before they are deleted. So a commit
that a power cut takes back costs nothing: the next start reads the tail of the segment again.
Deletions are synced themselves (FULL), for nothing could tell them from damage later. The writer
holds the only writing connection; readers open their own. If all is lost, headers tell it again.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from edge.vault.fragment import Gap, GapReason
from edge.vault.index_file import Cell, IndexFile

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


class Index:
    """One connection, used by one thread. Every failure is a RingError."""

    def __init__(self, path: Path, *, is_readonly: bool = False) -> None:
        self._file = IndexFile(path, is_readonly=is_readonly)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def changing(self, *, is_synced: bool = False) -> AbstractContextManager[None]:
        """All changes inside, or none. is_synced: they are on the medium afterwards."""
        return self._file.changing(is_synced=is_synced)

    def get_about(self, name: str) -> str | None:
        """One of the few facts about the whole ring."""
        rows = self._file.ask("SELECT content FROM about WHERE name = ?", name)
        return None if not rows else str(rows[0][0])

    def set_about(self, name: str, content: str) -> None:
        """Inside `changing`."""
        self._file.run("INSERT OR REPLACE INTO about VALUES (?, ?)", name, content)

    def ring_days(self) -> dict[str, int]:
        """The mandate's days by camera, as last known."""
        return dict(self._file.ask("SELECT camera, ring_days FROM camera"))

    def set_ring_days(self, camera: str, ring_days: int) -> None:
        """Inside `changing`."""
        self._file.run("INSERT OR REPLACE INTO camera VALUES (?, ?)", camera, ring_days)

    def put_segment(self, segment: SegmentRow) -> None:
        """Inside `changing`; replaces what is known of that number."""
        row = segment.number, segment.camera, segment.day, segment.bytes
        self._file.run("INSERT OR REPLACE INTO segment VALUES (?, ?, ?, ?)", *row)

    def put_fragment(self, entry: Entry) -> None:
        """Inside `changing`."""
        row = entry.camera, entry.seq, entry.segment, entry.place, entry.bytes
        times = entry.first_utc_ns, entry.last_utc_ns, entry.clock_error_ms
        self._file.run("INSERT INTO fragment VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row, *times)

    def put_gap(self, row: GapRow) -> None:
        """Inside `changing`; replaces the one after the same seq."""
        self._file.run(
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
        self._file.run("DELETE FROM gap WHERE camera = ? AND after_seq = ?", camera, after_seq)

    def remove_segment(self, number: int) -> None:
        """Inside `changing`: the segment, its fragments, and gaps that nothing precedes now."""
        self._file.run("DELETE FROM fragment WHERE segment = ?", number)
        self._file.run("DELETE FROM segment WHERE number = ?", number)
        self._file.run(
            "DELETE FROM gap WHERE after_seq < (SELECT COALESCE(MIN(seq), 1 << 62) "
            "FROM fragment WHERE fragment.camera = gap.camera)"
        )

    def remove_fragment(self, camera: str, seq: int) -> None:
        """Inside `changing`."""
        self._file.run("DELETE FROM fragment WHERE camera = ? AND seq = ?", camera, seq)

    def cameras(self) -> list[str]:
        """Cameras that the ring ever held something of."""
        statement = "SELECT camera FROM camera UNION SELECT camera FROM segment ORDER BY camera"
        return [row[0] for row in self._file.ask(statement)]

    def segments(self, camera: str | None = None) -> list[SegmentRow]:
        """All segments, or a camera's, the oldest first."""
        where = "WHERE camera = ?" if camera is not None else ""
        cells = [camera] if camera is not None else []
        statement = f"SELECT number, camera, day, bytes FROM segment {where} ORDER BY number"  # noqa: S608
        return [SegmentRow(*row) for row in self._file.ask(statement, *cells)]

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
            for after, from_ns, to_ns, reason, lost in self._file.ask(statement, camera)
        ]

    def has_fragment(self, camera: str, seq: int) -> bool:
        """True when the seq is noted."""
        return bool(
            self._file.ask("SELECT 1 FROM fragment WHERE camera = ? AND seq = ?", camera, seq)
        )

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
        ends = [end for pair in self._file.ask(statement, camera) for end in pair]
        found = [self.before(camera, seq + 1) for seq in ends]
        return [(a, b) for a, b in zip(found[::2], found[1::2], strict=True) if a and b]

    def totals(self) -> tuple[int, int]:
        """Bytes of all segments, number of fragments; reads every row."""
        segments = self._file.ask("SELECT COALESCE(SUM(bytes), 0) FROM segment")
        fragments = self._file.ask("SELECT COUNT(*) FROM fragment")
        return segments[0][0], fragments[0][0]

    def camera_totals(self, camera: str) -> tuple[int, int]:
        """Number and bytes of a camera's fragments; reads every row."""
        statement = "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM fragment WHERE camera = ?"
        fragments, stored_bytes = self._file.ask(statement, camera)[0]
        return fragments, stored_bytes

    def count_gaps(self) -> int:
        """Stretches that are missing."""
        return int(self._file.ask("SELECT COUNT(*) FROM gap")[0][0])

    def last_number(self) -> int:
        """The highest segment number in use."""
        return int(self._file.ask("SELECT COALESCE(MAX(number), 0) FROM segment")[0][0])

    def find_problem(self) -> str | None:
        """What SQLite's own quick check says; None: nothing."""
        return self._file.find_problem()

    def _one(self, order: str, camera: str) -> Entry | None:
        statement = f"SELECT {_ENTRY} FROM fragment WHERE camera = ? ORDER BY {order} LIMIT 1"  # noqa: S608
        found = self._read_entries(statement, camera)
        return found[0] if found else None

    def _read_entries(self, statement: str, *cells: Cell) -> list[Entry]:
        return [Entry(*row) for row in self._file.ask(statement, *cells)]
