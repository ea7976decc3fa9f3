"""P1: what was reported as accepted is there after a power cut at any write or sync."""

import random
import shutil
from pathlib import Path

from edge.spool.spool import Packed, Spool
from edge.wire.v1 import event_pb2
from tests.edge.spool.scenes import (
    CAPTURED_UTC_MS,
    LOITERING,
    body,
    dictionary,
    drain,
    fixed_epoch,
)
from tests.fakes import disk as fakes
from tests.fakes.disk import ApswDatabase, Disk, DiskVfs, Step

IMAGES_PER_CUT = 4
PHASES = (
    event_pb2.PHASE_START,
    event_pb2.PHASE_UPDATE,
    event_pb2.PHASE_UPDATE,
    event_pb2.PHASE_END,
)
QUOTA_BYTES = 160 * 1024


def record_run(folder: Path, appends: int) -> tuple[list[Step], dict[int, int]]:
    """A life of a spool on a recording disk; and per mark, the seq accepted by then.

    Batches of every size, dictionaries, acknowledgements, check-points and a quota that bites.
    """
    disk = Disk()
    vfs = DiskVfs(disk, "recorded")
    rng = random.Random(1)
    accepted: dict[int, int] = {}
    spool = Spool(
        folder / "spool.db",
        quota_bytes=QUOTA_BYTES,
        connect=lambda path: ApswDatabase(path, "recorded"),
        draw_epoch=fixed_epoch,
    )
    number = spool.declare(dictionary())
    for turn in range(appends):
        size = rng.choice((1, 1, 2, 9, 32))
        seqs = spool.append(
            lambda first_seq, size=size, turn=turn: Packed(  # type: ignore[misc]
                CAPTURED_UTC_MS,
                number,
                [
                    body(seq, rng.choice(PHASES), 1 + turn % LOITERING)
                    for seq in range(first_seq, first_seq + size)
                ],
            )
        )
        accepted[turn] = seqs[-1]
        disk.mark(turn)
        if turn % 40 == 39:
            spool.acknowledge(seqs[-1] - 150)
        if turn % 25 == 24:
            spool.tidy()
    spool.close()
    vfs.unregister()
    return disk.journal[: disk.journal.index(Step("mark", mark=appends - 1)) + 1], accepted


def test_no_accepted_event_is_missing_after_a_cut_at_any_write_or_sync(quick_path: Path) -> None:
    journal, accepted = record_run(quick_path, appends=150)
    rng = random.Random(2)
    last_accepted = 0
    cuts = 0
    for cut, step in enumerate(journal, 1):
        if step.kind == "mark":
            last_accepted = accepted[step.mark]
            continue
        for number, image in enumerate(fakes.images(journal, cut, rng, IMAGES_PER_CUT)):
            folder = quick_path / f"cut-{cut}-{number}"
            folder.mkdir()
            for name, content in image.items():
                (folder / name).write_bytes(content)
            check_recovery(folder, last_accepted)
            shutil.rmtree(folder)
            cuts += 1
    assert cuts > 2_000


def check_recovery(folder: Path, last_accepted: int) -> None:
    """Every accepted event is there, or acknowledged, or named as dropped for the quota.

    Of a batch that was still being written, whatever is whole may be there too; what of it is
    torn cannot be told from damage, and is named as such.
    """
    with Spool(folder / "spool.db", quota_bytes=QUOTA_BYTES, draw_epoch=fixed_epoch) as spool:
        pending = spool.pending()
        account = drain(spool)
        assert pending.last_seq >= last_accepted
        assert account.covered == set(range(pending.acked_seq + 1, pending.last_seq + 1))
        assert all(seq == track for seq, track in account.tracks.items())
        assert min(account.damaged | set(account.notices), default=2**63) > last_accepted
