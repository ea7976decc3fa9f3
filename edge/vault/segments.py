"""Reading segment files: head, headers one after the other, sealed bytes. Changes nothing."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.errors import Kind
from edge.vault.disk import RingError, ring_error
from edge.vault.places import VaultPlaces, parse_segment_name
from edge.vault.record import (
    FRAGMENT_MAGIC,
    HEADER_BYTES,
    MAX_SEALED_BYTES,
    SEGMENT_HEAD_BYTES,
    Header,
    SegmentHead,
    read_header,
    read_segment_head,
)

_LOOK_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """A header and where it stands; is_whole: the file goes on to the end of its seal."""

    place: int
    header: Header
    is_whole: bool

    @property
    def end(self) -> int:
        """Where the next fragment would begin."""
        return self.place + self.header.stored_bytes


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """One file of the ring's folder that has a segment's name."""

    path: Path
    camera: str
    day: int
    number: int


def list_segments(places: VaultPlaces) -> list[SegmentFile]:
    """Every file with a segment's name, by number."""
    found = []
    for path in _entries(places.ring):
        for each in _entries(path) if path.is_dir() else []:
            named = parse_segment_name(each.name)
            if named is not None:
                found.append(SegmentFile(each, path.name, *named))
    return sorted(found, key=lambda each: each.number)


def list_foreign(places: VaultPlaces) -> list[Path]:
    """Everything in the ring's folder that the ring did not put there."""
    foreign = []
    for path in _entries(places.ring):
        if path == places.ring_id:
            continue
        if not path.is_dir():
            foreign.append(path)
            continue
        foreign += [each for each in _entries(path) if parse_segment_name(each.name) is None]
    return foreign


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ring_error(error, folder) from error


class SegmentReader:
    """One open segment file."""

    def __init__(self, path: Path) -> None:
        """Raises RingError, NOT_FOUND when the file is gone."""
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self.size_bytes = os.fstat(self._descriptor).st_size
        except FileNotFoundError:
            raise RingError(Kind.NOT_FOUND, "the segment is gone", where=str(path)) from None
        except OSError as error:
            raise ring_error(error, path) from error

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def __enter__(self) -> "SegmentReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def head(self) -> SegmentHead | None:
        """None: this is no segment of a ring, or its head is damaged."""
        return read_segment_head(self._read(0, SEGMENT_HEAD_BYTES))

    def header(self, place: int) -> Header | None:
        """The header that stands at a place; None: there is none, or a damaged one."""
        return read_header(self._read(place, HEADER_BYTES))

    def sealed(self, place: int, header: Header) -> bytes:
        """The sealed bytes behind a header; fewer when the file is cut off."""
        return self._read(place + HEADER_BYTES, header.sealed_bytes)

    def walk(self, place: int = SEGMENT_HEAD_BYTES) -> Iterator[Found]:
        """Every header from a place on; damage between is passed over to the next whole header."""
        while place < self.size_bytes:
            header = self.header(place)
            if header is None or header.sealed_bytes > MAX_SEALED_BYTES:
                place = self._next_magic(place + 1)
                continue
            found = Found(place, header, place + header.stored_bytes <= self.size_bytes)
            yield found
            place = found.end

    def _next_magic(self, place: int) -> int:
        while place < self.size_bytes:
            stored = self._read(place, _LOOK_BYTES)
            found = stored.find(FRAGMENT_MAGIC)
            if found >= 0:
                return place + found
            place += max(1, len(stored) - len(FRAGMENT_MAGIC) + 1)
        return self.size_bytes

    def _read(self, place: int, size_bytes: int) -> bytes:
        pieces = []
        try:
            while size_bytes > 0:
                piece = os.pread(self._descriptor, size_bytes, place)
                if not piece:
                    break
                pieces.append(piece)
                place, size_bytes = place + len(piece), size_bytes - len(piece)
        except OSError as error:
            raise ring_error(error, self._path) from error
        return b"".join(pieces)
