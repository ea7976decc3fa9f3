"""The log of every read, review and change, written before it takes effect.

Append-only: each line's hash covers the hash before it and the line's own canonical bytes, so a
line that is changed, removed or moved breaks the chain at a place that can be named. Lines cut
off the end leave no trace in the chain itself: compare `head` with the one printed elsewhere.
"""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError

GENESIS = bytes(32)  # what the first line's hash covers in place of a line before it
MAX_LINES = 1000


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what to which thing, when. `line` counts from 1 without holes."""

    line: int
    utc_ms: int
    who: str
    action: str
    thing: str
    detail: str
    hash: bytes

    def is_linked_to(self, previous_hash: bytes) -> bool:
        """True when this line's hash covers the line before it and its own content."""
        return self.hash == link(previous_hash, self)

    def as_record(self) -> dict[str, object]:
        """As one JSON object."""
        return {**asdict(self), "hash": self.hash.hex()}

    def as_cells(self) -> tuple[object, ...]:
        """As one row of a table for a person."""
        when = datetime.fromtimestamp(self.utc_ms / 1000, UTC)
        return (
            self.line,
            f"{when:%Y-%m-%d %H:%M:%S}",
            self.who,
            self.action,
            self.thing,
            self.detail,
        )


class Act(NamedTuple):
    """What a line says.

    who: `operator:NAME`, `account:NAME`, `device:NAME` or `collector`.
    action: verb and noun, such as `read event`. thing: which one. detail: anything more.
    """

    who: str
    action: str
    thing: str = ""
    detail: str = ""


class LineReader(Protocol):
    """Reads committed audit lines."""

    async def list_audit(self, after_line: int, limit: int) -> list[AuditLine]:
        """Lines above a number, in order."""
        ...


def link(previous_hash: bytes, line: AuditLine) -> bytes:
    """SHA-256 over the previous line's hash and this line's canonical bytes (its hash left out)."""
    fields = [line.line, line.utc_ms, line.who, line.action, line.thing, line.detail]
    canonical = json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode()
    return hashlib.sha256(previous_hash + canonical).digest()


class Audit:
    """Writes lines through the one writer; a call returns when its line is on disk."""

    def __init__(self, writer: Writer, reader: LineReader, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock

    async def record(self, who: str, action: str, thing: str = "", detail: str = "") -> None:
        """Write one line, worded as `Act`; only when this returns may the act take effect."""
        act = Act(who, action, thing, detail)
        utc_ms = self._clock.utc_ns() // 1_000_000
        await self._writer.submit(lambda connection: append(connection, utc_ms, act))

    async def list_lines(self, after_line: int = 0, limit: int = 100) -> list[AuditLine]:
        """One page of lines in order. Reading them is itself to be recorded first."""
        return await self._reader.list_audit(after_line, max(1, min(limit, MAX_LINES)))

    async def verify(self) -> tuple[int, bytes]:
        """As `verify` beside a collector: how many lines the chain has, and its head.

        Raises VigieError(DATA_LOSS) naming the first line that does not belong where it stands.
        """
        walk = _Walk()
        while lines := await self._reader.list_audit(walk.number, MAX_LINES):
            walk.take(lines)
        return walk.number, walk.head


def append(connection: sqlite3.Connection, utc_ms: int, act: Act) -> None:
    """Add a line within the writer's transaction, linked to the last one."""
    last = connection.execute("SELECT line, hash FROM audit ORDER BY line DESC LIMIT 1").fetchone()
    number, previous_hash = (last[0] + 1, bytes(last[1])) if last else (1, GENESIS)
    line = AuditLine(number, utc_ms, *act, b"")
    connection.execute(
        "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)",
        (number, utc_ms, *act, link(previous_hash, line)),
    )


def read_lines(connection: sqlite3.Connection, after_line: int, limit: int) -> list[AuditLine]:
    """Lines above a number, in order."""
    rows = connection.execute(
        "SELECT line, utc_ms, who, action, object, detail, hash FROM audit "
        "WHERE line > ? ORDER BY line LIMIT ?",
        (after_line, limit),
    )
    return [AuditLine(*row) for row in rows]


def verify(connection: sqlite3.Connection) -> tuple[int, bytes]:
    """Walk the whole chain; how many lines it has, and its head.

    Raises VigieError(DATA_LOSS) naming the first line that does not belong where it stands.
    """
    walk = _Walk()
    while lines := read_lines(connection, walk.number, MAX_LINES):
        walk.take(lines)
    return walk.number, walk.head


class _Walk:
    """A walk along the chain, page by page."""

    def __init__(self) -> None:
        self.number, self.head = 0, GENESIS

    def take(self, lines: Sequence[AuditLine]) -> None:
        """The next lines. Raises VigieError(DATA_LOSS) at the first that does not belong."""
        for line in lines:
            if line.line != self.number + 1:
                raise _broken(self.number + 1, "is missing")
            if not line.is_linked_to(self.head):
                raise _broken(line.line, "was changed, or the line before it was")
            self.number, self.head = line.line, line.hash


def _broken(line: int, what: str) -> VigieError:
    return VigieError(
        Kind.DATA_LOSS,
        f"the audit's chain is broken: line {line} {what}",
        where=f"audit line {line}",
        hint="Keep the database as it is; it is evidence. Compare it with its newest copy.",
    )
