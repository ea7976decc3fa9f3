"""The initramfs archive: sorted, whole, and the same bytes for the same files."""

import stat
from collections.abc import Iterator

from firmware import cpio


def read(archive: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Name, mode and content of each entry, by the format's own rules."""
    at = 0
    while True:
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        name_bytes, content_bytes = fields[11], fields[6]
        name = archive[at + 110 : at + 110 + name_bytes - 1].decode()
        begin = at + -(-(110 + name_bytes) // 4) * 4
        if name == "TRAILER!!!":
            return
        yield name, fields[1], archive[begin : begin + content_bytes]
        at = begin + -(-content_bytes // 4) * 4


ENTRIES = [
    cpio.program("init", b"#!/bin/sh\n"),
    cpio.plain("lib/modules/order", b"a.ko\n"),
    cpio.console(),
]


def test_every_file_is_there_with_the_folders_above_it() -> None:
    found = {name: (mode, content) for name, mode, content in read(cpio.write_archive(ENTRIES))}
    assert list(found) == sorted(found)
    assert set(found) == {"init", "lib", "lib/modules", "lib/modules/order", "dev", "dev/console"}
    assert found["init"] == (stat.S_IFREG | 0o755, b"#!/bin/sh\n")
    assert stat.S_ISDIR(found["lib/modules"][0])
    assert stat.S_ISCHR(found["dev/console"][0])


def test_the_order_of_its_making_does_not_change_it() -> None:
    assert cpio.write_archive(ENTRIES) == cpio.write_archive(reversed(ENTRIES))
