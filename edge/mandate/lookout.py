"""Waking up when a file is put into a folder, instead of looking every second (inotify(7)).

It carries nothing but "look": what is missed costs a second, for everybody looks once a second too.
Watching needs no more than the right to read a folder, so no room may do anything new to another.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from inotify_simple import INotify, flags


class Lookout:
    """Watches folders for files of some names that are renamed into them. Belongs to one thread."""

    def __init__(self, folders: Sequence[Path], pattern: str = "*") -> None:
        """Folders that are not there yet are watched from the first `take` that finds them."""
        self._folders = folders
        self._pattern = pattern
        self._watching: INotify | None = None
        # Where the kernel gives no more of these, looking every second has to do.
        with suppress(OSError):
            self._watching = INotify(nonblocking=True)
        self.take()

    @property
    def handles(self) -> tuple[int, ...]:
        """What becomes readable when there is something to look at; empty: nothing ever does."""
        return () if self._watching is None else (self._watching.fileno(),)

    def take(self) -> bool:
        """Whether something came since the last call."""
        if self._watching is None:
            return False
        for folder in self._folders:
            with suppress(OSError):
                # The same watch again where there is one.
                self._watching.add_watch(folder, flags.MOVED_TO | flags.ONLYDIR)
        came = [Path(each.name) for each in self._watching.read(timeout=0)]
        return any(name.match(self._pattern) for name in came)

    def close(self) -> None:
        """Give the handle back; safe twice."""
        if self._watching is not None:
            self._watching.close()
            self._watching = None
