"""A card or file that is open for us alone, and is read back from the medium itself."""

import contextlib
import errno
import fcntl
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from edge.errors import Kind
from edge.flash.problem import ANOTHER_CARD, FlashError, disk_failed

# <linux/fs.h>: write out and forget what is buffered of a block device.
_BLKFLSBUF = 0x1261
# The same: whether it is read-only.
_BLKROGET = 0x125E


class Medium(Protocol):
    """What an image is written to. All offsets and sizes in bytes; all calls raise OSError."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def write(self, chunk: bytes, offset: int) -> int:
        """Write there; how much was taken."""

    def sync(self) -> None:
        """What was written is on the medium when this returns."""

    def forget(self) -> None:
        """What is read from now on comes from the medium, not from memory."""

    def read(self, size_bytes: int, offset: int) -> bytes:
        """What stands there; may be less."""


class Card:
    """A disk or a file as a Medium. While it is open nobody else can mount the disk."""

    def __init__(self, path: Path, *, size_bytes: int | None = None) -> None:
        """size_bytes: make a new file of this size; None: open a disk.

        Raises FlashError.
        """
        self._path = path
        flags = os.O_RDWR | os.O_EXCL | os.O_CLOEXEC
        try:
            if size_bytes is None:
                self._handle = os.open(path, flags)
            else:
                self._handle = os.open(path, flags | os.O_CREAT, 0o644)
                os.ftruncate(self._handle, size_bytes)
        except OSError as error:
            raise _unopened(error, path) from error
        self._is_block = stat.S_ISBLK(os.fstat(self._handle).st_mode)
        if size_bytes is None:
            try:
                self._check_disk()
            except BaseException:
                os.close(self._handle)
                raise

    def _check_disk(self) -> None:
        where = str(self._path)
        if not self._is_block:
            raise FlashError(Kind.INVALID_ARGUMENT, "this is no disk", where=where)
        # A kernel may open a locked disk for writing, and refuse only what is written.
        if any(fcntl.ioctl(self._handle, _BLKROGET, bytes(4))):
            raise _unopened(OSError(errno.EROFS, os.strerror(errno.EROFS)), self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._handle)

    @property
    def name(self) -> str:
        """Its path."""
        return str(self._path)

    @property
    def path(self) -> Path:
        """Where other programs find it."""
        return self._path

    def write(self, chunk: bytes, offset: int) -> int:
        """Write there; how much was taken. Raises OSError."""
        try:
            return os.pwrite(self._handle, chunk, offset)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                self._check_medium()
            raise

    def sync(self) -> None:
        """What was written is on the medium when this returns. Raises OSError."""
        os.fdatasync(self._handle)

    def forget(self) -> None:
        """Drop what the kernel remembers of it. Raises OSError."""
        os.fsync(self._handle)
        if self._is_block:
            # Root's alone; who is only in the group "disk" has the advice below.
            with contextlib.suppress(PermissionError):
                fcntl.ioctl(self._handle, _BLKFLSBUF)
        os.posix_fadvise(self._handle, 0, 0, os.POSIX_FADV_DONTNEED)

    def read(self, size_bytes: int, offset: int) -> bytes:
        """What stands there; may be less. Raises OSError."""
        found = os.pread(self._handle, size_bytes, offset)
        if not found:
            self._check_medium()
        return found

    def _check_medium(self) -> None:
        """A reader whose card was pulled stays, as a disk of no size: not full, but gone."""
        if self._is_block and os.lseek(self._handle, 0, os.SEEK_END) == 0:
            raise OSError(errno.ENOMEDIUM, os.strerror(errno.ENOMEDIUM), self.name)


def _unopened(error: OSError, path: Path) -> FlashError:
    where = str(path)
    if isinstance(error, PermissionError) and os.geteuid() != 0:
        return FlashError(
            Kind.PERMISSION_DENIED,
            "you may not write to this disk",
            where=where,
            hint="Run the same command with sudo.",
        )
    if isinstance(error, FileExistsError):
        return FlashError(
            Kind.FAILED_PRECONDITION,
            "exists already and is not overwritten",
            where=where,
            hint="Name another file with --to, or move the old one away.",
        )
    if error.errno == errno.EBUSY:
        return FlashError(
            Kind.FAILED_PRECONDITION,
            "this disk is in use by something else",
            where=where,
            hint="Close what uses it and unmount it.",
        )
    if isinstance(error, FileNotFoundError):
        return FlashError(Kind.NOT_FOUND, "there is no such place", where=where)
    failed = disk_failed(error, where, "opened", 0)
    return FlashError(failed.kind, failed.what, where=where, hint=ANOTHER_CARD)
