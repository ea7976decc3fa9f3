"""Files of clips on their way: orders that were accepted, sealed clips that wait for the link.

An order is written before its clip is begun and removed when the clip's way ends here, so a vault
that was killed goes on with it. A sealed clip gets its name when all of it is on the medium, and
its manifest comes last: where there is a manifest there is a whole clip.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from edge.evidence.manifest import MAX_ENVELOPE_BYTES
from edge.evidence.request import MAX_ENVELOPE_BYTES as MAX_ORDER_BYTES
from edge.vault.disk import FILE_MODE, FOLDER_MODE
from edge.whole_file import read_bounded, sync_folder, write_whole
from edge.wire.clip_talk import manifest_path, outgoing_folder, sealed_path
from edge.wire.identifiers import is_clip_name

ORDERS = "orders"
# The link is of the folder's group: it reads sealed clips and can change nothing.
OUTGOING_FOLDER_MODE = 0o750
OUTGOING_FILE_MODE = 0o640
_MANIFEST_ENDING = ".manifest.json"


class Shelf:
    """Used by one thread. Every failure is an OSError."""

    def __init__(self, data: Path) -> None:
        """data: the pole's state directory. Removes what a killed vault left half done."""
        self._data = data
        self._orders = data / "vault" / ORDERS
        self._orders.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        folder = outgoing_folder(data)
        folder.mkdir(mode=OUTGOING_FOLDER_MODE, parents=True, exist_ok=True)
        whole = set(self.list_waiting())
        for path in folder.iterdir():
            name = path.name.removesuffix(_MANIFEST_ENDING).removesuffix(".sealed")
            if name not in whole:
                path.unlink(missing_ok=True)

    def put_order(self, clip: str, envelope: str) -> None:
        """Keep a request until its clip's way ends; it is on the medium when this returns."""
        write_whole(self._orders / f"{clip}.json", envelope.encode(), mode=FILE_MODE)

    def take_order(self, clip: str) -> None:
        """Forget a request."""
        (self._orders / f"{clip}.json").unlink(missing_ok=True)
        sync_folder(self._orders)

    def read_orders(self) -> dict[str, str]:
        """Envelopes by clip, the oldest first."""
        paths = sorted(self._orders.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        found = {}
        for path in paths:
            content = read_bounded(path, MAX_ORDER_BYTES)
            if content is not None and is_clip_name(path.stem):
                found[path.stem] = content.decode(errors="replace")
        return found

    @contextmanager
    def open_part(self, clip: str) -> Iterator[BinaryIO]:
        """A file for the sealed clip; on the medium afterwards, or gone when something failed."""
        part = self._part(clip)
        descriptor = os.open(
            part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, OUTGOING_FILE_MODE
        )
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - opened by handle, for the mode
                yield file
                file.flush()
                os.fchmod(descriptor, OUTGOING_FILE_MODE)
                os.fsync(descriptor)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def put_clip(self, clip: str, manifest: bytes) -> None:
        """Give the part its name, then its manifest; both or neither."""
        try:
            self._part(clip).replace(sealed_path(self._data, clip))
            write_whole(manifest_path(self._data, clip), manifest, mode=OUTGOING_FILE_MODE)
        except OSError:
            self.remove_clip(clip)
            raise

    def remove_clip(self, clip: str) -> None:
        """Delete a clip; harmless when there is none."""
        manifest_path(self._data, clip).unlink(missing_ok=True)
        sealed_path(self._data, clip).unlink(missing_ok=True)
        self._part(clip).unlink(missing_ok=True)
        sync_folder(outgoing_folder(self._data))

    def list_waiting(self) -> dict[str, int]:
        """Bytes of each whole clip."""
        found = {}
        for path in sorted(outgoing_folder(self._data).glob(f"*{_MANIFEST_ENDING}")):
            clip = path.name.removesuffix(_MANIFEST_ENDING)
            sealed = sealed_path(self._data, clip)
            if is_clip_name(clip) and sealed.is_file():
                found[clip] = sealed.stat().st_size
        return found

    def read_manifest(self, clip: str) -> bytes:
        """The envelope beside a clip; empty when there is none."""
        return read_bounded(manifest_path(self._data, clip), MAX_ENVELOPE_BYTES) or b""

    def count_free_bytes(self) -> int:
        """What the disk still takes."""
        room = os.statvfs(outgoing_folder(self._data))
        return room.f_bavail * room.f_frsize

    def _part(self, clip: str) -> Path:
        return outgoing_folder(self._data) / f"{clip}.part"
