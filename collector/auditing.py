"""Reading on the command line, beside a collector that may be running: audited all the same."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from collector.audit import Act, AuditLine, append, read_lines, verify
from collector.core import DATABASE
from collector.schema import check_version, open_reader
from edge.clock import Clock
from edge.errors import Kind, VigieError

WHO = "console:local"
BUSY_SECONDS = 5.0


def read_audited(directory: Path, clock: Clock, after_line: int, limit: int) -> list[AuditLine]:
    """Lines above a number, in order, once the reading itself is written down.

    Raises VigieError when the database cannot be read or written.
    """
    with audited(directory, clock, "read audit", f"after {after_line}") as reader:
        return read_lines(reader, after_line, limit)


@contextmanager
def audited(
    directory: Path, clock: Clock, action: str, thing: str = ""
) -> Iterator[sqlite3.Connection]:
    """A connection that reads, once what is read with it is written down.

    Raises VigieError when the database cannot be read or written.
    """
    path = _database(directory)
    with _explained(path):
        with closing(sqlite3.connect(path, BUSY_SECONDS, isolation_level=None)) as connection:
            check_version(connection, path)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("BEGIN IMMEDIATE")
            append(connection, clock.utc_ns() // 1_000_000, Act(WHO, action, thing))
            connection.execute("COMMIT")
        with closing(open_reader(path)) as reader:
            yield reader


def verify_directory(directory: Path) -> tuple[int, bytes]:
    """How many lines the chain has, and its head.

    Raises VigieError(DATA_LOSS) naming the first line that does not belong where it stands.
    """
    path = _database(directory)
    with _explained(path), closing(open_reader(path)) as reader:
        check_version(reader, path)
        return verify(reader)


def _database(directory: Path) -> Path:
    path = directory / DATABASE
    if not path.exists():
        raise VigieError(
            Kind.NOT_FOUND,
            "there is no collector's database here",
            where=str(path),
            hint="Give the directory that 'vigie collector run' was given with --data.",
        )
    return path


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as broken:
        raise VigieError(
            Kind.UNAVAILABLE,
            f"the audit cannot be read: {broken}",
            where=str(path),
            hint="Run it as the user that runs the collector.",
        ) from broken
