"""The ring's keys: one per camera and UTC day, each a file of its own, destroyed with its day.

A key is on the disk before anything is sealed with it. Destroying it is what deletes a day: the
file is overwritten and its name removed, both synced. On flash the old cells may survive an
overwrite; that is what the encrypted partition of the image is for.
"""

import os
import secrets

from edge.errors import Kind
from edge.vault.disk import FILE_MODE, FOLDER_MODE, RingError, ring_error
from edge.vault.places import VaultPlaces, parse_key_name
from edge.whole_file import sync_folder, write_whole

KEY_BYTES = 32


class DayKeys:
    """Keys below one vault; the vault's writer makes and destroys them, readers only load."""

    def __init__(self, places: VaultPlaces) -> None:
        self._places = places

    def ensure(self, camera: str, day: int) -> bytes:
        """The key of a day, made and synced when there is none. Raises RingError."""
        key = self.load(camera, day)
        if key is not None:
            return key
        path = self._places.key(camera, day)
        key = secrets.token_bytes(KEY_BYTES)
        try:
            for folder in (self._places.keys, path.parent):
                folder.mkdir(exist_ok=True, mode=FOLDER_MODE)
            write_whole(path, key, mode=FILE_MODE)
            sync_folder(path.parent.parent)
        except OSError as error:
            raise ring_error(error, path) from error
        return key

    def load(self, camera: str, day: int) -> bytes | None:
        """The key of a day; None: there is none. Raises RingError, also for one of another size."""
        path = self._places.key(camera, day)
        try:
            key = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ring_error(error, path) from error
        if len(key) != KEY_BYTES:
            raise RingError(
                Kind.DATA_LOSS,
                f"the key is {len(key)} bytes, not {KEY_BYTES}: what it sealed cannot be opened",
                where=str(path),
                hint="Set the file aside; the vault makes a new key for what it records next.",
            )
        return key

    def days(self, camera: str) -> list[int]:
        """Days that have a key, the oldest first."""
        try:
            names = [each.name for each in (self._places.keys / camera).iterdir()]
        except FileNotFoundError:
            return []
        return sorted(day for name in names if (day := parse_key_name(name)) is not None)

    def cameras(self) -> list[str]:
        """Cameras that have any key."""
        if not self._places.keys.is_dir():
            return []
        return sorted(each.name for each in self._places.keys.iterdir() if each.is_dir())

    def destroy(self, camera: str, day: int) -> None:
        """Overwrite and remove the key of a day; safe twice. Raises RingError."""
        path = self._places.key(camera, day)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        except OSError as error:
            raise ring_error(error, path) from error
        try:
            os.pwrite(descriptor, secrets.token_bytes(KEY_BYTES), 0)
            os.fsync(descriptor)
            path.unlink()
            sync_folder(path.parent)
        except OSError as error:
            raise ring_error(error, path) from error
        finally:
            os.close(descriptor)
