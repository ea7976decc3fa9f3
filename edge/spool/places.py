"""Where a pole's spool lies, and what makes it everybody's who may append.

DATA/spool/            the rooms' group writes here, and files in it belong to that group
    spool.db           the events, with SQLite's log beside it
    spool.bell         a named pipe that wakes the link
    spool.lock         writers queue on it
    ended-ROOM         why a room ended last time (edge/service/ending.py)
"""

import os
import stat
from pathlib import Path

from edge.spool.database import disk_error

FILE_NAME = "spool.db"
BELL_NAME = "spool.bell"
SHARED_MODE = 0o660
# New files take the folder's group, whoever makes them.
_FOLDER_MODE = 0o2770


def spool_folder(data: Path) -> Path:
    """DATA/spool."""
    return data / "spool"


def spool_path(data: Path) -> Path:
    """DATA/spool/spool.db."""
    return spool_folder(data) / FILE_NAME


def bell_path(spool: Path) -> Path:
    """The bell beside a spool's file."""
    return spool.with_name(BELL_NAME)


def ensure_spool_folder(data: Path) -> None:
    """Make the folder where no installation has made it. Raises StorageError."""
    folder = spool_folder(data)
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(_FOLDER_MODE)
    except OSError as error:
        raise disk_error(error, folder) from error


def share(path: Path) -> None:
    """Let the group write what this user has just made, whatever the umask. Raises StorageError.

    Files of another user were shared by that user; a file that is gone needs nobody.
    """
    try:
        facts = path.stat()
        if facts.st_uid == os.geteuid() and stat.S_IMODE(facts.st_mode) != SHARED_MODE:
            path.chmod(SHARED_MODE)
    except FileNotFoundError:
        return
    except OSError as error:
        raise disk_error(error, path) from error
