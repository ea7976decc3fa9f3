"""The one way in which tests wait for other processes: by what these write (inotify(7)).

What writes nothing where one can watch, such as a process that comes up or a folder made meanwhile,
is looked for twice a second. Nothing is asserted of the time but that there is an end to it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from inotify_simple import INotify, flags

# Folders that are made while one waits are watched from here on; so are ends that write nothing.
_LOOK_AGAIN_MS = 500
# Not the closing of files: who looks into a database closes one too, and would wake himself.
_WRITTEN = flags.CREATE | flags.MODIFY | flags.MOVED_TO | flags.ONLYDIR


def wait_until(
    is_so: Callable[[], bool],
    what: str,
    *,
    folders: Sequence[Path],
    within_seconds: float = 60.0,
    each_time: Callable[[], None] = lambda: None,
) -> None:
    """Look whenever something is written in or below the folders, until it is so.

    each_time: done before each look. Raises AssertionError when it takes too long.
    """
    deadline = time.monotonic() + within_seconds
    with closing(INotify()) as stirring:
        while True:
            for folder in _below(folders):
                stirring.add_watch(folder, _WRITTEN)
            each_time()
            if is_so():
                return
            assert time.monotonic() < deadline, f"waited {within_seconds:.0f} s until {what}"
            stirring.read(timeout=_LOOK_AGAIN_MS)


def _below(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        if folder.is_dir():
            yield folder
            yield from (each for each in folder.glob("*/") if each.is_dir())
