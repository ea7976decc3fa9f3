"""The slots of the pole that this runs on: which firmware it has, and where its files lie.

/state/update/record.json   what is meant to happen (boot.py)
/state/update/primary       Jetson only: the slot that starts when nothing else is asked for
/run/vigie/reboot-argument  Raspberry Pi only: the mark, for the restart that follows
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import Kind
from edge.service.image import Image, read_boot_id
from edge.update.boot import BootError, Slot
from edge.update.selector import (
    AUTOBOOT_NAME,
    ArgumentSelector,
    MarkSelector,
    NvbootSelector,
    Selector,
)
from edge.update.slots import RecordFile, Slots

STATE = Path("state/update")
REBOOT_ARGUMENT_FILE = Path("run/vigie/reboot-argument")
_SEL_DEVICE = Path("dev/disk/by-partlabel/sel")
_SEL_FOLDER = Path("run/vigie/sel")
_MOUNT_OPTIONS = "rw,sync,noatime,nosuid,nodev,noexec,umask=0077"


@contextmanager
def open_slots(image: Image, root: Path = Path("/")) -> Iterator[Slots]:
    """The slots, with `sel` mounted for as long as it takes. Raises BootError, OSError."""
    state = root / STATE
    with _open_selector(image.settings.get("VIGIE_TRYBOOT", ""), root) as selector:
        yield Slots(
            selector,
            RecordFile(state / "record.json"),
            booted=Slot(image.slot),
            boot_id=read_boot_id(root),
        )


@contextmanager
def _open_selector(kind: str, root: Path) -> Iterator[Selector]:
    if kind == "nvboot":
        yield NvbootSelector(root / STATE / "primary")
        return
    if kind not in {"mark", "reboot_argument"}:
        what = f"the board's profile says tryboot = '{kind}'"
        raise BootError(Kind.FAILED_PRECONDITION, what, hint="Known: mark, reboot_argument, nvboot")
    with _mounted(root / _SEL_DEVICE, root / _SEL_FOLDER) as sel:
        if kind == "mark":
            yield MarkSelector(sel)
        else:
            yield ArgumentSelector(sel, root / REBOOT_ARGUMENT_FILE)


@contextmanager
def _mounted(device: Path, folder: Path) -> Iterator[Path]:
    """Where somebody mounted it, or a mount of one's own: nobody unmounts another's."""
    if (folder / AUTOBOOT_NAME).exists():
        yield folder
        return
    own = folder.with_name(f"{folder.name}-{os.getpid()}")
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        _run("mount", "-t", "vfat", "-o", _MOUNT_OPTIONS, str(device), str(own))
        try:
            yield own
        finally:
            _run("umount", str(own))
    finally:
        own.rmdir()


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        what = f"{' '.join(words)}: {done.stderr.strip() or done.returncode}"
        raise BootError(Kind.UNAVAILABLE, what)
