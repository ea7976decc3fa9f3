"""Sets the clock by the collector's signed word, and remembers the time while it is proven.

    python -m edge.board.clock

READY once the clock is set. Asked again each hour; the proven time is written down every five
minutes and at the end, as the floor of the next start. Ends 0 on SIGTERM.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from dataclasses import dataclass

from edge.board.attempts import repeat_until_done
from edge.board.floor import apply_told, persist_floor, raise_to_floor, read_floor
from edge.board.machine import Machine, Settings, read_settings, real_machine
from edge.board.settled import Places, read_settled
from edge.board.told_time import Asked, ask_time
from edge.board.trouble import BoardError, Trouble
from edge.clock import Clock, SystemClock
from edge.errors import VigieError
from edge.service.watchdog import Watchdog

PERSIST_SECONDS = 300.0
ASK_SECONDS = 3600.0

_log = logging.getLogger("vigie.board")


@dataclass(frozen=True, slots=True)
class BoardClock:
    """The clock of one pole."""

    machine: Machine
    settings: Settings
    clock: Clock

    async def set_once(self) -> None:
        """Ask and set. Raises VigieError, OSError."""
        places = Places(self.machine)
        settled = read_settled(places)
        if settled is None:
            raise BoardError(Trouble.NO_PROVISIONING, "this pole was never enrolled")
        floor_ns = read_floor(places, self.settings)
        raise_to_floor(self.machine, self.clock, floor_ns)
        asked = Asked(
            settled.collector, settled.ca_pem, settled.device, settled.authority_fingerprint
        )
        off_ns = apply_told(self.machine, self.clock, await ask_time(asked, self.clock), floor_ns)
        self.persist()
        _log.info("clock_set off_ms=%d", off_ns // 1_000_000)

    async def set_again(self) -> bool:
        """Ask while the pole is at work, where a collector that is away is no trouble."""
        try:
            await self.set_once()
        except (VigieError, OSError) as error:
            _log.warning("time_not_told reason=%r", str(error))
            return False
        return True

    def persist(self) -> None:
        """Write the time down; only ever called once it was proven. Raises OSError."""
        persist_floor(Places(self.machine), self.clock.utc_ns())


async def keep_clock(board: BoardClock, told: asyncio.Event) -> None:
    """Set, say so, then persist and ask again until told to end. Raises OSError."""
    await _or_told(repeat_until_done(board.machine, board.set_once), told)
    if told.is_set():
        return
    Watchdog.from_environment(os.environ, board.clock).tell_ready()
    rounds = 0
    while not await _is_told_within(told, PERSIST_SECONDS):
        board.persist()
        rounds += 1
        if rounds * PERSIST_SECONDS >= ASK_SECONDS and await board.set_again():
            rounds = 0
    board.persist()


async def _or_told(work: Coroutine[None, None, None], told: asyncio.Event) -> None:
    """Work until it is done or somebody tells to end."""
    working, hearing = asyncio.ensure_future(work), asyncio.ensure_future(told.wait())
    await asyncio.wait([working, hearing], return_when=asyncio.FIRST_COMPLETED)
    hearing.cancel()
    if not working.done():
        working.cancel()
        return
    working.result()


async def _is_told_within(told: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await told.wait()
    except TimeoutError:
        return False
    return True


async def _run() -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await keep_clock(BoardClock(real_machine(), read_settings(os.environ), SystemClock()), told)


def main() -> int:
    """Run until told to end."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    asyncio.run(_run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
