"""Bundles on the collector's disk: grown piece by piece, whole or not there.

A bundle that still grows has `.part` behind its name; its length is what was stored. All methods
block and belong to a thread, never to the event loop. Names are the bundle's own hash.
"""

import hashlib
import os
import shutil
from pathlib import Path
from typing import NamedTuple

from edge.errors import Kind, VigieError
from edge.whole_file import sync_folder

MAX_BUNDLE_BYTES = 2 << 30  # a slot has half a gigabyte; a bundle carries one, packed
# What a bundle leaves free, so that events find room whatever the control room brings.
SPARE_BYTES = 512 << 20
_BLOCK_BYTES = 1024 * 1024


class Bundle(NamedTuple):
    """What a build says of a bundle. sha256: 32 bytes. board: the board profile's name."""

    sha256: bytes
    size_bytes: int
    version: str
    board: str


class BundleStore:
    """The folder of bundles."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; made when there is none. Raises OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder

    def check_room(self, bundle: Bundle) -> None:
        """Raises VigieError(RESOURCE_EXHAUSTED) where the rest of it would crowd out events."""
        missing = bundle.size_bytes - self.get_stored_bytes(bundle)
        free = shutil.disk_usage(self._folder).free
        if missing and missing + SPARE_BYTES > free:
            raise VigieError(
                Kind.RESOURCE_EXHAUSTED,
                f"the bundle needs {missing} bytes and {SPARE_BYTES} must stay free, there are "
                f"{free}",
                where=str(self._folder),
                hint="Free space where the collector's --data directory lives.",
            )

    def get_stored_bytes(self, bundle: Bundle) -> int:
        """How much of a bundle is here; 0: nothing."""
        for path in (self.get_path(bundle.sha256), self._part(bundle)):
            if path.exists():
                return path.stat().st_size
        return 0

    def append(self, bundle: Bundle, offset_bytes: int, piece: bytes) -> int:
        """Add a piece where the file ends; the new length. What is here already changes nothing.

        Raises VigieError: FAILED_PRECONDITION for a hole, INVALID_ARGUMENT for more than was
        announced, RESOURCE_EXHAUSTED when the disk is full.
        """
        stored = self.get_stored_bytes(bundle)
        if offset_bytes > stored:
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                f"a piece begins at byte {offset_bytes} of the bundle, {stored} are stored",
                hint="Push the bundle again; it goes on where it stands.",
            )
        if offset_bytes + len(piece) > bundle.size_bytes:
            raise VigieError(
                Kind.INVALID_ARGUMENT,
                f"the bundle is longer than the {bundle.size_bytes} bytes that were announced",
                hint="Push it again with the manifest of its own build.",
            )
        fresh = piece[stored - offset_bytes :]
        if fresh:
            self._write(bundle, stored, fresh)
        return stored + len(fresh)

    def finish(self, bundle: Bundle) -> None:
        """Name a complete file as such. Raises VigieError(DATA_LOSS) and drops a wrong one."""
        part = self._part(bundle)
        with part.open("rb") as file:
            os.fsync(file.fileno())
            found = hashlib.sha256()
            while block := file.read(_BLOCK_BYTES):
                found.update(block)
        if found.digest() != bundle.sha256:
            part.unlink()
            raise VigieError(
                Kind.DATA_LOSS,
                "the bundle arrived with other bytes than were announced; it was dropped",
                hint="Push it again.",
            )
        part.replace(self.get_path(bundle.sha256))
        sync_folder(self._folder)

    def read(self, sha256: bytes, offset_bytes: int, size_bytes: int) -> bytes:
        """A piece of a whole bundle. Raises VigieError(NOT_FOUND)."""
        try:
            with self.get_path(sha256).open("rb") as file:
                return os.pread(file.fileno(), size_bytes, offset_bytes)
        except FileNotFoundError as missing:
            raise VigieError(
                Kind.NOT_FOUND, f"the bundle {sha256.hex()[:12]} is not here any more"
            ) from missing

    def keep_only(self, wanted: set[bytes]) -> None:
        """Delete every file that is of none of these bundles."""
        names = {digest.hex() for digest in wanted}
        for path in self._folder.iterdir():
            if path.stem not in names:
                path.unlink()
        sync_folder(self._folder)

    def get_path(self, sha256: bytes) -> Path:
        """Where a whole bundle lies."""
        return self._folder / f"{sha256.hex()}.raucb"

    def _part(self, bundle: Bundle) -> Path:
        return self._folder / f"{bundle.sha256.hex()}.part"

    def _write(self, bundle: Bundle, stored: int, fresh: bytes) -> None:
        part = self._part(bundle)
        try:
            with part.open("ab") as file:
                file.write(fresh)
        except OSError as failed:
            if part.exists():
                os.truncate(part, stored)
            raise VigieError(
                Kind.RESOURCE_EXHAUSTED,
                f"the bundle cannot be stored: {failed.strerror}",
                hint="Free space where the collector's --data directory lives.",
            ) from failed


def check_bundle(bundle: Bundle) -> None:
    """Raises VigieError(INVALID_ARGUMENT) for what can be no bundle."""
    problem = ""
    if len(bundle.sha256) != hashlib.sha256().digest_size:
        problem = "its hash is no SHA-256"
    elif not 0 < bundle.size_bytes <= MAX_BUNDLE_BYTES:
        problem = f"it has {bundle.size_bytes} bytes; allowed: 1 to {MAX_BUNDLE_BYTES}"
    elif not (bundle.version and bundle.board):
        problem = "its manifest names no version or no board"
    if problem:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"the bundle cannot be taken: {problem}",
            hint="Give the bundle and the manifest that one build wrote.",
        )
