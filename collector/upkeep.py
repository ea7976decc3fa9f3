"""The collector's hourly duty: what is past its days goes, certificates are renewed in time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from collector.core import Core
from collector.retention import delete_expired
from collector.writer import PASSING
from edge.clock import Clock
from edge.errors import VigieError

DUTY_SECONDS = 3600.0
AGAIN_SECONDS = 60.0
"""After a held database or a full disk."""
_log = logging.getLogger("vigie.collector")
Sleep = Callable[[float], Awaitable[object]]


async def keep_fresh(
    core: Core,
    clock: Clock,
    retention_days: int,
    renew: Callable[[], None],
    sleep: Sleep = asyncio.sleep,
) -> None:
    """Work for as long as the collector runs. renew: looks after the certificates, each hour.

    Raises VigieError for what does not pass by itself, and OSError as `renew` does.
    """
    while True:
        try:
            await _delete_old(core, clock, retention_days)
        except VigieError as held:
            if held.kind not in PASSING:
                raise
            _log.warning("deleting_waits reason=%r", held.what)
            await sleep(AGAIN_SECONDS)
            continue
        await sleep(DUTY_SECONDS)
        renew()


async def _delete_old(core: Core, clock: Clock, retention_days: int) -> None:
    deleted = await delete_expired(core.writer, clock, retention_days)
    if deleted:
        _log.info("events_deleted count=%d older_than_days=%d", deleted, retention_days)
    await core.services.accounts.delete_expired()
    await core.services.clips.delete_expired()
    await core.services.bundles.delete_old()
