"""A site file's bytes to its text, or one clear message why not."""

import os
import stat
from pathlib import Path

from edge.errors import Kind
from edge.site.problem import Problem, SiteError

MAX_FILE_BYTES = 1_000_000
"""A city's busiest pole fits in 20 kB; more than this is some other file."""


def read_text(path: Path) -> str:
    """The file's text, without a byte order mark. Raises SiteError."""
    try:
        content = _read_bytes(path)
    except OSError as refused:
        raise _unreadable(path, refused) from None
    if len(content) > MAX_FILE_BYTES:
        what = f"larger than {MAX_FILE_BYTES:,} bytes; no site file is"
        raise _whole(path, what, "Give the path of the TOML file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as refused:
        line = content[: refused.start].count(b"\n") + 1
        what = f"not UTF-8 text: byte 0x{content[refused.start]:02x} on line {line}"
        raise _whole(path, what, "Save it as UTF-8.") from None


def _read_bytes(path: Path) -> bytes:
    # Asked before opening: a pipe would block for ever.
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError
    if not stat.S_ISREG(mode):
        raise _whole(path, "no ordinary file", "Give the path of the TOML file.")
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def _unreadable(path: Path, refused: OSError) -> SiteError:
    match refused:
        case FileNotFoundError() | NotADirectoryError():
            hint = "Check the path; 'vigie site check --schema' shows what a site file holds."
            return _whole(path, "no such file", hint, kind=Kind.NOT_FOUND)
        case IsADirectoryError():
            return _whole(path, "a directory, no file", "Give the path of the TOML file in it.")
        case PermissionError():
            hint = f"Let this user read it: chmod a+r {path}"
            return _whole(path, "may not be read", hint, kind=Kind.PERMISSION_DENIED)
    what = f"cannot be read: {os.strerror(refused.errno or 0)}"
    return _whole(path, what, "Check the disk that it stands on.", kind=Kind.UNAVAILABLE)


def _whole(path: Path, what: str, hint: str, *, kind: Kind = Kind.INVALID_ARGUMENT) -> SiteError:
    return SiteError(str(path), [Problem(str(path), what, hint)], kind=kind)
