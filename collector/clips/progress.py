"""How far clips are, told again and again to those who have read which clips there are.

It names no place, reason or case, so that looking at a bar that grows needs no line in the audit.
"""

import sqlite3
from dataclasses import dataclass

from collector.clips.shelf import Shelf
from collector.reader import SqliteReader
from edge.wire.v1 import clip_pb2

NEWEST = 200


@dataclass(frozen=True, slots=True)
class Progress:
    """One clip on its way. sealed_bytes: 0 until the pole has offered the file."""

    clip: str
    state: clip_pb2.ClipState.ValueType
    stored_bytes: int
    sealed_bytes: int
    changed_utc_ms: int


class ClipProgress:
    """The newest clips' progress. Belongs to the event loop; it reads in threads."""

    def __init__(self, reader: SqliteReader, shelf: Shelf) -> None:
        self._reader = reader
        self._shelf = shelf

    async def list_newest(self) -> list[Progress]:
        """The clips that changed last, the newest change first."""
        return await self._reader.read(self._list)

    def _list(self, connection: sqlite3.Connection) -> list[Progress]:
        rows = connection.execute(
            "SELECT clip, state, sealed_bytes, changed_utc_ms FROM clips "
            "ORDER BY changed_utc_ms DESC, clip LIMIT ?",
            (NEWEST,),
        )
        return [
            Progress(clip, state, self._shelf.get_stored_bytes(clip), sealed_bytes, changed_ms)
            for clip, state, sealed_bytes, changed_ms in rows
        ]
