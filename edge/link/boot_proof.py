"""Says to root that the collector has this boot's first event, by which a new slot proves itself.

The eye notes where that event stands in the spool; acks say what the collector has. The note of a
boot before is repeated just so: root compares it with the boot that runs.
"""

from pathlib import Path

from edge.wire.update_talk import (
    BootNote,
    acknowledged_path,
    boot_note_path,
    read_boot_note,
    write_boot_note,
)


class BootProof:
    """One link's. `note_stored` costs nothing; `look` reads a small file."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._stored = (0, 0)
        self._written: BootNote | None = None

    def note_stored(self, epoch: int, stored_seq: int) -> None:
        """The collector has everything of an epoch up to a seq."""
        self._stored = epoch, stored_seq

    def look(self) -> None:
        """Write the word where it is due and not written yet. Blocks. Raises OSError."""
        note = read_boot_note(boot_note_path(self._data))
        epoch, stored_seq = self._stored
        if note is None or note == self._written or note.epoch != epoch or stored_seq < note.seq:
            return
        write_boot_note(acknowledged_path(self._data), note)
        self._written = note
