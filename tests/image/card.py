"""A card's image as a technician's reader sees it: partitions by name, files on the FAT ones."""

import os
import struct
import subprocess
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

SECTOR_BYTES = 512
_CHUNK_BYTES = 16 << 20
_ENTRIES = struct.Struct("<QII")
_ENTRY = struct.Struct("<16s16sQQQ72s")


@dataclass(frozen=True, slots=True)
class Partition:
    """One GPT partition. number: from 1; start, size in bytes."""

    number: int
    name: str
    unique: uuid.UUID
    start_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Card:
    """A raw disk image, read and changed without a mount."""

    path: Path

    def partitions(self) -> dict[str, Partition]:
        """All partitions by name."""
        with self.path.open("rb") as disk:
            header = disk.read(2 * SECTOR_BYTES)[SECTOR_BYTES:]
            assert header[:8] == b"EFI PART", f"{self.path} has no partition table"
            first, count, size = _ENTRIES.unpack_from(header, 72)
            disk.seek(first * SECTOR_BYTES)
            table = disk.read(count * size)
        found = {}
        for index in range(count):
            kind, unique, start, last, _, name = _ENTRY.unpack_from(table, index * size)
            if kind != bytes(16):
                word = name.decode("utf-16-le").rstrip("\0")
                found[word] = Partition(
                    index + 1,
                    word,
                    uuid.UUID(bytes_le=unique),
                    start * SECTOR_BYTES,
                    (last + 1 - start) * SECTOR_BYTES,
                )
        return found

    def numbered(self, number: int) -> Partition:
        """The partition that the firmware calls by a number."""
        return next(one for one in self.partitions().values() if one.number == number)

    def read_file(self, partition: str | Partition, name: str) -> bytes | None:
        """A file of a FAT partition; None where there is no such file."""
        done = _mtools("mtype", "-i", self._at(partition), f"::{name}")
        return done.stdout if done.returncode == 0 else None

    def write_file(self, partition: str | Partition, name: str, source: Path) -> None:
        """Put a file onto a FAT partition, over the one that is there."""
        done = _mtools("mcopy", "-o", "-i", self._at(partition), str(source), f"::{name}")
        assert done.returncode == 0, done.stderr.decode()

    def delete_file(self, partition: str | Partition, name: str) -> bool:
        """Remove a file of a FAT partition; False where there was none."""
        return _mtools("mdel", "-i", self._at(partition), f"::{name}").returncode == 0

    def copy_to(self, target: Path) -> None:
        """The card as it is now; holes stay holes."""
        subprocess.run(["cp", "--sparse=always", self.path, target], check=True)

    def grow(self, size_bytes: int) -> None:
        """A larger card with the same content; the new end is empty."""
        with self.path.open("r+b") as disk:
            disk.truncate(size_bytes)

    def overwrite(self, partition: str, offset_bytes: int, content: bytes) -> None:
        """Damage, or plant, bytes inside of a partition."""
        found = self.partitions()[partition]
        assert offset_bytes + len(content) <= found.size_bytes
        with self.path.open("r+b") as disk:
            disk.seek(found.start_bytes + offset_bytes)
            disk.write(content)

    def find(self, marks: Collection[bytes], partitions: Collection[str]) -> set[bytes]:
        """Those that stand anywhere in these partitions. A hole of the image holds none."""
        found: set[bytes] = set()
        overlap = max(map(len, marks)) - 1
        with self.path.open("rb") as disk:
            for part in (self.partitions()[name] for name in partitions):
                position, end = part.start_bytes, part.start_bytes + part.size_bytes
                while (position := _next_data(disk.fileno(), position, end)) < end:
                    disk.seek(position)
                    chunk = disk.read(min(_CHUNK_BYTES + overlap, end - position))
                    found |= {mark for mark in marks if mark in chunk}
                    position += _CHUNK_BYTES
        return found

    def _at(self, partition: str | Partition) -> str:
        found = self.partitions()[partition] if isinstance(partition, str) else partition
        return f"{self.path}@@{found.start_bytes}"


def _next_data(descriptor: int, position: int, end: int) -> int:
    """The next byte that is not in a hole; the end where only a hole is left."""
    if position >= end:
        return end
    try:
        return os.lseek(descriptor, position, os.SEEK_DATA)
    except OSError:
        return end


def _mtools(*words: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        words, capture_output=True, check=False, env={"MTOOLS_SKIP_CHECK": "1", "PATH": "/usr/bin"}
    )


def copy_card(source: Path, target: Path, *, size_bytes: int = 0) -> Card:
    """A test's own card; holes stay holes. size_bytes: larger than the image, if given."""
    Card(source).copy_to(target)
    card = Card(target)
    if size_bytes:
        card.grow(size_bytes)
    return card
