"""Small files that processes leave for each other or for their next start: whole or not at all."""

import contextlib
import os
import stat
from pathlib import Path


def write_whole(
    path: Path,
    content: bytes,
    *,
    mode: int = 0o640,
    folder_mode: int | None = 0o751,
    is_synced: bool = True,
) -> None:
    """Write whole or not at all; what a failure leaves half written is removed. Raises OSError.

    folder_mode: of the folder where there is none yet; None: then the file cannot be written.
    is_synced: False spares the disk for what may be lost in a power cut, as a status may.
    """
    if folder_mode is not None:
        # Others on the pole may pass through to a question, and see nothing else.
        path.parent.mkdir(mode=folder_mode, parents=True, exist_ok=True)
    # Hidden, so that nobody who lists a folder's files takes the half for the whole.
    fresh = path.with_name(f".{path.name}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - opened by handle, for the mode
            os.fchmod(handle, mode)
            file.write(content)
            file.flush()
            leave_to_owner(handle, path.parent)
            if is_synced:
                os.fsync(handle)
        fresh.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
    if is_synced:
        sync_folder(path.parent)


def write_private(path: Path, content: bytes) -> None:
    """As write_whole, for the owner's eyes only. Raises OSError."""
    write_whole(path, content, mode=0o600, folder_mode=0o700)


def leave_to_owner(handle: int, folder: Path) -> None:
    """What root writes (an enrolment) belongs to the room whose folder it is. Raises OSError."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def read_bounded(path: Path, max_bytes: int) -> bytes | None:
    """A plain file's bytes, at most one more than max_bytes; None: there is none to be read.

    What stands in a folder that another user writes may be a link, a pipe or a device: none of
    these is followed or waited for.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        with open(handle, "rb", closefd=False) as file:
            return file.read(max_bytes + 1)
    except OSError:
        return None
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make what was made, renamed or removed in a folder outlast a power cut. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
