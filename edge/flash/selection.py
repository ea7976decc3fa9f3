"""The small FAT partition `sel` of a card: found by its GPT name, read and written by mtools.

Nothing is mounted, so nothing needs unmounting, and a plain file is worked on like a disk.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from edge.errors import Kind
from edge.flash.problem import ANOTHER_CARD, FlashError
from edge.flash.programs import run_program
from edge.wire.fields import Fields
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object

PARTITION = "sel"
MAX_TABLE_BYTES = 1024 * 1024
MAX_PARTITIONS = 128


class TableError(ProblemsError):
    """What sfdisk printed is not what this release reads."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The partition. path: of the disk or file; offset_bytes: where the partition begins in it."""

    path: Path
    offset_bytes: int

    @property
    def drive(self) -> str:
        """As mtools takes it."""
        return f"{self.path}@@{self.offset_bytes}"

    def write_file(self, name: str, content: bytes) -> None:
        """Put a file there, in a folder that is made where there is none. Raises FlashError."""
        folder = name.rpartition("/")[0]
        # Fails where the folder is there already; that it is not is found by the next command.
        with contextlib.suppress(FlashError):
            run_program(["mmd", "-D", "s", "-i", self.drive, f"::/{folder}"], doing="make a folder")
        words = ["mcopy", "-o", "-i", self.drive, "-", f"::/{name}"]
        run_program(words, doing=f"write {name} to the card", told=content)

    def read_file(self, name: str) -> bytes:
        """A file's bytes. Raises FlashError."""
        words = ["mtype", "-i", self.drive, f"::/{name}"]
        return run_program(words, doing=f"read {name} back from the card")


def find_selection(path: Path) -> Selection:
    """The partition of a written card. Raises FlashError or TableError."""
    words = ["sfdisk", "--json", str(path)]
    return parse_table(run_program(words, doing="read the partition table"), path)


def parse_table(listing: bytes, path: Path) -> Selection:
    """The partition in sfdisk's JSON. Raises FlashError(DATA_LOSS) when it is not there."""
    record = parse_object(
        listing, what="sfdisk's list", max_bytes=MAX_TABLE_BYTES, refusal=TableError
    )
    table = Fields(record).inner("partitiontable")
    sector_bytes = table.whole("sectorsize", least=512, most=4096)
    starts = [
        each.whole("start")
        for each in table.objects("partitions", most=MAX_PARTITIONS, default=[])
        if each.letter("name", longest=36) == PARTITION
    ]
    table.raise_problems(TableError)
    if len(starts) != 1:
        raise FlashError(
            Kind.DATA_LOSS,
            f"the card has {len(starts)} partitions named {PARTITION}, not one",
            where=str(path),
            hint=ANOTHER_CARD,
        )
    return Selection(path, starts[0] * sector_bytes)
