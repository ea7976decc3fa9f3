"""P4: what was acked is there after a power cut at any write or sync of the collector's disk."""

import asyncio
import random
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import cast

from collector.audit import Act, append, verify
from collector.core import DATABASE
from collector.ledger import SqliteIntake, keep_dictionary
from collector.schema import open_writer, signed
from collector.store import Committed, Delivery
from collector.writer import Writer
from edge.clock import SystemClock
from edge.wire.v1 import event_pb2
from tests.collector.conftest import EPOCH, make_batch, make_dictionary
from tests.fakes import disk as fakes
from tests.fakes.disk import ApswConnection, Disk, DiskVfs, Step

DEVICES = ("north-gate", "south-gate", "yard")
GROUPS = 30
COMMITS_A_LOG = 7  # the log is begun anew, over its old content, after so many
IMAGES_PER_CUT = 3
Acked = Counter[str]


class ShortLogs:
    """Asks for the log to be begun anew every few commits, from the writer's own connection.

    apsw's files offer no shared memory, so there can be no second connection.
    """

    log_bytes = 0

    def __init__(self) -> None:
        self._commits = 0

    def note_commit(self) -> None:
        self._commits += 1

    def take_long_log(self) -> bool:
        is_long = self._commits >= COMMITS_A_LOG
        if is_long:
            self._commits = 0
        return is_long

    def close(self) -> None:
        """Nothing to end."""


async def deliver(writer: Writer, batches: list[tuple[str, event_pb2.Batch]], acked: Acked) -> None:
    """Hand in a group of batches and wait for every ack."""
    answers: asyncio.Queue[Committed | Exception] = asyncio.Queue()
    for device, batch in batches:
        writer.deliver(Delivery(device, EPOCH, batch), answers.put_nowait)
    for device, _ in batches:
        answer = await answers.get()
        assert isinstance(answer, Committed)
        acked[device] = max(acked[device], answer.stored_seq)


async def record_run(folder: Path) -> tuple[list[Step], dict[int, Acked]]:
    """A life of the store on a recording disk; and per mark, what was acked by then.

    Batches of every size from several devices, repeats, dictionaries, audit lines.
    """
    disk = Disk()
    vfs = DiskVfs(disk, "collector")

    def connect(path: Path) -> sqlite3.Connection:
        return cast("sqlite3.Connection", ApswConnection(path, "collector"))

    connection = open_writer(folder / DATABASE, connect)
    intake = SqliteIntake(connection, SystemClock())
    writer = Writer(connection, ShortLogs(), intake, lambda *_: None)
    rng, acked, known = random.Random(3), Acked(), dict[int, Acked]()
    for turn in range(GROUPS):
        batches = []
        for device in rng.sample(DEVICES, rng.randrange(1, 4)):
            first_seq = acked[device] + 1 if rng.random() < 0.9 else max(1, acked[device] - 3)
            batches.append((device, make_batch(first_seq, rng.choice((1, 2, 9, 32, 80)))))
        if turn % 10 == 0:
            await writer.submit(
                lambda each: keep_dictionary(each, DEVICES[0], EPOCH, make_dictionary())
            )
        if turn % 3 == 0:
            await writer.submit(
                lambda each, turn=turn: append(  # type: ignore[misc]
                    each, turn, Act("operator:local", "read event", str(turn))
                )
            )
        by_device = Acked()
        await deliver(writer, batches, by_device)
        acked |= by_device
        known[turn] = acked.copy()
        disk.mark(turn)
    await writer.close()
    vfs.unregister()
    return disk.journal[: disk.journal.index(Step("mark", mark=GROUPS - 1)) + 1], known


async def test_no_acked_event_is_missing_after_a_cut_at_any_write_or_sync(quick_path: Path) -> None:
    journal, known = await record_run(quick_path)
    rng = random.Random(4)
    acked, cuts = Acked(), 0
    for cut, step in enumerate(journal, 1):
        if step.kind == "mark":
            acked = known[step.mark]
            continue
        for number, image in enumerate(fakes.images(journal, cut, rng, IMAGES_PER_CUT)):
            folder = quick_path / f"cut-{cut}-{number}"
            folder.mkdir()
            for name, content in image.items():
                (folder / name).write_bytes(content)
            check_recovery(folder, acked)
            shutil.rmtree(folder)
            cuts += 1
    assert cuts > 1_000
    assert sum(acked.values()) > 500


def check_recovery(folder: Path, acked: Acked) -> None:
    """Every acked event is there, each once; watermarks say no more than what is stored."""
    with closing(open_writer(folder / DATABASE)) as connection:
        for device in DEVICES:
            key = (device, signed(EPOCH))
            found = connection.execute(
                "SELECT seq FROM events WHERE device = ? AND epoch = ? ORDER BY seq", key
            )
            seqs = [seq for (seq,) in found]
            row = connection.execute(
                "SELECT stored_seq, stored_events FROM epochs WHERE device = ? AND epoch = ?", key
            ).fetchone()
            stored_seq, stored_events = row or (0, 0)
            assert seqs == list(range(1, stored_seq + 1))
            assert stored_events == len(seqs)
            assert stored_seq >= acked[device]
        verify(connection)
