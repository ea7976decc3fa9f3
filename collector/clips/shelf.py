"""Sealed files on the collector's disk: grown chunk by chunk, whole or not there.

A file that is still growing has `.part` behind its name; its length is what was stored. All
methods block and belong to a thread, never to the event loop.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from edge.errors import Kind, VigieError
from edge.wire.whole_file import sync_folder

CHUNK_BYTES = 65_536


class Shelf:
    """The folder of sealed clips."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; made when there is none. Raises OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder

    def get_stored_bytes(self, clip: str) -> int:
        """How much of a clip is here; 0: nothing."""
        for path in (self._path(clip), self._part(clip)):
            if path.exists():
                return path.stat().st_size
        return 0

    def is_whole(self, clip: str) -> bool:
        """Whether the file is complete and was checked."""
        return self._path(clip).exists()

    def append(self, clip: str, offset_bytes: int, sealed: bytes) -> int:
        """Add a chunk where the file ends, durably; the new length.

        A chunk that is here already changes nothing. Raises VigieError: FAILED_PRECONDITION for
        a hole; RESOURCE_EXHAUSTED when the disk is full.
        """
        part = self._part(clip)
        stored = part.stat().st_size if part.exists() else 0
        if offset_bytes > stored:
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                f"clip {clip}: a chunk begins at byte {offset_bytes}, {stored} are stored",
                hint="Offer the clip again to learn where to go on.",
            )
        fresh = sealed[stored - offset_bytes :]
        try:
            with part.open("ab") as file:
                file.write(fresh)
                file.flush()
                os.fsync(file.fileno())
        except OSError as failed:
            if part.exists():
                os.truncate(part, stored)
            raise VigieError(
                Kind.RESOURCE_EXHAUSTED,
                f"clip {clip} cannot be stored: {failed.strerror}",
                hint="Free space where the collector's --data directory lives.",
            ) from failed
        return stored + len(fresh)

    def finish(self, clip: str, sha256: bytes) -> None:
        """Name a complete file as such. Raises VigieError(DATA_LOSS) and drops a wrong one."""
        part = self._part(clip)
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        if digest != sha256:
            part.unlink()
            raise VigieError(
                Kind.DATA_LOSS,
                f"clip {clip} arrived with other bytes than the pole announced",
                hint="The pole sends it again.",
            )
        part.replace(self._path(clip))
        sync_folder(self._folder)

    def read(self, clip: str, offset_bytes: int) -> Iterator[bytes]:
        """Chunks of a complete file. Raises VigieError(NOT_FOUND)."""
        path = self._path(clip) if self.is_whole(clip) else self._copy(clip)
        try:
            file = path.open("rb")
        except FileNotFoundError as missing:
            raise VigieError(
                Kind.NOT_FOUND,
                f"the sealed file of clip {clip} is not here",
                hint="Run 'vigie clip list' to see what became of it.",
            ) from missing
        with file:
            file.seek(offset_bytes)
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def remove(self, clip: str) -> None:
        """Delete what is here of a clip."""
        for path in (self._path(clip), self._part(clip)):
            path.unlink(missing_ok=True)
        sync_folder(self._folder)

    def keep_copy(self, clip: str) -> None:
        """A second name for a file, which outlives the first: a hold. Raises OSError."""
        copy = self._copy(clip)
        copy.unlink(missing_ok=True)
        copy.hardlink_to(self._path(clip))
        sync_folder(self._folder)

    def drop_copy(self, clip: str) -> None:
        """End a hold."""
        self._copy(clip).unlink(missing_ok=True)
        sync_folder(self._folder)

    def _path(self, clip: str) -> Path:
        return self._folder / f"{clip}.sealed"

    def _part(self, clip: str) -> Path:
        return self._folder / f"{clip}.part"

    def _copy(self, clip: str) -> Path:
        return self._folder / f"{clip}.held"
