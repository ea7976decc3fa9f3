"""The lowest version that may be installed, on two partitions, with keys of their own.

It rises when a slot is kept, and never falls. Below the floor of both copies stands the image that
runs: its version is part of what the verity tree covers, so with both copies gone the floor is
what runs, never nothing.

    /state/update/floor.json    on the state partition
    DATA/slots/floor.json       on the data partition
"""

from pathlib import Path

from edge.mandate.copies import Copy, read_copy, write_copies
from edge.update.version import Version, parse_version
from edge.wire.update_talk import slots_folder

_MAX_BYTES = 1_024
_FOLDER_MODE = 0o755


class VersionFloor:
    """The floor of one pole. Both places may be missing; then a write makes them."""

    def __init__(self, state: Path, data: Path, running: Version) -> None:
        """state: /state/update. running: the version of the image that runs."""
        self._paths = (state / "floor.json", slots_folder(data) / "floor.json")
        self._running = running

    def read(self) -> Version:
        """The floor: the highest that any good copy, or the image that runs, names."""
        return max([self._running, *(floor for floor, _ in self._read_good())])

    def raise_to(self, version: Version) -> None:
        """The floor is at least this from now on; a copy that was lost or set back is made again.

        Raises:
            OSError: one of the places takes no write.

        """
        good = self._read_good()
        floor = max([version, *(each for each, _ in good)])
        if len(good) == len(self._paths) and all(each == floor for each, _ in good):
            return
        serial = max((serial for _, serial in good), default=0) + 1
        write_copies(self._paths, {"floor": list(floor)}, serial, folder_mode=_FOLDER_MODE)

    def _read_good(self) -> list[tuple[Version, int]]:
        copies = [read_copy(path, "the version floor", _MAX_BYTES) for path in self._paths]
        read = [_read_floor(copy) for copy in copies if copy is not None]
        return [each for each in read if each is not None]


def _read_floor(copy: Copy) -> tuple[Version, int] | None:
    numbers = copy.fields.items("floor", least=4, most=4)
    copy.fields.close()
    floor = parse_version(".".join(str(number) for number in numbers))
    return None if copy.fields.problems or floor is None else (floor, copy.serial)
