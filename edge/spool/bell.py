"""How the appending process wakes the reading one (`listener.py`): a named pipe beside the spool.

A ring carries nothing but "look"; a lost one costs the reader its fallback wait, never an event.
A pipe, not a socket: the eye may open no socket at all.
"""

import errno
import os
from pathlib import Path

from edge.spool.database import disk_error

# Nobody listens, the pipe is not there yet, or it is full of rings nobody has looked at.
_NOBODY = {errno.ENXIO, errno.ENOENT, errno.EAGAIN, errno.EPIPE}


def ring(path: Path) -> None:
    """Wake whoever listens at `path`; returns at once, whether or not anybody does."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _NOBODY:
            return
        raise disk_error(error, path) from error
    try:
        os.write(descriptor, b"!")
    except OSError as error:
        if error.errno not in _NOBODY:
            raise disk_error(error, path) from error
    finally:
        os.close(descriptor)
