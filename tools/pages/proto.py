"""Reads the .proto files' own comments: blocks, their fields, and what is said above each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROTO = Path(__file__).resolve().parents[2] / "proto" / "edge" / "wire" / "v1"

_BLOCK = re.compile(r"^(enum|message|service) (\w+) \{(\})?$")
_ENTRY = re.compile(
    r"^(?P<type>(?:optional |repeated )?[\w.]+ )?(?P<name>\w+) = (?P<number>\d+)"
    r"(?: \[\(max_bytes\) = (?P<max_bytes>\d+)\])?;$"
)
_CALL = re.compile(r"^rpc (?P<name>\w+)(?P<type>\(.*\) returns \(.*\));?$")


@dataclass(frozen=True, slots=True)
class Entry:
    """A field, an enum's word or a call. group: the comment that opened its paragraph."""

    name: str
    type: str
    number: str
    max_bytes: str
    comment: str
    group: str


@dataclass(frozen=True, slots=True)
class Block:
    """An enum, a message or a service."""

    kind: str
    name: str
    comment: str
    entries: list[Entry] = field(default_factory=list)


def file_names() -> list[str]:
    """The proto files, in the order in which a reader meets them."""
    return [
        "event.proto",
        "session.proto",
        "update.proto",
        "enrolment.proto",
        "time.proto",
        "storage.proto",
        "operator.proto",
    ]


def opening(name: str) -> str:
    """The comment at the top of a file."""
    lines = (PROTO / name).read_text(encoding="utf-8").splitlines()
    top = [line for line in lines[: lines.index('syntax = "proto3";')] if line.startswith("//")]
    return " ".join(line.removeprefix("//").strip() for line in top)


def blocks(name: str) -> Iterator[Block]:
    """Every block of one file, in order. Nested oneofs are read as part of their message."""
    comment: list[str] = []
    group = ""
    block: Block | None = None
    for raw in (PROTO / name).read_text(encoding="utf-8").splitlines():
        line = raw.strip()
        if line.startswith("//"):
            comment.append(line.removeprefix("//").strip())
            continue
        told = " ".join(comment)
        if opened := _BLOCK.match(line):
            block, group = Block(opened[1], opened[2], told), ""
            if opened[3]:
                yield block
        elif raw == "}" and block:
            yield block
        elif block and (found := _ENTRY.match(line) or _CALL.match(line)):
            # A comment opens a paragraph's group only at its top; further down it is a word's own.
            group = group or told
            block.entries.append(_entry(found.groupdict(), told, group))
        if not line:
            group = ""
        comment = []


def _entry(found: dict[str, str | None], comment: str, group: str) -> Entry:
    return Entry(
        name=found["name"] or "",
        type=(found.get("type") or "").strip(),
        number=found.get("number") or "",
        max_bytes=found.get("max_bytes") or "",
        comment=comment,
        group=group,
    )
