"""The disk under the ring: a small port, the machine's files behind it, one table of its errors."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from edge.errors import Kind, VigieError

FILE_MODE = 0o600
FOLDER_MODE = 0o700

_KINDS: dict[int, tuple[Kind, str, str]] = {
    errno.ENOSPC: (
        Kind.RESOURCE_EXHAUSTED,
        "no space left on the disk",
        "The ring gives way by itself; free space or set a smaller quota.",
    ),
    errno.EDQUOT: (
        Kind.RESOURCE_EXHAUSTED,
        "no space left on the disk",
        "The ring gives way by itself; free space or set a smaller quota.",
    ),
    errno.EFBIG: (
        Kind.RESOURCE_EXHAUSTED,
        "no space left on the disk",
        "The ring gives way by itself; free space or set a smaller quota.",
    ),
    errno.EROFS: (
        Kind.FAILED_PRECONDITION,
        "the disk is read-only",
        "Remount it for writing, then restart; look at 'dmesg' for why.",
    ),
    errno.EACCES: (
        Kind.PERMISSION_DENIED,
        "access denied",
        "Run as the vault's user, or correct the owner of the vault's folder.",
    ),
    errno.EPERM: (
        Kind.PERMISSION_DENIED,
        "access denied",
        "Run as the vault's user, or correct the owner of the vault's folder.",
    ),
}
_FAILING = (
    Kind.UNAVAILABLE,
    "the disk reports an input/output error",
    "Look at 'dmesg' for that disk; the ring is tried again by itself.",
)


class RingError(VigieError):
    """The disk under the ring did not do what it was asked, or what lies there is not the ring."""


def ring_error(error: OSError, path: Path) -> RingError:
    """The error behind one of the operating system."""
    kind, what, hint = _KINDS.get(error.errno or 0, _FAILING)
    return RingError(kind, what, where=str(path), hint=hint)


class Disk(Protocol):
    """What the ring asks of a disk. Every failure is an OSError."""

    def create(self, path: Path) -> int:
        """A new file, open for writing; fails when there is one."""
        ...

    def write(self, descriptor: int, pieces: Sequence[bytes | memoryview], offset: int) -> None:
        """Write all of it, one piece behind the other."""
        ...

    def sync(self, descriptor: int) -> None:
        """Return when what was written is on the medium."""
        ...

    def sync_folder(self, folder: Path) -> None:
        """Return when the folder's entries are on the medium."""
        ...

    def close(self, descriptor: int) -> None:
        """Let go of a file."""
        ...

    def remove(self, path: Path) -> None:
        """Delete a file; one that is gone already is no failure."""
        ...


class SystemDisk:
    """The machine's own files."""

    def create(self, path: Path) -> int:
        """A new file, open for writing; fails when there is one."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)

    def write(self, descriptor: int, pieces: Sequence[bytes | memoryview], offset: int) -> None:
        """Write all of it, one piece behind the other."""
        left = [memoryview(piece) for piece in pieces]
        while left:
            # A disk that runs full takes a part without a word; the next write tells.
            written = os.pwritev(descriptor, left, offset)
            offset += written
            while left and written >= len(left[0]):
                written -= len(left.pop(0))
            if left:
                left[0] = left[0][written:]

    def sync(self, descriptor: int) -> None:
        """Return when what was written is on the medium."""
        os.fdatasync(descriptor)

    def sync_folder(self, folder: Path) -> None:
        """Return when the folder's entries are on the medium."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self, descriptor: int) -> None:
        """Let go of a file."""
        os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Delete a file; one that is gone already is no failure."""
        path.unlink(missing_ok=True)
