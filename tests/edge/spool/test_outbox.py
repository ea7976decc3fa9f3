"""The outbox: several producers, one commit, nothing dropped, everybody told."""

import asyncio
import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import Kind, VigieError
from edge.spool.database import StorageError
from edge.spool.outbox import MAX_QUEUED_EVENTS, Outbox
from edge.spool.places import BELL_NAME
from edge.spool.reader import Reader
from edge.spool.spool import Spool
from edge.wire.event import Event, Phase
from edge.wire.v1 import event_pb2
from tests.edge.spool.scenes import CAPTURED_UTC_MS, dictionary
from tests.fakes.disk import ApswDatabase, Disk, DiskVfs

START, UPDATE, END = Phase.PHASE_START, Phase.PHASE_UPDATE, Phase.PHASE_END
DEADLINE_S = 20.0


def event(phase: Phase.ValueType, incident: int = 1, **more: object) -> Event:
    return Event(CAPTURED_UTC_MS, "yard", phase, incident, **more)  # type: ignore[arg-type]


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    box = Outbox(Spool(tmp_path / "spool.db"), tmp_path / BELL_NAME)
    box.declare(dictionary())
    yield box
    box.close()


def stored(path: Path) -> list[tuple[int, event_pb2.Event]]:
    with Spool(path) as spool:
        return [
            (seq, message)
            for found in spool.read(0, max_batches=1_000)
            for seq, message in enumerate(found.batch.events, found.batch.first_seq)
        ]


def test_append_returns_the_seqs_when_the_events_are_on_disk(
    outbox: Outbox, tmp_path: Path
) -> None:
    assert outbox.append([event(START)]) == [1]
    assert [seq for seq, _ in stored(tmp_path / "spool.db")] == [1]


def test_later_events_say_how_far_back_their_start_is(outbox: Outbox, tmp_path: Path) -> None:
    outbox.append([event(START, 1), event(START, 2)])
    outbox.append([event(UPDATE, 1), event(END, 2), event(END, 1)])
    outbox.append([event(UPDATE, 2)])
    backs = [
        message.start_back if message.HasField("start_back") else None
        for _, message in stored(tmp_path / "spool.db")
    ]
    assert backs == [None, None, 2, 2, 4, None]


def test_a_start_takes_along_what_waits(outbox: Outbox, tmp_path: Path) -> None:
    outbox.offer([event(UPDATE, 9)] * 5)
    outbox.append([event(START)])
    assert len(stored(tmp_path / "spool.db")) == 6


def test_events_of_several_producers_all_arrive(outbox: Outbox, tmp_path: Path) -> None:
    seqs: list[int] = []

    def produce(incident: int) -> None:
        for _ in range(25):
            seqs.extend(outbox.append([event(START, incident), event(END, incident)]))

    threads = [threading.Thread(target=produce, args=(incident,)) for incident in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert sorted(seqs) == list(range(1, 201))
    assert [seq for seq, _ in stored(tmp_path / "spool.db")] == list(range(1, 201))


def test_closing_writes_what_was_offered(tmp_path: Path) -> None:
    box = Outbox(Spool(tmp_path / "spool.db"), tmp_path / BELL_NAME)
    box.declare(dictionary())
    box.offer([event(UPDATE)] * 100)
    box.close()
    assert len(stored(tmp_path / "spool.db")) == 100


def test_events_keep_the_dictionary_they_were_made_under(outbox: Outbox, tmp_path: Path) -> None:
    outbox.offer([event(UPDATE)])
    second = dictionary()
    second.rules[0].place = "gate"
    outbox.declare(second)
    outbox.offer([event(UPDATE)])
    outbox.flush()
    with Spool(tmp_path / "spool.db") as spool:
        assert [found.batch.dictionary for found in spool.read(0)] == [2, 3]


def test_events_decades_apart_go_into_batches_of_their_own(outbox: Outbox, tmp_path: Path) -> None:
    """A clock that was at 1970 and was then set."""
    outbox.append([Event(0, "yard", START, 1), event(END, 1)])
    with Spool(tmp_path / "spool.db") as spool:
        assert [found.batch.captured_utc_ms for found in spool.read(0)] == [0, CAPTURED_UTC_MS]


def test_a_large_burst_fits_rows_of_one_page(outbox: Outbox, tmp_path: Path) -> None:
    outbox.append([event(START, trace=b"\x01" * 96, reason="r" * 64)] * 64)
    assert len(stored(tmp_path / "spool.db")) == 64


def test_a_rule_that_was_never_declared_is_refused(outbox: Outbox) -> None:
    with pytest.raises(VigieError) as refused:
        outbox.append([Event(CAPTURED_UTC_MS, "bridge", START, 1)])
    assert str(refused.value) == (
        "no declared dictionary names the rule 'bridge'\n"
        "  Declare a dictionary with this rule before its first event."
    )


def test_an_event_that_no_collector_takes_is_refused(outbox: Outbox, tmp_path: Path) -> None:
    with pytest.raises(VigieError) as refused:
        outbox.append([event(START, score_percent=101)])
    assert str(refused.value) == "yard: Event.score_percent is 101, over 100"
    assert outbox.queued_events == 0


def sick_outbox(folder: Path) -> tuple[Outbox, Disk, DiskVfs]:
    disk = Disk()
    vfs = DiskVfs(disk, "sick")
    spool = Spool(folder / "spool.db", connect=lambda path: ApswDatabase(path, "sick"))
    box = Outbox(spool, folder / BELL_NAME)
    box.declare(dictionary())
    return box, disk, vfs


def test_a_full_disk_is_told_to_who_waits_and_keeps_what_was_offered(tmp_path: Path) -> None:
    box, disk, vfs = sick_outbox(tmp_path)
    disk.refuse("write", 0, errno.ENOSPC)
    box.offer([event(UPDATE)] * 3)
    with pytest.raises(StorageError) as refused:
        box.append([event(START)])
    assert refused.value.kind == Kind.RESOURCE_EXHAUSTED
    # Tried again each second: the trouble stays, and is another error each time.
    assert box.trouble is not None
    assert box.trouble.kind == refused.value.kind
    assert box.queued_events == 3
    disk.heal()
    assert box.append([event(START)]) == [4]
    assert box.trouble is None
    box.close()
    vfs.unregister()
    assert len(stored(tmp_path / "spool.db")) == 4


def test_a_full_queue_makes_producers_wait_and_drops_nothing(tmp_path: Path) -> None:
    box, disk, vfs = sick_outbox(tmp_path)
    disk.refuse("write", 0, errno.ENOSPC)
    box.offer([event(UPDATE)] * MAX_QUEUED_EVENTS)
    producer = threading.Thread(target=box.offer, args=([event(UPDATE)] * 10,))
    producer.start()
    with pytest.raises(StorageError):
        box.flush()
    assert producer.is_alive()
    disk.heal()
    producer.join(DEADLINE_S)
    box.close()
    vfs.unregister()
    assert len(stored(tmp_path / "spool.db")) == MAX_QUEUED_EVENTS + 10


def test_closing_on_a_full_disk_says_how_many_events_are_not_on_it(tmp_path: Path) -> None:
    box, disk, vfs = sick_outbox(tmp_path)
    disk.refuse("write", 0, errno.ENOSPC)
    box.offer([event(UPDATE)] * 3)
    with pytest.raises(StorageError) as refused:
        box.close()
    vfs.unregister()
    assert "3 events that were offered are not on disk" in refused.value.what


async def test_the_bell_wakes_the_reader(tmp_path: Path) -> None:
    reader = await Reader.open(tmp_path / "spool.db")
    box = Outbox(Spool(tmp_path / "spool.db"), tmp_path / BELL_NAME)
    box.declare(dictionary())
    try:
        assert not await reader.wait(0.01)
        await asyncio.to_thread(box.append, [event(START)])
        assert await reader.wait(DEADLINE_S)
        (found,) = await reader.read(0)
        assert found.epoch == reader.epoch
        await reader.acknowledge(found.last_seq)
        assert (await reader.pending()).seqs == 0
        assert await reader.dictionary(found.batch.dictionary)
    finally:
        box.close()
        await reader.close()


async def test_a_ring_before_the_wait_is_heard(tmp_path: Path) -> None:
    reader = await Reader.open(tmp_path / "spool.db")
    box = Outbox(Spool(tmp_path / "spool.db"), tmp_path / BELL_NAME)
    box.declare(dictionary())
    await asyncio.to_thread(box.append, [event(START)])
    assert await reader.wait(DEADLINE_S)
    box.close()
    await reader.close()
