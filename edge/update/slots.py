"""The table of `boot.py` on a real disk: reads the record and the firmware, writes in its order."""

import json
from pathlib import Path
from typing import Protocol

from edge.update.boot import Event, Record, Row, Slot, Stage, Write, advance, settle
from edge.update.selector import Selector
from edge.whole_file import read_bounded, write_whole

_FORMAT = 1
_MAX_RECORD_BYTES = 4_096


class RecordKeeper(Protocol):
    """Where the record lies."""

    def read(self) -> Record:
        """The record; steady where there is none that can be read."""
        ...

    def write(self, record: Record) -> None:
        """Replace it, on the disk when this returns. Raises OSError."""
        ...


class RecordFile:
    """The record as a small JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Record:
        """As RecordKeeper.read; a damaged record is none: the firmware's word is enough."""
        try:
            said = json.loads(read_bounded(self._path, _MAX_RECORD_BYTES) or b"")
            if said["format"] != _FORMAT:
                return Record()
            slot = None if said["slot"] is None else Slot(said["slot"])
            return Record(Stage(said["stage"]), slot, str(said["boot_id"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            return Record()

    def write(self, record: Record) -> None:
        """As RecordKeeper.write."""
        said = {
            "format": _FORMAT,
            "stage": record.stage.value,
            "slot": record.slot.value if record.slot else None,
            "boot_id": record.boot_id,
        }
        write_whole(self._path, json.dumps(said).encode() + b"\n")


class Slots:
    """A pole's two slots in one boot. booted: which one runs; boot_id: the kernel's name of it.

    Nothing is written before somebody asks for a change or for `start`.
    """

    def __init__(
        self, selector: Selector, keeper: RecordKeeper, *, booted: Slot, boot_id: str
    ) -> None:
        self._selector = selector
        self._keeper = keeper
        self.booted = booted
        self._boot_id = boot_id

    def read_primary(self) -> Slot:
        """The slot that starts when nothing else is asked for. Raises BootError, OSError."""
        return self._selector.read_primary()

    def read_record(self) -> Record:
        """What is meant to happen, as of this boot. Raises BootError, OSError."""
        return self._settle(self._keeper.read())[0]

    def start(self) -> tuple[Record, Record]:
        """Take in that this boot happened: the record before and after. Raises BootError, OSError.

        Harmless twice: the second time both are the same.
        """
        before = self._keeper.read()
        after, row = self._settle(before)
        self._write(row, after, self.booted)
        return before, after

    def apply(self, event: Event, slot: Slot) -> Record:
        """Let something happen to a slot; the record after it. Raises BootError, OSError."""
        _, settled = self.start()
        after, row = advance(settled, event, slot, self._boot_id)
        self._write(row, after, slot)
        return after

    def _settle(self, record: Record) -> tuple[Record, Row]:
        return settle(record, self.booted, self._selector.read_primary(), self._boot_id)

    def _write(self, row: Row, after: Record, slot: Slot) -> None:
        for write in row.writes:
            match write:
                case Write.MARK:
                    self._selector.mark(slot)
                case Write.UNMARK:
                    self._selector.unmark()
                case Write.PRIMARY:
                    self._selector.write_primary(slot)
                case Write.RECORD:
                    self._keeper.write(after)
