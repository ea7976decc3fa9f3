"""Taking bundles in: announced, sent piece by piece, checked, and only then whole."""

import asyncio
import sqlite3

from collector.audit import Act, append
from collector.rights import Right, check_right
from collector.updates import rows
from collector.updates.bundles import Bundle, BundleStore, check_bundle
from collector.updates.wishes import Asker
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError

BUNDLE_DAYS = 30  # a bundle that nobody rolls out goes after them
PART_DAYS = 1
_DAY_MS = 86_400_000


class BundleTaking:
    """All bundles of one collector. Belongs to the event loop."""

    def __init__(self, writer: Writer, store: BundleStore, clock: Clock) -> None:
        self._writer = writer
        self._store = store
        self._clock = clock
        self._one = asyncio.Lock()  # one piece at a time: a file grows at its end only

    async def offer(self, asker: Asker, bundle: Bundle) -> int:
        """Take an announcement; how much of the bundle is here.

        Raises VigieError: PERMISSION_DENIED by role, INVALID_ARGUMENT, RESOURCE_EXHAUSTED.
        """
        check_right(asker.role, Right.ROLL_OUT_UPDATES)
        check_bundle(bundle)
        self._store.check_room(bundle)
        now_ms = self._now_ms()
        is_whole = self._store.get_path(bundle.sha256).exists()
        act = Act(
            asker.who, "offer bundle", bundle.sha256.hex(), f"{bundle.board} {bundle.version}"
        )

        def write(connection: sqlite3.Connection) -> None:
            append(connection, now_ms, act)
            rows.keep_bundle(connection, bundle, now_ms, is_whole=is_whole)

        await self._writer.submit(write)
        return self._store.get_stored_bytes(bundle)

    async def find_coming(self, asker: Asker, sha256: bytes) -> Bundle:
        """A bundle that was announced. Raises VigieError(NOT_FOUND, PERMISSION_DENIED)."""
        check_right(asker.role, Right.ROLL_OUT_UPDATES)
        found = await self._writer.submit(lambda connection: rows.find_bundle(connection, sha256))
        if found is None:
            raise _unknown_bundle(sha256)
        return found[0]

    async def take_piece(
        self, asker: Asker, bundle: Bundle, offset_bytes: int, piece: bytes
    ) -> int:
        """Store a piece; the last one makes the bundle whole. How much is here.

        Raises VigieError as the store does.
        """
        async with self._one:
            stored = await asyncio.to_thread(self._store.append, bundle, offset_bytes, piece)
            if stored == bundle.size_bytes and not self._store.get_path(bundle.sha256).exists():
                await self._finish(asker, bundle)
            return stored

    async def delete_old(self) -> None:
        """Remove files of bundles that no open rollout needs and whose time is over."""
        now_ms = self._now_ms()

        def note(connection: sqlite3.Connection) -> set[bytes]:
            kept = {each.bundle.sha256 for each in rows.select_open(connection)}
            known = connection.execute("SELECT sha256, is_whole, offered_utc_ms FROM bundles")
            for sha256, is_whole, offered_ms in known.fetchall():
                days = BUNDLE_DAYS if is_whole else PART_DAYS
                if offered_ms > now_ms - days * _DAY_MS:
                    kept.add(sha256)
                elif is_whole and sha256 not in kept:
                    append(connection, now_ms, Act("collector", "delete bundle", sha256.hex()))
                    rows.mark_whole(connection, sha256, is_whole=False)
            return kept

        async with self._one:
            kept = await self._writer.submit(note)
            await asyncio.to_thread(self._store.keep_only, kept)

    async def _finish(self, asker: Asker, bundle: Bundle) -> None:
        """Line first, then the file, then the row: whoever is offered it finds it whole."""
        now_ms = self._now_ms()
        act = Act(asker.who, "take bundle", bundle.sha256.hex(), f"{bundle.size_bytes} bytes")
        await self._writer.submit(lambda connection: append(connection, now_ms, act))
        await asyncio.to_thread(self._store.finish, bundle)
        await self._writer.submit(
            lambda connection: rows.mark_whole(connection, bundle.sha256, is_whole=True)
        )

    def _now_ms(self) -> int:
        return self._clock.utc_ns() // 1_000_000


def find_whole(connection: sqlite3.Connection, sha256: bytes) -> Bundle:
    """A bundle that can be rolled out. Raises VigieError(NOT_FOUND)."""
    found = rows.find_bundle(connection, sha256)
    if found is None or not found[1]:
        raise _unknown_bundle(sha256)
    return found[0]


def _unknown_bundle(sha256: bytes) -> VigieError:
    return VigieError(
        Kind.NOT_FOUND,
        f"the bundle {sha256.hex()[:12]} is not here, or not whole",
        hint="Push it with 'vigie update push'.",
    )
