"""Tells once a boot that an image started: an event by which a new slot can prove itself.

A quiet street may give no event for hours. Where the event stands in the spool is noted, so that
the link can say when the collector has it. A machine without an image tells nothing.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.service.image import Image, read_boot_id, read_image
from edge.spool.database import StorageError
from edge.spool.outbox import Outbox
from edge.wire.event import Event
from edge.wire.update_talk import BootNote, boot_note_path, read_boot_note, write_boot_note

logger = logging.getLogger("vigie.eye")


class Starting:
    """One boot's. image, boot_id: None, "": there is no image."""

    def __init__(self, data: Path, outbox: Outbox, image: Image | None, boot_id: str) -> None:
        self._path = boot_note_path(data)
        self._outbox = outbox
        self._image = image
        self._boot_id = boot_id
        self._noted = read_boot_note(self._path)

    @classmethod
    def read(cls, data: Path, outbox: Outbox) -> "Starting":
        """For the machine that this runs on."""
        image = read_image()
        return cls(data, outbox, image, read_boot_id() if image else "")

    def tell(self, make_events: Callable[[str], Sequence[Event]]) -> None:
        """Tell it if that is due; where the disk takes nothing, again at the next call.

        make_events: the events for a reason. A spool that began anew has lost it: told again.
        """
        if self._image is None:
            return
        noted = self._noted
        if noted and (noted.boot_id, noted.epoch) == (self._boot_id, self._outbox.epoch):
            return
        version = self._image.version.replace(".", "_").lower()
        reason = f"slot_{self._image.slot.lower()}_{version}"[:64]
        try:
            seqs = self._outbox.append(make_events(reason))
            self._noted = BootNote(self._boot_id, self._outbox.epoch, seqs[0])
            write_boot_note(self._path, self._noted)
        except (StorageError, OSError) as error:
            logger.warning("start_not_told reason=%s", error)
            return
        logger.info("start_told reason=%s seq=%d", reason, seqs[0])
