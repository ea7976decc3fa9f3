"""The hourly duty outlives a database that somebody else holds, and ends by what does not pass."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from collector.core import DATABASE, Core, open_core
from collector.retention import delete_expired
from collector.store import Committed, Delivery
from collector.upkeep import AGAIN_SECONDS, DUTY_SECONDS, keep_fresh
from edge.errors import Kind, VigieError
from tests.collector.conftest import make_batch
from tests.fakes.clock import FakeClock

DAY_SECONDS = 86_400


async def put_old_events(core: Core, clock: FakeClock) -> None:
    answers: list[Committed | VigieError] = []
    core.writer.deliver(Delivery("north-gate", 1, make_batch(1, 10)), answers.append)
    await core.writer.submit(lambda _: None)
    clock.advance(91 * DAY_SECONDS)


async def test_a_database_that_is_held_is_tried_again_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    async with open_core(tmp_path, clock) as core:
        await put_old_events(core, clock)
        # The real wait is five seconds.
        await core.writer.submit(lambda connection: connection.execute("PRAGMA busy_timeout = 1"))
        with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with pytest.raises(VigieError) as held:
                await delete_expired(core.writer, clock, 90)
            assert held.value.kind is Kind.UNAVAILABLE
            slept: list[float] = []
            is_fresh = asyncio.Event()

            async def sleep(seconds: float) -> None:
                slept.append(seconds)
                if len(slept) == 2:
                    holder.execute("COMMIT")
                if seconds == DUTY_SECONDS:
                    is_fresh.set()
                    await asyncio.get_running_loop().create_future()

            duty = asyncio.ensure_future(keep_fresh(core, clock, 90, lambda: None, sleep))
            waiting = asyncio.ensure_future(is_fresh.wait())
            await asyncio.wait({duty, waiting}, return_when=asyncio.FIRST_COMPLETED)
            assert not duty.done(), "the collector would have ended"
            duty.cancel()
        assert slept == [AGAIN_SECONDS, AGAIN_SECONDS, DUTY_SECONDS]
        assert caplog.text.count("deleting_waits") == 2
        assert await delete_expired(core.writer, clock, 90) == 0, "the old events are gone"


async def test_what_does_not_pass_ends_the_collector(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_core(tmp_path, clock) as core:

        def fail() -> None:
            raise VigieError(Kind.DATA_LOSS, "the authority's key is gone")

        async def sleep(seconds: float) -> None:
            assert seconds == DUTY_SECONDS

        with pytest.raises(VigieError, match="key is gone"):
            await keep_fresh(core, clock, 90, fail, sleep)
