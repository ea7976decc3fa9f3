"""A name for a Unix socket that always fits, however deep its folder lies.

The kernel takes at most 107 bytes as a socket's address (unix(7)). A longer path is named by way of
a handle on its folder, which Linux shows under /proc/self/fd.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_ADDRESS_BYTES = 107


@contextmanager
def short_address(path: Path) -> Iterator[str]:
    """What to bind or connect to for the socket at `path`; good inside the block only.

    Raises OSError when the folder cannot be opened.
    """
    if len(os.fsencode(path)) <= MAX_ADDRESS_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
