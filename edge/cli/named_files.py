"""Files that a person named on the command line: read within bounds, written whole or not."""

import os
from pathlib import Path

from edge.errors import Kind, VigieError
from edge.whole_file import write_whole

MAX_FILE_BYTES = 65_536


def read_file(path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """A file of at most max_bytes. Raises VigieError."""
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise unusable(error, path) from error
    if len(content) > max_bytes:
        what = f"has more than {max_bytes} bytes"
        raise VigieError(Kind.INVALID_ARGUMENT, what, where=str(path))
    return content


def write_new(path: Path, content: bytes, *, is_secret: bool) -> None:
    """Write a file that must not exist yet. Raises VigieError."""
    mode = 0o600 if is_secret else 0o644
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "exists already and is not overwritten",
            where=str(path),
            hint="Name another place with --out, or move the old file away.",
        ) from None
    except OSError as error:
        raise unusable(error, path) from error
    with open(handle, "wb") as file:  # noqa: PTH123 - opened by handle, for the mode
        file.write(content)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises VigieError."""
    try:
        if path.exists() and not path.is_file():
            # A pipe or a device is written to; nothing takes its place.
            path.write_bytes(content)
        else:
            write_whole(path, content, mode=0o644, folder_mode=None)
    except OSError as error:
        raise unusable(error, path) from error


def unusable(error: OSError, path: Path) -> VigieError:
    """The error for a named file that cannot be read or written."""
    where = str(error.filename or path)
    if isinstance(error, FileNotFoundError):
        return VigieError(Kind.NOT_FOUND, "there is no such file", where=where)
    reads = isinstance(error, PermissionError | IsADirectoryError | NotADirectoryError)
    kind = Kind.PERMISSION_DENIED if reads else Kind.UNAVAILABLE
    return VigieError(kind, f"the file cannot be used ({error.strerror})", where=where)
