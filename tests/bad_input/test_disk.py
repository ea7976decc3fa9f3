"""A full, read-only, failing and vanishing disk: the exact message, and nothing lost silently."""

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.errors import Kind
from edge.spool.database import StorageError, disk_error
from edge.spool.spool import Packed, Spool
from tests.edge.spool.scenes import CAPTURED_UTC_MS, body, drain, fill
from tests.fakes.disk import ApswDatabase, Disk, DiskVfs

FULL = "no space left on the disk\n  Free space on that disk; nothing that was accepted is lost."
FAILING = (
    "the disk reports an input/output error\n"
    "  Look at 'dmesg' and 'df' for that disk; the spool is tried again by itself."
)
READ_ONLY = (
    "the disk or the file is read-only\n"
    "  Remount it for writing, then restart; look at 'dmesg' for why."
)
GONE = (
    "the file cannot be opened\n"
    "  Look at 'dmesg' and 'df' for that disk; the spool is tried again by itself."
)
NO_ACCESS = "access denied\n  Run as the device's user, or correct the owner of the data folder."
NOBODY_ID = 65534


@dataclass(frozen=True, slots=True)
class SickSpool:
    """A spool on a disk that does as it is told."""

    spool: Spool
    disk: Disk
    path: Path


@pytest.fixture
def sick(tmp_path: Path) -> Iterator[SickSpool]:
    disk = Disk()
    vfs = DiskVfs(disk, "sick")
    path = tmp_path / "spool.db"
    with Spool(path, connect=lambda each: ApswDatabase(each, "sick")) as spool:
        fill(spool, 64)
        yield SickSpool(spool, disk, path)
        disk.heal()
    vfs.unregister()


def append_one(spool: Spool) -> int:
    return spool.append(lambda seq: Packed(CAPTURED_UTC_MS, 2, [body(seq)]))[0]


def acknowledge_ten(spool: Spool) -> None:
    spool.acknowledge(10)


@pytest.mark.parametrize(
    ("act", "step", "error", "message"),
    [
        pytest.param(append_one, "write", errno.ENOSPC, FULL, id="full"),
        pytest.param(append_one, "write", errno.EIO, FAILING, id="write fails"),
        pytest.param(append_one, "sync", errno.EIO, FAILING, id="sync fails"),
        pytest.param(acknowledge_ten, "write", errno.ENOSPC, FULL, id="full for an ack"),
        pytest.param(acknowledge_ten, "write", errno.EIO, FAILING, id="write of an ack fails"),
    ],
)
def test_a_sick_disk_is_said_and_what_was_accepted_stays(
    sick: SickSpool, act: Callable[[Spool], object], step: str, error: int, message: str
) -> None:
    sick.disk.refuse(step, 0, error)
    with pytest.raises(StorageError) as refused:
        act(sick.spool)
    assert str(refused.value) == f"{sick.path}: {message}"
    sick.disk.heal()
    append_one(sick.spool)
    account = drain(sick.spool, sick.spool.pending().acked_seq)
    assert set(range(11, 65)) <= set(account.tracks)
    assert not account.missing


@pytest.mark.parametrize("step", ["write", "sync"])
def test_a_disk_that_fails_at_any_step_refuses_or_keeps(sick: SickSpool, step: str) -> None:
    accepted: list[int] = []
    kinds: set[Kind] = set()
    for after in range(24):
        sick.disk.refuse(step, after % 6, errno.EIO)
        for _ in range(4):
            try:
                accepted.append(append_one(sick.spool))
            except StorageError as error:
                kinds.add(error.kind)
        sick.disk.heal()
        accepted.append(append_one(sick.spool))
    account = drain(sick.spool)
    assert set(accepted) <= set(account.tracks)
    assert account.covered == set(range(1, accepted[-1] + 1))
    assert len(set(accepted)) == len(accepted)
    assert kinds == {Kind.UNAVAILABLE}


def test_after_a_failed_sync_the_log_is_never_synced_again(sick: SickSpool) -> None:
    append_one(sick.spool)
    sick.disk.refuse("sync", 0, errno.EIO)
    with pytest.raises(StorageError):
        append_one(sick.spool)
    sick.disk.heal()
    before = len(sick.disk.journal)
    append_one(sick.spool)
    steps = [(step.kind, step.file) for step in sick.disk.journal[before:]]
    into_file = steps.index(("sync", "spool.db"))
    begun_anew = steps.index(("truncate", "spool.db-wal"))
    assert into_file < begun_anew < steps.index(("write", "spool.db-wal"))


def test_a_folder_that_vanishes_is_said_and_a_new_spool_begins_when_it_is_back(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    with Spool(folder / "spool.db") as spool:
        append_one(spool)
        epoch = spool.epoch
        shutil.rmtree(folder)
        with pytest.raises(StorageError) as refused:
            append_one(spool)
        assert str(refused.value) == f"{folder}/spool.db: {GONE}"
        folder.mkdir()
        assert append_one(spool) == 1
        assert spool.epoch != epoch


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as refused:
        Spool(tmp_path / "absent" / "spool.db")
    assert str(refused.value) == f"{tmp_path}/absent/spool.lock: {GONE}"


def test_a_file_size_limit_is_a_full_disk(tmp_path: Path) -> None:
    """The kernel refuses the write itself, as a full disk does."""
    path = tmp_path / "spool.db"
    program = (
        "import sys; from pathlib import Path; from edge.spool.spool import Spool;"
        "from edge.spool.database import StorageError; from tests.edge.spool.scenes import fill\n"
        "spool = Spool(Path(sys.argv[1]))\n"
        "try: fill(spool, 32_000)\n"
        "except StorageError as error: print(error); print(error.kind.value)\n"
        "print(spool.pending().last_seq)\n"
    )

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    answer = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=limit,
    )
    *message, kind, last_seq = answer.stdout.splitlines()
    assert kind in ("resource_exhausted", "unavailable")
    assert message[0].startswith(f"{path}: ")
    with Spool(path) as spool:
        account = drain(spool)
        assert account.tracks == {seq: seq for seq in range(1, int(last_seq) + 1)}
        assert int(last_seq) > 1_000


@pytest.mark.parametrize(
    ("mode", "message"),
    [pytest.param(0o555, NO_ACCESS, id="folder closed to the user")],
)
def test_rights_that_are_missing_are_said(tmp_path: Path, mode: int, message: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=mode)
    if os.getuid() != 0:
        with pytest.raises(StorageError) as refused:
            Spool(folder / "spool.db")
        assert str(refused.value) == f"{folder}/spool.lock: {message}"
        return
    # Root may write anywhere: ask as somebody else.
    for each in (tmp_path, *tmp_path.parents[:2]):
        each.chmod(0o755)
    child = os.fork()
    if not child:
        os.setuid(NOBODY_ID)
        try:
            Spool(folder / "spool.db")
        except StorageError as error:
            os._exit(0 if str(error) == f"{folder}/spool.lock: {message}" else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0


def test_a_disk_mounted_read_only_is_said(tmp_path: Path) -> None:
    error = disk_error(OSError(errno.EROFS, "read-only"), tmp_path / "spool.lock")
    assert str(error) == f"{tmp_path}/spool.lock: {READ_ONLY}"
    assert error.kind == Kind.FAILED_PRECONDITION
