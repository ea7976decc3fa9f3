"""The partition `sel` as a technician's laptop sees it: provisioning file, visit, report.

Mounted for as long as it takes and no longer: a partition that is mounted all day is one that a
power cut leaves half written.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.board.machine import Machine
from edge.provision.places import MAX_VISIT_BYTES, VISIT_ON_CARD
from edge.provision.signing import MAX_FILE_BYTES, PLACE_ON_CARD
from edge.whole_file import read_bounded, sync_folder, write_private

DEVICE = "/dev/disk/by-partlabel/sel"
MOUNT = "/run/vigie/sel"
REPORT = "vigie/report.txt"
MAX_REPORT_BYTES = 4096
VISIT = "/run/vigie/visit.json"
"""What the card brought for a visit; the unit of visits starts only where it is."""

_log = logging.getLogger("vigie.board")


@contextmanager
def mounted(machine: Machine, *, is_writing: bool) -> Iterator[Path]:
    """The partition's folder. Raises VigieError where it cannot be mounted."""
    folder = machine.at(MOUNT)
    folder.mkdir(parents=True, exist_ok=True)
    options = f"{'rw' if is_writing else 'ro'},nosuid,nodev,noexec,umask=0077"
    machine.must(["mount", "-t", "vfat", "-o", options, str(machine.at(DEVICE)), str(folder)])
    try:
        yield folder
    finally:
        machine.run(["umount", str(folder)], b"")


def read_provisioning(machine: Machine) -> bytes | None:
    """The file that `vigie flash` wrote; None: there is none. Raises VigieError."""
    with mounted(machine, is_writing=False) as folder:
        return read_bounded(folder / PLACE_ON_CARD, MAX_FILE_BYTES)


def remove_provisioning(machine: Machine) -> None:
    """Take the file away, and the token in it; a report goes too. Raises VigieError, OSError."""
    with mounted(machine, is_writing=True) as folder:
        path = folder / PLACE_ON_CARD
        if path.exists():
            _overwrite(path)
            path.unlink()
        (folder / REPORT).unlink(missing_ok=True)
        if path.parent.is_dir():
            sync_folder(path.parent)


def bring_visit(machine: Machine) -> bool:
    """Take a technician's token along from the card, unread; whether there is one.

    Raises VigieError, OSError.
    """
    with mounted(machine, is_writing=False) as folder:
        brought = read_bounded(folder / VISIT_ON_CARD, MAX_VISIT_BYTES)
    if brought is None:
        return False
    write_private(machine.at(VISIT), brought)
    return True


def remove_visit(machine: Machine) -> None:
    """The token was used; a report goes too. Raises VigieError, OSError."""
    with mounted(machine, is_writing=True) as folder:
        path = folder / VISIT_ON_CARD
        path.unlink(missing_ok=True)
        (folder / REPORT).unlink(missing_ok=True)
        if path.parent.is_dir():
            sync_folder(path.parent)


def write_report(machine: Machine, text: str) -> None:
    """What a technician reads on the card. Raises VigieError, OSError."""
    with mounted(machine, is_writing=True) as folder:
        path = folder / REPORT
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        sync_folder(path.parent)


def remove_report(machine: Machine, text: str | None = None) -> None:
    """What was wrong is so no more. text: only a report that says this. Raises VigieError, OSError.

    Looked for first, so that a start with nothing to remove writes nothing.
    """
    with mounted(machine, is_writing=False) as folder:
        stands = read_bounded(folder / REPORT, MAX_REPORT_BYTES)
    if stands is None or text not in {None, stands.decode(errors="replace")}:
        return
    with mounted(machine, is_writing=True) as folder:
        (folder / REPORT).unlink(missing_ok=True)
        sync_folder((folder / REPORT).parent)


def _overwrite(path: Path) -> None:
    """Who reads the card's free blocks shall find no token and no Wi-Fi passphrase.

    In place: a file that is emptied first gets other blocks, and its own keep what they held.
    """
    with path.open("r+b", buffering=0) as file:
        file.write(bytes(path.stat().st_size))
        os.fsync(file.fileno())
