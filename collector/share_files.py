"""Where the collector's parts of the keys of data at rest lie: `DIR/shares/NAME`, a file a device.

In files and not in the database, whose log and free pages would keep what was taken out. Called
by the writer's thread only, inside the job that commits what goes with it.
"""

import os
import secrets
from pathlib import Path

from edge.errors import Kind, VigieError
from edge.whole_file import read_bounded, sync_folder, write_private

SHARE_BYTES = 32


class ShareFiles:
    """One folder of shares. Device names were checked before they come here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ensure_share(self, device: str) -> bytes:
        """The device's share; made and synced when it has none. Raises VigieError."""
        kept = self.read_share(device)
        if kept is not None:
            return kept
        share = secrets.token_bytes(SHARE_BYTES)
        try:
            write_private(self._folder / device, share)
        except OSError as refused:
            raise self._refusal(device, refused) from refused
        return share

    def read_share(self, device: str) -> bytes | None:
        """The device's share; None: it has none, or none any more.

        Raises VigieError(DATA_LOSS) for a file that holds something else: a new share would not
        open what the pole has.
        """
        path = self._folder / device
        share = read_bounded(path, SHARE_BYTES)
        if share is None and not path.exists():
            return None
        if share is None or len(share) != SHARE_BYTES:
            raise VigieError(
                Kind.DATA_LOSS,
                f"the share of device {device} cannot be read",
                where=str(path),
                hint=f"Restore the file from its copy. Without it the pole's data is lost: revoke "
                f"{device} and enrol it again.",
            )
        return share

    def destroy_share(self, device: str) -> None:
        """Overwrite and remove the file. Raises VigieError."""
        path = self._folder / device
        try:
            with path.open("r+b") as file:
                file.write(bytes(SHARE_BYTES))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            sync_folder(self._folder)
        except FileNotFoundError:
            return
        except OSError as refused:
            raise self._refusal(device, refused) from refused

    def _refusal(self, device: str, refused: OSError) -> VigieError:
        return VigieError(
            Kind.UNAVAILABLE,
            f"the share of device {device} cannot be written ({refused.strerror})",
            where=str(self._folder / device),
            hint="Check that the data directory is writable and has free space, then try again.",
        )
