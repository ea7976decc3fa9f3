"""The tables of one collector's database, and how it is opened.

`epoch` is unsigned on the wire and signed here (two's complement), because SQLite's integers
are signed. Reviews and audit lines cannot be changed or removed: triggers refuse.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from edge.errors import Kind, VigieError

SCHEMA_VERSION = 4
READ_TIMEOUT_SECONDS = 5.0
KEPT_LOG_BYTES = 64 << 20  # a log that long readers let grow is cut back to this
BUSY_MS = 5_000  # how long a writer waits for a program that holds the file

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE devices (
  name TEXT PRIMARY KEY, state INTEGER NOT NULL, software TEXT NOT NULL DEFAULT '',
  last_seen_utc_ms INTEGER, certificate_expires_utc_ms INTEGER, health BLOB, health_utc_ms INTEGER,
  token_hash BLOB, token_expires_utc_ms INTEGER, token_key BLOB,
  twin_utc_ms INTEGER, last_command INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE certificates (
  serial TEXT PRIMARY KEY, device TEXT NOT NULL, expires_utc_ms INTEGER NOT NULL,
  is_revoked INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE epochs (
  device TEXT NOT NULL, epoch INTEGER NOT NULL, stored_seq INTEGER NOT NULL DEFAULT 0,
  stored_events INTEGER NOT NULL DEFAULT 0, stored_utc_ms INTEGER, PRIMARY KEY (device, epoch)
) WITHOUT ROWID;
CREATE TABLE dictionaries (
  device TEXT NOT NULL, epoch INTEGER NOT NULL, dictionary INTEGER NOT NULL,
  body BLOB NOT NULL, mode INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (device, epoch, dictionary)
) WITHOUT ROWID;
CREATE TABLE rules (
  device TEXT NOT NULL, epoch INTEGER NOT NULL, dictionary INTEGER NOT NULL,
  rule INTEGER NOT NULL, name TEXT NOT NULL, function INTEGER NOT NULL, camera TEXT NOT NULL,
  PRIMARY KEY (device, epoch, dictionary, rule)
) WITHOUT ROWID;
CREATE TABLE events (
  number INTEGER PRIMARY KEY, device TEXT NOT NULL, epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL, captured_utc_ms INTEGER NOT NULL, stored_utc_ms INTEGER NOT NULL,
  clock_error_ms INTEGER, dictionary INTEGER NOT NULL, rule INTEGER NOT NULL,
  phase INTEGER NOT NULL, start_seq INTEGER, body BLOB NOT NULL, crc INTEGER NOT NULL
);
CREATE UNIQUE INDEX events_key ON events (device, epoch, seq);
CREATE TABLE reviews (
  id INTEGER PRIMARY KEY, event_number INTEGER NOT NULL, verdict INTEGER NOT NULL,
  note TEXT NOT NULL, reviewer TEXT NOT NULL, reviewed_utc_ms INTEGER NOT NULL
);
CREATE INDEX reviews_by_event ON reviews (event_number, id);
CREATE TABLE audit (
  line INTEGER PRIMARY KEY, utc_ms INTEGER NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL,
  object TEXT NOT NULL, detail TEXT NOT NULL, hash BLOB NOT NULL
);
CREATE TABLE accounts (
  name TEXT PRIMARY KEY, password_hash TEXT NOT NULL, created_utc_ms INTEGER NOT NULL,
  is_active INTEGER NOT NULL DEFAULT 1, role TEXT NOT NULL, user_handle BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE passkeys (
  credential_id BLOB PRIMARY KEY, account TEXT NOT NULL, name TEXT NOT NULL,
  public_key BLOB NOT NULL, sign_count INTEGER NOT NULL, created_utc_ms INTEGER NOT NULL,
  used_utc_ms INTEGER, UNIQUE (account, name)
) WITHOUT ROWID;
CREATE TABLE sessions (
  token_hash BLOB PRIMARY KEY, account TEXT NOT NULL, csrf_token TEXT NOT NULL,
  created_utc_ms INTEGER NOT NULL, seen_utc_ms INTEGER NOT NULL, stepped_up_utc_ms INTEGER
) WITHOUT ROWID;
CREATE TABLE invitations (
  token_hash BLOB PRIMARY KEY, expires_utc_ms INTEGER NOT NULL, role TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE evidence_keys (
  device TEXT NOT NULL, evidence_key BLOB NOT NULL, enrolled_utc_ms INTEGER NOT NULL,
  removed_utc_ms INTEGER, PRIMARY KEY (device, evidence_key)
) WITHOUT ROWID;
CREATE TABLE commands (
  device TEXT NOT NULL, id INTEGER NOT NULL, body BLOB NOT NULL, subject TEXT NOT NULL,
  made_utc_ms INTEGER NOT NULL, expires_utc_ms INTEGER NOT NULL, code INTEGER,
  message TEXT NOT NULL DEFAULT '', answered_utc_ms INTEGER, PRIMARY KEY (device, id)
) WITHOUT ROWID;
CREATE TABLE mandates (
  sha256 BLOB PRIMARY KEY, envelope TEXT NOT NULL, is_revocation INTEGER NOT NULL,
  version INTEGER NOT NULL, expires_utc_ms INTEGER NOT NULL, delivered_utc_ms INTEGER NOT NULL,
  who TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE clips (
  clip TEXT PRIMARY KEY, device TEXT NOT NULL, camera TEXT NOT NULL, is_still INTEGER NOT NULL,
  from_utc_ms INTEGER NOT NULL, to_utc_ms INTEGER NOT NULL, reason TEXT NOT NULL,
  case_name TEXT NOT NULL, requester TEXT NOT NULL, role TEXT NOT NULL,
  second_person TEXT NOT NULL DEFAULT '', event_number INTEGER, readers TEXT NOT NULL,
  envelope TEXT NOT NULL DEFAULT '', state INTEGER NOT NULL, message TEXT NOT NULL DEFAULT '',
  requested_utc_ms INTEGER NOT NULL, changed_utc_ms INTEGER NOT NULL,
  sealed_bytes INTEGER NOT NULL DEFAULT 0, sealed_blake3 BLOB, manifest TEXT NOT NULL DEFAULT '',
  is_bench INTEGER NOT NULL DEFAULT 0, expires_utc_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX clips_by_time ON clips (requested_utc_ms);
CREATE INDEX clips_by_case ON clips (case_name, requested_utc_ms);
CREATE TABLE holds (
  clip TEXT PRIMARY KEY, reason TEXT NOT NULL, who TEXT NOT NULL, made_utc_ms INTEGER NOT NULL,
  until_utc_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE images (
  device TEXT PRIMARY KEY, slot TEXT NOT NULL, version TEXT NOT NULL, board TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE bundles (
  sha256 BLOB PRIMARY KEY, size_bytes INTEGER NOT NULL, version TEXT NOT NULL, board TEXT NOT NULL,
  offered_utc_ms INTEGER NOT NULL, is_whole INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE rollouts (
  number INTEGER PRIMARY KEY, sha256 BLOB NOT NULL, state INTEGER NOT NULL,
  message TEXT NOT NULL DEFAULT '', who TEXT NOT NULL, started_utc_ms INTEGER NOT NULL,
  changed_utc_ms INTEGER NOT NULL, hours TEXT NOT NULL, at_most INTEGER NOT NULL,
  failures_percent INTEGER NOT NULL
);
CREATE TABLE rollout_poles (
  rollout INTEGER NOT NULL, place INTEGER NOT NULL, device TEXT NOT NULL, wave INTEGER NOT NULL,
  zone TEXT NOT NULL, state INTEGER NOT NULL, changed_utc_ms INTEGER NOT NULL,
  offers INTEGER NOT NULL, refusal INTEGER NOT NULL, message TEXT NOT NULL,
  received_bytes INTEGER NOT NULL, is_forgiven INTEGER NOT NULL, PRIMARY KEY (rollout, place)
) WITHOUT ROWID;
CREATE UNIQUE INDEX rollout_poles_by_device ON rollout_poles (device, rollout);
CREATE TRIGGER reviews_stay BEFORE UPDATE ON reviews
  BEGIN SELECT RAISE(ABORT, 'a review is never changed'); END;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'an audit line is never changed'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'an audit line is never removed'); END;
"""


def connect(path: Path) -> sqlite3.Connection:
    """A connection that may write and that check-points only when it is told to."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000
    )
    connection.execute("PRAGMA wal_autocheckpoint=0")
    return connection


def open_writer(
    path: Path, connect: Callable[[Path], sqlite3.Connection] = connect
) -> sqlite3.Connection:
    """The one connection that writes; makes the file and its tables when there are none.

    Check-points are made by `collector.checkpoints`, so that no ack waits for one.
    Raises VigieError when the file cannot be opened, is damaged, or is of another version.
    """
    try:
        path.touch(mode=0o600)
        connection = connect(path)
        # A file that is not ours is left as it is.
        _check_sound(connection, path)
        is_new = not _count_tables(connection)
        if not is_new:
            check_version(connection, path)
        # FULL, and the folder is synced when the first journal is removed: without it a power cut
        # could bring that journal back, which would undo the file's making and all since then.
        connection.execute("PRAGMA synchronous=EXTRA")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA journal_size_limit={KEPT_LOG_BYTES}")
        if is_new:
            connection.executescript(
                f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version={SCHEMA_VERSION};COMMIT;"
            )
    except sqlite3.DatabaseError as broken:
        raise _open_error(path, broken) from broken
    except OSError as refused:
        raise _cannot_open(path, refused.strerror or str(refused)) from refused
    return connection


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a database of another release, or of another program; nothing is converted.

    Raises VigieError(FAILED_PRECONDITION), sqlite3.Error.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version == SCHEMA_VERSION:
        return
    what = f"the database has schema version {version}, this collector knows {SCHEMA_VERSION}"
    hint = "Run the version of vigie that wrote it, or give another --data directory."
    if version == 0:
        what = f"the database has no schema version, this collector knows {SCHEMA_VERSION}"
        hint = "Another program made this file: give another --data directory."
    raise VigieError(Kind.FAILED_PRECONDITION, what, where=str(path), hint=hint)


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that can only read. Its owner keeps each query short."""
    connection = sqlite3.connect(
        f"file:{path}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=READ_TIMEOUT_SECONDS,
    )
    connection.execute("PRAGMA query_only=1")
    connection.row_factory = sqlite3.Row
    return connection


def signed(epoch: int) -> int:
    """An epoch as SQLite keeps it."""
    return epoch - (1 << 64) if epoch >> 63 else epoch


def unsigned(epoch: int) -> int:
    """An epoch as the wire says it."""
    return epoch & ((1 << 64) - 1)


def _count_tables(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _check_sound(connection: sqlite3.Connection, path: Path) -> None:
    """A quick look at every page's structure; content is checked by each event's own CRC."""
    verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if verdict != "ok":
        raise _damaged(path, verdict.splitlines()[-1])


def _open_error(path: Path, broken: sqlite3.DatabaseError) -> VigieError:
    if broken.sqlite_errorcode in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _damaged(path, str(broken))
    return _cannot_open(path, str(broken))


def _cannot_open(path: Path, reason: str) -> VigieError:
    return VigieError(
        Kind.UNAVAILABLE,
        f"the database cannot be opened: {reason}",
        where=str(path),
        hint="Check that the directory is writable, has free space and is no network share.",
    )


def _damaged(path: Path, reason: str) -> VigieError:
    return VigieError(
        Kind.DATA_LOSS,
        f"the database is damaged: {reason}",
        where=str(path),
        hint="Stop the collector, keep the file aside, and restore the newest copy of it.",
    )
