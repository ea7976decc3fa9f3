"""The pole's own record of every clip that was asked for: a line is on the disk before the act.

`DATA/vault/audit.jsonl`, one JSON object a line. Each line's hash covers the hash before it and the
line's own content, so a line that is changed, removed or moved is named. Lines cut off the end
leave no trace in the chain; the collector's own audit has them too.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edge.errors import Kind, VigieError
from edge.vault.disk import FILE_MODE
from edge.wire.fields import Fields
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object

FILE_NAME = "audit.jsonl"
GENESIS = "0" * 64
MAX_LINE_BYTES = 16_384
Detail = Mapping[str, str | int | None]


class AuditError(VigieError):
    """The audit cannot be written or does not hold together; without it no clip is cut."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """What happened to one clip. `line` counts from 1; act: one word, such as `accepted`."""

    line: int
    utc_ms: int
    act: str
    clip: str
    detail: Detail
    hash: str


class ClipAudit:
    """One open audit, for one thread. Made once; reads what stands there."""

    def __init__(self, path: Path) -> None:
        """Raises AuditError when a line before the last is damaged, or the disk refuses."""
        self._path = path
        self._lines = 0
        self._head = GENESIS
        self._failure: OSError | None = None
        self.entries: list[AuditLine] = []
        whole_bytes = 0
        try:
            for found, ends_at_byte in _read(path):
                self.entries.append(found)
                self._lines, self._head, whole_bytes = found.line, found.hash, ends_at_byte
            self._descriptor = os.open(
                path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE
            )
            # What a power cut left of a last line was never acted on.
            os.ftruncate(self._descriptor, whole_bytes)
        except OSError as error:
            raise _unwritable(path, error) from error

    def write(self, utc_ms: int, act: str, clip: str, detail: Detail) -> AuditLine:
        """Add a line; it is on the medium when this returns. Raises AuditError."""
        line = AuditLine(self._lines + 1, utc_ms, act, clip, dict(detail), "")
        line = replace(line, hash=_link(self._head, line))
        text = json.dumps(asdict(line), ensure_ascii=False, separators=(",", ":")) + "\n"
        try:
            if self._failure is not None:
                raise self._failure
            self._append(text.encode())
        except OSError as error:
            raise _unwritable(self._path, error) from error
        self._lines, self._head = line.line, line.hash
        self.entries.append(line)
        return line

    def _append(self, content: bytes) -> None:
        whole_bytes = os.fstat(self._descriptor).st_size
        try:
            _write_whole(self._descriptor, content)
        except OSError:
            os.ftruncate(self._descriptor, whole_bytes)
            raise
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            # A second sync would lie about what the first one lost; a restart reads it anew.
            self._failure = error
            raise

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What an audit holds up to its first wrong line.

    head: the chain's last hash. torn_bytes: of a last line that a power cut left without its end;
    nothing was done on its word. damage: where the chain breaks; None: it is whole.
    """

    lines: tuple[AuditLine, ...]
    head: str
    torn_bytes: int
    damage: AuditError | None


def check_audit(path: Path) -> AuditCheck:
    """Walk the whole chain; changes nothing, and may run beside a vault that writes.

    Raises AuditError: NOT_FOUND or PERMISSION_DENIED for a file that cannot be read.
    """
    lines: list[AuditLine] = []
    head, whole_bytes, damage = GENESIS, 0, None
    try:
        size_bytes = path.stat().st_size
        for found, ends_at_byte in _read(path):
            lines.append(found)
            head, whole_bytes = found.hash, ends_at_byte
    except AuditError as error:
        damage = error
    except OSError as error:
        is_missing = isinstance(error, FileNotFoundError)
        raise AuditError(
            Kind.NOT_FOUND if is_missing else Kind.PERMISSION_DENIED,
            f"the vault's audit cannot be read ({error.strerror})",
            where=str(path),
            hint="It is there once a clip was asked for; only the vault's user and root may read "
            "it.",
        ) from error
    torn_bytes = max(0, size_bytes - whole_bytes) if damage is None else 0
    return AuditCheck(tuple(lines), head, torn_bytes, damage)


def _read(path: Path) -> Iterator[tuple[AuditLine, int]]:
    """Each whole line with the place behind it; a last line without its end is left out."""
    head, number, place = GENESIS, 0, 0
    if not path.exists():
        return
    with path.open("rb") as file:
        while (text := file.readline(MAX_LINE_BYTES)).endswith(b"\n"):
            number += 1
            place += len(text)
            line = _parse(text, path, number)
            if line.line != number or line.hash != _link(head, line):
                raise _broken(path, number)
            head = line.hash
            yield line, place
        if len(text) == MAX_LINE_BYTES:
            raise _broken(path, number + 1)


def _parse(text: bytes, path: Path, number: int) -> AuditLine:
    try:
        record = parse_object(
            text, what="the line", max_bytes=MAX_LINE_BYTES, refusal=ProblemsError
        )
        fields = Fields(record)
        line = AuditLine(
            fields.whole("line"),
            fields.utc_ms("utc_ms"),
            fields.text("act", longest=32),
            fields.text("clip", shortest=0, longest=64),
            fields.inner("detail").scalars(),
            fields.sha256("hash"),
        )
        fields.close()
        fields.raise_problems(ProblemsError)
    except ProblemsError as error:
        raise _broken(path, number) from error
    return line


def _link(head: str, line: AuditLine) -> str:
    """SHA-256 over the hash before and this line's canonical content, its own hash left out."""
    fields = [line.line, line.utc_ms, line.act, line.clip, dict(line.detail)]
    content = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(bytes.fromhex(head) + content.encode()).hexdigest()


def _write_whole(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _broken(path: Path, number: int) -> AuditError:
    return AuditError(
        Kind.DATA_LOSS,
        f"the vault's audit is broken: line {number} was changed, or the line before it was",
        where=str(path),
        hint="Keep the file as it is; it is evidence. Compare it with the collector's audit.",
    )


def _unwritable(path: Path, error: OSError) -> AuditError:
    return AuditError(
        Kind.UNAVAILABLE,
        f"the vault's audit cannot be written ({error.strerror}); no clip is cut without it",
        where=str(path),
        hint="Look at 'df' and 'dmesg' for that disk.",
    )
