"""`autoboot.txt`, by which a Raspberry Pi's firmware chooses a partition: one sector, in place.

The file is one sector long and is only ever replaced by one write of one sector, which a card
takes whole or not at all; its place and length never change. The form is the one that the
firmware documents (tryboot_a_b, boot_partition); QEMU's bench reads the same.
"""

import os
from pathlib import Path

from edge.errors import Kind
from edge.update.boot import BootError, Slot

SECTOR_BYTES = 512
# The disk's layout: 1 is sel, then the two boot partitions.
PARTITIONS = {2: Slot.A, 3: Slot.B}
_NUMBERS = {slot: number for number, slot in PARTITIONS.items()}
_PRIMARY, _TRIED = "[all]", "[tryboot]"


def format_autoboot(primary: Slot) -> bytes:
    """The whole sector. The slot that is not the primary is the one that is tried."""
    text = (
        f"{_PRIMARY}\ntryboot_a_b=1\nboot_partition={_NUMBERS[primary]}\n"
        f"{_TRIED}\nboot_partition={_NUMBERS[primary.other]}\n"
    ).encode()
    return text + b"\n" * (SECTOR_BYTES - len(text))


def parse_autoboot(sector: bytes) -> Slot:
    """The primary slot that a sector names.

    Raises:
        BootError: it is not exactly what `format_autoboot` writes; DATA_LOSS.

    """
    for slot in Slot:
        if sector == format_autoboot(slot):
            return slot
    raise BootError(
        Kind.DATA_LOSS,
        "autoboot.txt is not what this software writes",
        hint="The pole starts the slot that the firmware finds; flash the card again.",
    )


def read_primary(path: Path) -> Slot:
    """The primary slot of a file. Raises BootError, OSError."""
    with path.open("rb") as file:
        return parse_autoboot(file.read(SECTOR_BYTES + 1))


def write_primary(path: Path, primary: Slot) -> None:
    """Replace the sector, on the disk when this returns.

    Raises:
        BootError: there is no such file of one sector: nothing is made or made longer.
        OSError: the card does not take it.

    """
    handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(handle).st_size != SECTOR_BYTES:
            raise BootError(
                Kind.DATA_LOSS, f"autoboot.txt is not {SECTOR_BYTES} bytes", where=str(path)
            )
        os.pwrite(handle, format_autoboot(primary), 0)
        os.fsync(handle)
    finally:
        os.close(handle)
