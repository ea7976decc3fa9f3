"""The spool's tables and every statement over them; no policy, no files.

`batch` holds the rows in order: its key is the last seq of each, so "what comes after seq n" is
one range of the key. Batches and lost stretches together cover every seq from the acknowledged
one to the last; a hole is damage. The state lies in the same table under keys that no seq has,
because there it shares a page with the oldest rows, and deleting those costs no page more. Under
keys before those lie the second copies of the dictionaries, so that no page holds both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.errors import Kind
from edge.spool.database import Cell, Database, StorageError
from edge.spool.record import HEAD_BYTES
from edge.spool.state import State, open_state, seal_state

APPLICATION_ID = 0x56_47_53_50
FORMAT_VERSION = 1
# A commit writes whole pages: of 1 KiB they cost two thirds of the bytes that 4 KiB cost. A spool
# that was made with larger ones keeps them.
PAGE_BYTES = 1_024
# Two syncs each: at 400 pages they stay below one in twenty of a commit's. The log may be this
# long because a row in it is found by its mark even when SQLite drops the log's end.
AUTOCHECKPOINT_PAGES = 400
_PARTS_PER_DICTIONARY = 1 << 10
_STATE_KEYS = (-1, 0)
# The second copy of the dictionary part at place p stands under the key _COPY_KEY - p.
_COPY_KEY = -2

# In WAL mode EXTRA is FULL. While the file is made, before that mode, it also syncs the
# folder, or a power cut could bring back the journal of the making and undo it.
_SYNCED = "PRAGMA synchronous = EXTRA"
_UNSYNCED = "PRAGMA synchronous = NORMAL"
_SETTINGS = (
    f"PRAGMA page_size = {PAGE_BYTES}",
    _SYNCED,
    "PRAGMA journal_mode = WAL",
    f"PRAGMA wal_autocheckpoint = {AUTOCHECKPOINT_PAGES}",
    "PRAGMA journal_size_limit = 1048576",
    "PRAGMA secure_delete = FAST",
)
_TABLES = (
    "CREATE TABLE batch (last_seq INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE dictionary (place INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT_VERSION}",
)
# What the schema says in every spool: a wrong bit there would show another table's rows.
_SCHEMA: list[tuple[Cell, ...]] = [("batch", 2, _TABLES[0]), ("dictionary", 3, _TABLES[1])]


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it lies in the table."""

    last_seq: int
    body: bytes


class Rows:
    """Statements over one connection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._run = database.execute

    def prepare(self) -> None:
        """The settings of a connection; each must be made anew on each."""
        for setting in _SETTINGS:
            self._run(setting)

    def is_empty_file(self) -> bool:
        """True when nothing was ever created here."""
        return not self._run("SELECT 1 FROM sqlite_master LIMIT 1")

    def create(self, state: State) -> None:
        """The tables of a new spool, inside a transaction."""
        for statement in _TABLES:
            self._run(statement)
        self.write_state(state)

    def sync_commits(self, *, is_on: bool) -> None:
        """Whether `commit` waits for the disk; on after `prepare`. Not inside a transaction.

        Off, a commit is still whole or not there at all after a power cut, and every later one
        that is synced makes it durable.
        """
        self._run(_SYNCED if is_on else _UNSYNCED)

    def begin(self) -> None:
        """Take the only right to write."""
        self._run("BEGIN IMMEDIATE")

    def begin_reading(self) -> None:
        """See one moment until `commit`."""
        self._run("BEGIN")

    def commit(self) -> None:
        """Return when everything since `begin` is on the disk."""
        self._run("COMMIT")

    def roll_back(self) -> None:
        """Forget everything since `begin`; harmless when SQLite already did."""
        try:
            self._run("ROLLBACK")
        except StorageError:
            return

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def last_seq(self) -> int | None:
        """Key of the newest row; None when there is none."""
        return _number(self._run("SELECT max(last_seq) FROM batch")[0][0]) or None

    def after(self, seq: int, limit: int) -> list[Row]:
        """Rows that hold anything after `seq`, in order."""
        found = self._run(
            "SELECT last_seq, body FROM batch WHERE last_seq > ? ORDER BY last_seq LIMIT ?",
            (seq, limit),
        )
        return _in_order(seq, found)

    def before(self, last_seq: int) -> Row | None:
        """The row before the one with this key."""
        found = self._run(
            "SELECT last_seq, body FROM batch WHERE last_seq BETWEEN 1 AND ? "
            "ORDER BY last_seq DESC LIMIT 1",
            (last_seq - 1,),
        )
        return Row(_number(found[0][0]) or 0, _bytes(found[0][1])) if found else None

    def heads(self, seq: int, limit: int) -> list[Row]:
        """As `after`, with only the head of each body: enough to see that no row is missing."""
        found = self._run(
            "SELECT last_seq, substr(body, 1, ?) FROM batch WHERE last_seq > ? "
            "ORDER BY last_seq LIMIT ?",
            (HEAD_BYTES, seq, limit),
        )
        return _in_order(seq, found)

    def all_dictionary_parts(self) -> list[bytes]:
        """The parts of all dictionaries, both copies."""
        found = self._run(
            "SELECT body FROM dictionary UNION ALL SELECT body FROM batch WHERE last_seq <= ?",
            (_COPY_KEY,),
        )
        return [_bytes(body) for (body,) in found]

    def is_ours(self) -> bool:
        """True when the file says that it is a spool of this format."""
        return (
            self._run("PRAGMA application_id") == [(APPLICATION_ID,)]
            and self._run("PRAGMA user_version") == [(FORMAT_VERSION,)]
            and self._run("SELECT name, rootpage, sql FROM sqlite_master") == _SCHEMA
        )

    def put(self, rows: Sequence[Row]) -> None:
        """Add rows, all or none."""
        cells = [cell for row in rows for cell in (row.last_seq, row.body)]
        self._run("INSERT INTO batch VALUES (?, ?)" + ", (?, ?)" * (len(rows) - 1), cells)

    def remove(self, first_last_seq: int, last_last_seq: int) -> None:
        """Delete the rows whose keys lie in the range, both ends included."""
        self._run(
            "DELETE FROM batch WHERE last_seq BETWEEN ? AND ?", (first_last_seq, last_last_seq)
        )

    def state(self) -> State | None:
        """The newest readable copy of the state."""
        found = self._run("SELECT body FROM batch WHERE last_seq BETWEEN ? AND ?", _STATE_KEYS)
        copies = [open_state(_bytes(body)) for (body,) in found]
        whole = [copy for copy in copies if copy is not None]
        return max(whole, key=lambda copy: (copy.last_seq, copy.acked_seq), default=None)

    def write_state(self, state: State) -> None:
        """Write all copies of the state."""
        body = seal_state(state)
        for key in _STATE_KEYS:
            self._run("INSERT OR REPLACE INTO batch VALUES (?, ?)", (key, body))

    def put_dictionary(self, number: int, rows: list[bytes]) -> None:
        """Write both copies of the parts of a dictionary."""
        for place, row in enumerate(rows, number * _PARTS_PER_DICTIONARY):
            self._run("INSERT OR REPLACE INTO dictionary VALUES (?, ?)", (place, row))
            self._run("INSERT OR REPLACE INTO batch VALUES (?, ?)", (_COPY_KEY - place, row))

    def dictionary_parts(self, number: int) -> list[bytes]:
        """The parts of a dictionary, both copies."""
        first = number * _PARTS_PER_DICTIONARY
        last = first + _PARTS_PER_DICTIONARY - 1
        found = self._run(
            "SELECT body FROM dictionary WHERE place BETWEEN ? AND ? "
            "UNION ALL SELECT body FROM batch WHERE last_seq BETWEEN ? AND ?",
            (first, last, _COPY_KEY - last, _COPY_KEY - first),
        )
        return [_bytes(body) for (body,) in found]

    def remove_dictionaries(self, before_number: int) -> None:
        """Delete the dictionaries with smaller numbers."""
        place = before_number * _PARTS_PER_DICTIONARY
        self._run("DELETE FROM dictionary WHERE place < ?", (place,))
        self._run(
            "DELETE FROM batch WHERE last_seq > ? AND last_seq <= ?", (_COPY_KEY - place, _COPY_KEY)
        )

    def used_bytes(self) -> int:
        """Pages that hold something; what deletion freed is used again before the file grows."""
        pages = _number(self._run("PRAGMA page_count")[0][0]) or 0
        free = _number(self._run("PRAGMA freelist_count")[0][0]) or 0
        page_bytes = _number(self._run("PRAGMA page_size")[0][0]) or PAGE_BYTES
        return (pages - free) * page_bytes

    def troubles(self) -> list[str]:
        """What SQLite itself finds wrong with the file's structure."""
        found = [str(row[0]) for row in self._run("PRAGMA quick_check(16)")]
        return [] if found == ["ok"] else found

    def checkpoint(self, mode: str) -> bool:
        """Move the log into the file; False when a reader was in the way."""
        return self._run(f"PRAGMA wal_checkpoint({mode})")[0][0] == 0


def _in_order(seq: int, found: list[tuple[Cell, ...]]) -> list[Row]:
    """The rows, whose keys must rise from `seq`: a broken tree may lead back and round for ever.

    Raises StorageError DATA_LOSS.
    """
    rows = [Row(_number(last_seq) or 0, _bytes(body)) for last_seq, body in found]
    for row in rows:
        if row.last_seq <= seq:
            raise StorageError(Kind.DATA_LOSS, "the file is damaged")
        seq = row.last_seq
    return rows


def _number(cell: object) -> int | None:
    return cell if isinstance(cell, int) else None


def _bytes(cell: object) -> bytes:
    return cell if isinstance(cell, bytes) else b""
