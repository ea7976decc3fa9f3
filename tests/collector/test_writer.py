"""One writer: what was acked is on the disk, and one refusal costs nobody else anything."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from collector.checkpoints import BackgroundCheckPoints
from collector.core import DATABASE, open_core
from collector.ledger import EVENTS_A_STATEMENT, SqliteIntake
from collector.reader import SqliteReader
from collector.schema import connect, open_writer
from collector.store import MAX_PAGE, Committed, Delivery, EventQuery
from collector.writer import Writer
from edge.clock import SystemClock
from edge.errors import Kind, VigieError
from edge.wire.v1 import event_pb2
from tests.collector.conftest import SECONDS, make_batch

PAGE_BYTES = 4096


class Bench:
    """A writer over a fresh database, and what its deliveries came to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / DATABASE
        self.connection = open_writer(self.path)
        self.intake = SqliteIntake(self.connection, SystemClock())
        self.groups: list[int] = []
        check_points = BackgroundCheckPoints(lambda: connect(self.path))
        self.writer = Writer(self.connection, check_points, self.intake, self._count)
        self._answers: asyncio.Queue[Committed | VigieError] = asyncio.Queue()

    def _count(self, stored: object, spent_seconds: float, wal_bytes: int) -> None:
        assert isinstance(stored, list)
        assert wal_bytes >= 0
        assert spent_seconds >= 0
        self.groups.append(len(stored))

    async def deliver(self, *batches: tuple[int, int]) -> list[Committed | VigieError]:
        for first_seq, count in batches:
            delivery = Delivery("north-gate", 1, make_batch(first_seq, count))
            self.writer.deliver(delivery, self._answers.put_nowait)
        async with asyncio.timeout(SECONDS):
            return [await self._answers.get() for _ in batches]

    def stored_seqs(self) -> list[int]:
        with closing(sqlite3.connect(self.path)) as other:
            return [seq for (seq,) in other.execute("SELECT seq FROM events ORDER BY seq")]


@pytest.fixture
async def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_an_answer_comes_when_another_connection_sees_the_events(bench: Bench) -> None:
    (answer,) = await bench.deliver((1, 3))
    assert bench.stored_seqs() == [1, 2, 3]
    assert answer == Committed(stored_seq=3, first_number=1, stored_events=3)
    await bench.writer.close()


async def test_what_has_gathered_is_committed_together(bench: Bench) -> None:
    answers = await bench.deliver(*[(seq, 1) for seq in range(1, 201)])
    seqs = [answer.stored_seq for answer in answers if isinstance(answer, Committed)]
    assert seqs == list(range(1, 201))
    assert sum(bench.groups) == 200
    assert len(bench.groups) < 200
    await bench.writer.close()


async def test_a_refused_job_leaves_the_others_of_its_group_alone(bench: Bench) -> None:
    def keep(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO meta VALUES ('kept', 1)")
        return "done"

    def refuse(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO meta VALUES ('refused', 1)")
        raise VigieError(Kind.NOT_FOUND, "no")

    kept, refused = await asyncio.gather(
        bench.writer.submit(keep), bench.writer.submit(refuse), return_exceptions=True
    )
    assert kept == "done"
    assert isinstance(refused, VigieError)
    with closing(sqlite3.connect(bench.path)) as other:
        assert other.execute("SELECT name FROM meta").fetchall() == [("kept",)]
    await bench.writer.close()


async def test_a_full_disk_acks_nothing_and_goes_on_when_there_is_room(bench: Bench) -> None:
    await bench.deliver((1, 2))
    pages = bench.connection.execute("PRAGMA page_count").fetchone()[0]
    await bench.writer.submit(
        lambda connection: connection.execute(f"PRAGMA max_page_count={pages}").fetchone()
    )
    first_seq, answers = 3, list[Committed | VigieError]()
    while not any(isinstance(answer, VigieError) for answer in answers):
        answers = await bench.deliver((first_seq, 200))
        first_seq += 200
    (refused,) = answers
    assert isinstance(refused, VigieError)
    assert refused.kind is Kind.RESOURCE_EXHAUSTED
    assert refused.what == (
        "the collector's disk is full; nothing new is stored, and no ack is sent"
    )
    await bench.writer.submit(
        lambda connection: connection.execute("PRAGMA max_page_count=100000").fetchone()
    )
    (answer,) = await bench.deliver((first_seq - 200, 200))
    assert isinstance(answer, Committed)
    assert answer.stored_seq == first_seq - 1
    assert bench.stored_seqs() == list(range(1, first_seq))
    await bench.writer.close()


async def test_a_failing_disk_ends_the_writer_with_its_reason(bench: Bench) -> None:
    await bench.deliver((1, 2))

    def lose_the_table(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(VigieError, match="cannot be written: disk I/O error"):
        await bench.writer.submit(lose_the_table)
    await asyncio.wait([bench.writer.ended])
    failure = bench.writer.ended.exception()
    assert isinstance(failure, VigieError)
    assert failure.kind is Kind.DATA_LOSS
    with pytest.raises(VigieError, match="is stopping and stores nothing more"):
        await bench.writer.submit(lambda _: None)


async def test_closing_writes_what_was_handed_in_before(bench: Bench) -> None:
    answers: list[Committed | VigieError] = []
    bench.writer.deliver(Delivery("north-gate", 1, make_batch(1, 5)), answers.append)
    await bench.writer.close()
    assert bench.stored_seqs() == [1, 2, 3, 4, 5]


async def test_numbers_go_on_after_a_restart_and_after_retention(tmp_path: Path) -> None:
    for expected in (1, 4):
        bench = Bench(tmp_path)
        (answer,) = await bench.deliver((expected, 3))
        assert isinstance(answer, Committed)
        assert answer.first_number == expected
        await bench.writer.close()


async def test_in_an_idle_moment_everything_is_in_the_database_itself(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.deliver((1, 200))
    alone = tmp_path / "without-its-log.db"

    def count_without_log() -> int:
        alone.write_bytes(bench.path.read_bytes())
        try:
            with closing(sqlite3.connect(alone)) as other:
                return int(other.execute("SELECT count(*) FROM events").fetchone()[0])
        except sqlite3.DatabaseError:
            # Copied before its first or in the middle of its check-point: no database yet.
            return 0

    async with asyncio.timeout(30):
        while count_without_log() < 200:  # noqa: ASYNC110 - the file tells nobody
            await asyncio.sleep(0)
    await bench.writer.close()


async def test_reopening_finds_what_was_stored_beyond_the_watermark(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await bench.deliver((5, 2))
    await bench.writer.close()
    again = Bench(tmp_path)
    (answer,) = await again.deliver((1, 6))
    assert answer == Committed(stored_seq=6, first_number=3, stored_events=4)
    assert again.stored_seqs() == [1, 2, 3, 4, 5, 6]
    await again.writer.close()


async def test_one_core_closes_and_opens_again(tmp_path: Path) -> None:
    for _ in range(2):
        async with open_core(tmp_path, SystemClock()) as core:
            assert await core.services.reader.newest_number() == 0


async def test_a_batch_of_several_statements_is_stored_whole_and_in_order(bench: Bench) -> None:
    batch = make_batch(7, 2 * EVENTS_A_STATEMENT + 3)
    for place, event in enumerate(batch.events):
        event.track = 1000 + place
        event.captured_delta_ms = place
        if place:
            event.phase = event_pb2.PHASE_UPDATE
            event.start_back = place
    answers: asyncio.Queue[Committed | VigieError] = asyncio.Queue()
    bench.writer.deliver(Delivery("north-gate", 1, batch), answers.put_nowait)
    await answers.get()
    with closing(SqliteReader(bench.path)) as reader:
        stored = await reader.list_events(EventQuery(limit=MAX_PAGE))
    assert [each.event for each in stored] == list(batch.events)
    assert [each.seq for each in stored] == list(range(7, 7 + len(batch.events)))
    assert [each.number for each in stored] == list(range(1, 1 + len(batch.events)))
    assert {each.start_seq for each in stored} == {7}
    first_ms = batch.captured_utc_ms
    assert [each.captured_utc_ms - first_ms for each in stored] == list(range(len(stored)))
    await bench.writer.close()


class FailedCheckPoints:
    """A medium that failed under the last copy."""

    log_bytes = 0

    def note_commit(self) -> None:
        """It is no use."""

    def take_long_log(self) -> bool:
        raise sqlite3.OperationalError("disk I/O error")

    def close(self) -> None:
        """Nothing to end."""


async def test_a_medium_that_failed_under_a_check_point_ends_the_writer(tmp_path: Path) -> None:
    connection = open_writer(tmp_path / DATABASE)
    intake = SqliteIntake(connection, SystemClock())
    writer = Writer(connection, FailedCheckPoints(), intake, lambda *_: None)
    await asyncio.wait([writer.ended])
    failure = writer.ended.exception()
    assert isinstance(failure, VigieError)
    assert failure.kind is Kind.DATA_LOSS
