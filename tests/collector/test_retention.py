"""Events past their days are deleted, and the audit says so."""

import sqlite3
from contextlib import closing
from pathlib import Path

from collector.core import DATABASE, open_core
from collector.retention import CHUNK_EVENTS, delete_expired
from collector.store import Committed, Delivery
from edge.errors import VigieError
from tests.collector.conftest import make_batch
from tests.fakes.clock import FakeClock

DAY_SECONDS = 86_400


async def test_old_events_go_and_new_ones_stay(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_core(tmp_path, clock) as core:
        answers: list[Committed | VigieError] = []

        async def deliver(first_seq: int, count: int) -> None:
            for seq in range(first_seq, first_seq + count, 250):
                batch = make_batch(seq, min(250, first_seq + count - seq))
                core.writer.deliver(Delivery("north-gate", 1, batch), answers.append)
            await core.writer.submit(lambda _: None)

        await deliver(1, CHUNK_EVENTS + 500)
        clock.advance(30 * DAY_SECONDS)
        await deliver(CHUNK_EVENTS + 501, 10)
        clock.advance(60 * DAY_SECONDS + 1)
        assert await delete_expired(core.writer, clock, 90) == CHUNK_EVENTS + 500
        assert await delete_expired(core.writer, clock, 90) == 0
        lines = await core.services.audit.list_lines()
        assert [(line.action, line.thing, line.detail) for line in lines] == [
            ("delete events", f"1-{CHUNK_EVENTS}", f"{CHUNK_EVENTS} events older than 90 days"),
            (
                "delete events",
                f"{CHUNK_EVENTS + 1}-{CHUNK_EVENTS + 500}",
                "500 events older than 90 days",
            ),
        ]
        clock.advance(90 * DAY_SECONDS)
        assert await delete_expired(core.writer, clock, 90) == 10
    async with open_core(tmp_path, clock) as core:
        core.writer.deliver(
            Delivery("north-gate", 1, make_batch(CHUNK_EVENTS + 511)), answers.append
        )
        await core.writer.submit(lambda _: None)
    with closing(sqlite3.connect(tmp_path / DATABASE)) as other:
        assert other.execute("SELECT number, seq FROM events").fetchall() == [
            (CHUNK_EVENTS + 511, CHUNK_EVENTS + 511)
        ]
