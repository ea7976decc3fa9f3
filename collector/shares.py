"""The collector's parts of the keys of data at rest: one a device, gone when it is revoked.

A part alone opens nothing: the other is the board's (docs/decisions/0009). It is destroyed
at revocation, so that who takes the collector's disk later does not find it.
"""

import sqlite3

from collector.audit import Act, append
from collector.devices import Devices
from collector.peer import Peer
from collector.rate import RateLimit
from collector.share_files import ShareFiles
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError

# A pole asks once a start; one that asks more often than a power cut a minute is not starting.
MOST_RELEASES, WITHIN_SECONDS = 60, 3600.0


class Shares:
    """Releases shares to those they belong to. Belongs to the event loop."""

    def __init__(
        self, writer: Writer, devices: Devices, share_files: ShareFiles, clock: Clock
    ) -> None:
        self._writer = writer
        self._devices = devices
        self._files = share_files
        self._clock = clock
        self._rate = RateLimit(MOST_RELEASES, WITHIN_SECONDS)

    async def release(self, peer: Peer) -> bytes:
        """The share of the device that the connection proved; audited before it is handed out.

        Raises VigieError: PERMISSION_DENIED when it is revoked, RESOURCE_EXHAUSTED when it asks
        too often, NOT_FOUND when it has none, DATA_LOSS when its file is damaged.
        """
        self._devices.check_not_revoked(peer.name, peer.serial)
        wait_seconds = self._rate.try_at(peer.name, self._clock.monotonic_ns())
        if wait_seconds:
            raise VigieError(
                Kind.RESOURCE_EXHAUSTED,
                f"device {peer.name} asked for its share {MOST_RELEASES} times within an hour",
                hint=f"It may ask again in {wait_seconds:.0f} s.",
            )
        now_ms = self._clock.utc_ns() // 1_000_000

        def write(connection: sqlite3.Connection) -> bytes | None:
            share = self._files.read_share(peer.name)
            if share is not None:
                append(connection, now_ms, Act(peer.who, "release share", peer.name))
            return share

        share = await self._writer.submit(write)
        # Revoked while the line was written: what was destroyed meanwhile is not handed out.
        self._devices.check_not_revoked(peer.name, peer.serial)
        if share is None:
            raise VigieError(
                Kind.NOT_FOUND,
                f"there is no share for device {peer.name}",
                hint=f"Enrol it again: 'vigie device invite {peer.name}'.",
            )
        return share
