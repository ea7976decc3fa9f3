"""An initramfs archive (cpio, newc) whose bytes depend on nothing but names and contents."""

import stat
from collections.abc import Iterable
from dataclasses import dataclass

_MAGIC = "070701"
_ALIGN = 4
_TRAILER = "TRAILER!!!"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive. name: without a slash at its start; device: major, minor."""

    name: str
    mode: int
    content: bytes = b""
    device: tuple[int, int] = (0, 0)


def folder(name: str) -> Entry:
    """A folder."""
    return Entry(name, stat.S_IFDIR | 0o755)


def program(name: str, content: bytes) -> Entry:
    """A file that may be run."""
    return Entry(name, stat.S_IFREG | 0o755, content)


def plain(name: str, content: bytes) -> Entry:
    """A file that is read."""
    return Entry(name, stat.S_IFREG | 0o644, content)


def console() -> Entry:
    """What the first program's output goes to, before /dev is there."""
    return Entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))


def write_archive(entries: Iterable[Entry]) -> bytes:
    """The archive: sorted, with all folders that a file stands in, owned by root, of 1970."""
    named = {entry.name: entry for entry in entries}
    for name in list(named):
        parts = name.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            above = "/".join(parts[:depth])
            named.setdefault(above, folder(above))
    blocks = [_block(number, named[name]) for number, name in enumerate(sorted(named), start=1)]
    return b"".join([*blocks, _block(0, Entry(_TRAILER, 0))])


def _block(number: int, entry: Entry) -> bytes:
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    major, minor = entry.device
    name = entry.name.encode() + b"\0"
    fields = [
        *(number, entry.mode, 0, 0, links, 0, len(entry.content)),
        *(0, 0, major, minor, len(name), 0),
    ]
    header = (_MAGIC + "".join(f"{value:08X}" for value in fields)).encode()
    return _padded(header + name) + _padded(entry.content)


def _padded(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % _ALIGN)
