"""Sealed files on the collector's disk: grown chunk by chunk, whole or not there.

A file that is still growing has `.part` behind its name; its length is what was stored. It is
synced once, when it is whole: only then does the pole let go of its own, and what a power cut takes
of a part is asked for again or found by the hash. All methods block and belong to a thread, never
to the event loop.
"""

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from blake3 import blake3

from edge.errors import Kind, VigieError
from edge.whole_file import sync_folder

CHUNK_BYTES = 65_536
_BLOCK_BYTES = 1024 * 1024
_COPY_ENDING = ".held"


class Shelf:
    """The folder of sealed clips."""

    def __init__(self, folder: Path, sync: Callable[[int], None] = os.fsync) -> None:
        """Use a folder; made when there is none. sync: of an open file. Raises OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._sync = sync

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
        """Add a chunk where the file ends; the new length.

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
        except OSError as failed:
            if part.exists():
                os.truncate(part, stored)
            raise _not_stored(clip, failed) from failed
        return stored + len(fresh)

    def finish(self, clip: str, digest: bytes) -> None:
        """Bring a complete file to the disk and name it as such.

        digest: BLAKE3, 32 bytes. Raises VigieError, and drops the file: DATA_LOSS for a wrong one,
        RESOURCE_EXHAUSTED where the disk does not take it.
        """
        part = self._part(clip)
        with part.open("rb") as file:
            found = blake3()
            while block := file.read(_BLOCK_BYTES):
                found.update(block)
        if found.digest() != digest:
            part.unlink()
            raise VigieError(
                Kind.DATA_LOSS,
                f"clip {clip} arrived with other bytes than the pole announced",
                hint="The pole sends it again.",
            )
        try:
            with part.open("rb") as file:
                self._sync(file.fileno())
        except OSError as failed:
            # What the kernel still shows of it may be nowhere else.
            part.unlink()
            raise _not_stored(clip, failed) from failed
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

    def sweep_copies(self, held: Collection[str]) -> None:
        """Delete copies that no hold stands for: a crash came between the copy and its row."""
        for path in self._folder.glob(f"*{_COPY_ENDING}"):
            if path.name.removesuffix(_COPY_ENDING) not in held:
                path.unlink()
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
        return self._folder / f"{clip}{_COPY_ENDING}"


def _not_stored(clip: str, failed: OSError) -> VigieError:
    return VigieError(
        Kind.RESOURCE_EXHAUSTED,
        f"clip {clip} cannot be stored: {failed.strerror}",
        hint="Free space where the collector's --data directory lives.",
    )
