"""The link's end of the vault's socket: connects again and again, and says what waits.

A vault that is not there yet, or that was restarted, is found within seconds. What it says goes
to one callback in the order it came; a line that is none ends the connection.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from pathlib import Path

from edge.link.backoff import Backoff
from edge.link.journal import note
from edge.wire.clip_talk import (
    MAX_LINE_BYTES,
    FromVault,
    TalkError,
    ToVault,
    clips_socket_path,
    parse_from_vault,
    write_line,
)
from edge.wire.doorway import short_address

LONGEST_PAUSE_SECONDS = 5.0
WRITE_WITHIN_SECONDS = 10.0
_NS = 1_000_000_000


class VaultLine:
    """One connection at a time. Belongs to one event loop."""

    def __init__(
        self,
        data: Path,
        rng: random.Random,
        hear: Callable[[FromVault], None],
        connected: Callable[[], None],
    ) -> None:
        """hear: given each sentence. connected: told of each new connection, before the first."""
        self._path = clips_socket_path(data)
        self._backoff = Backoff(rng)
        self._hear = hear
        self._connected = connected
        self._writer: asyncio.StreamWriter | None = None

    @property
    def is_up(self) -> bool:
        """True while a vault listens."""
        return self._writer is not None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                with short_address(self._path) as address:
                    reader, writer = await asyncio.open_unix_connection(
                        address, limit=MAX_LINE_BYTES
                    )
            except OSError:
                pass  # no vault listens; it is tried again below
            else:
                await self._listen(reader, writer)
            pause_s = min(self._backoff.draw_ns(refused=False) / _NS, LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause_s)

    async def say(self, sentence: ToVault) -> bool:
        """True when the vault's socket took it; only its answer says that it was heard."""
        writer = self._writer
        if writer is None:
            return False
        try:
            writer.write(write_line(sentence))
            async with asyncio.timeout(WRITE_WITHIN_SECONDS):
                await writer.drain()
        except (OSError, TimeoutError):
            writer.close()
            return False
        return True

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._backoff.reset()
        note("vault_found")
        self._connected()
        try:
            while (line := await reader.readline()).endswith(b"\n"):
                self._hear(parse_from_vault(line))
        except (OSError, ValueError, TalkError) as error:
            note("vault_not_understood", level=logging.WARNING, reason=error)
        finally:
            self._writer = None
            writer.close()
            note("vault_lost")
