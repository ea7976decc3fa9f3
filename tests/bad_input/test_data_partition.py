"""The data partition full, corrupt, cut off or gone: real headers, real file systems, real mounts.

Only what opens the encrypted partition is played, because a mapping needs the device mapper: what
lies inside is a file beside it.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from io import FileIO
from pathlib import Path

import pytest

from edge.board.attempts import as_board_error, tell
from edge.board.leds import LIGHT_OF, Light
from edge.board.machine import HUNG, Machine, Output, run_program
from edge.board.trouble import BoardError, Trouble
from edge.board.volume import DATA, Outcome, ensure_volume
from edge.errors import Kind, VigieError
from edge.spool.outbox import Outbox
from tests.edge.board.pole import Pole
from tests.fakes.board_programs import FakeBoard
from tests.fakes.cards import environment

KEY = bytes(range(32))
MIB = 1024 * 1024
INSIDE_MIB = 24
# ext4's own: where the primary superblock stands.
SUPERBLOCK_BYTES = 1024
PROGRAMS = ("cryptsetup", "mkfs.ext4", "e2fsck")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not all(shutil.which(each) for each in PROGRAMS),
    reason="needs root, cryptsetup and e2fsprogs: tools/debian image",
)


class Card:
    """The partition `data` of one pole on this machine."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.partition, self.inside = folder / "data.luks", folder / "data.ext4"
        for path, size_mib in ((self.partition, 20), (self.inside, INSIDE_MIB)):
            with path.open("wb") as file:
                file.truncate(size_mib * MIB)
        for name in ("dev/disk/by-partlabel", "dev/mapper", "proc/self"):
            (self.root / name).mkdir(parents=True)
        (self.root / "dev/disk/by-partlabel/data").symlink_to(self.partition)
        (self.root / "proc/self/mounts").symlink_to("/proc/self/mounts")
        self.checking: Callable[[], Output | None] = lambda: None

    @property
    def machine(self) -> Machine:
        return Machine(self.root, self._run)

    @property
    def mount(self) -> Path:
        return self.root / "var/lib/vigie"

    def start(self) -> Outcome:
        """What the pole does with it at a power-on."""
        return ensure_volume(self.machine, DATA, KEY, may_remake=False)

    def end(self) -> None:
        if self.mount.is_mount():
            subprocess.run(["umount", str(self.mount)], check=True)
        (self.root / "dev/mapper/vigie-data").unlink(missing_ok=True)

    def cut(self) -> None:
        """The power goes: what was on the disk at this moment, and no clean end."""
        left = self.inside.with_suffix(".left")
        shutil.copyfile(self.inside, left)
        self.end()
        left.replace(self.inside)

    def _run(self, arguments: Sequence[str], entered: bytes = b"") -> Output:
        program, *rest = arguments
        if program == "udevadm":
            return Output(0, "")
        if program == "cryptsetup" and rest[0] == "open":
            tried = run_program([program, "open", "--test-passphrase", *rest[1:-1]], entered)
            if tried.code == 0:
                (self.root / "dev/mapper" / rest[-1]).symlink_to(self.inside)
            return tried
        if program == "e2fsck" and (played := self.checking()) is not None:
            return played
        if program == "mount":
            rest = ["-o", "loop", *rest]
        return run_program([program, *rest], entered)


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Card]:
    card = Card(tmp_path)
    try:
        if card.machine.run(["mkfs.ext4", "-q", "-F", str(card.inside)], b"").code:
            pytest.skip("no ext4 can be made here")
        probe = tmp_path / "probe"
        probe.mkdir()
        words = ["mount", "-o", "loop", str(card.inside), str(probe)]
        if subprocess.run(words, check=False, env=environment()).returncode:
            pytest.skip("nothing can be mounted here")
        subprocess.run(["umount", str(probe)], check=True)
        assert card.start() is Outcome.MADE
        for number in range(40):
            (card.mount / f"kept-{number}").write_bytes(os.urandom(9_000))
        yield card
    finally:
        card.end()


def kept(card: Card) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in card.mount.glob("kept-*")}


def fill(card: Card) -> Path:
    """To the last block that root may have."""
    filler = card.mount / "filler"
    with filler.open("wb", buffering=0) as file:
        for piece in (MIB, 4096, 512):
            with pytest.raises(OSError, match="No space left"):
                _write_on(file, os.urandom(piece))
    return filler


def _write_on(file: FileIO, piece: bytes) -> None:
    while True:
        file.write(piece)


def test_a_full_partition_opens_and_keeps_what_it_has(card: Card) -> None:
    before = kept(card)
    fill(card)
    card.end()
    assert card.start() is Outcome.OPENED
    assert kept(card) == before
    assert os.statvfs(card.mount).f_bavail == 0


def test_a_full_partition_that_was_cut_off_opens_too(card: Card) -> None:
    before = kept(card)
    fill(card)
    os.sync()
    card.cut()
    assert card.start() is Outcome.OPENED
    assert kept(card) == before


def test_on_a_full_partition_an_eye_says_so_and_works_again_when_there_is_room(card: Card) -> None:
    pole = card.mount / "pole"
    pole.mkdir()
    filler = fill(card)
    with pytest.raises(VigieError) as refused:
        Outbox.open(pole).close()
    assert refused.value.kind is Kind.RESOURCE_EXHAUSTED
    filler.unlink()
    Outbox.open(pole).close()


def test_a_partition_cut_off_while_it_was_written_keeps_what_was_synced(card: Card) -> None:
    before = kept(card)
    os.sync()
    for number in range(200):
        (card.mount / f"later-{number}").write_bytes(bytes(700))
    card.cut()
    assert card.start() is Outcome.OPENED
    assert kept(card) == before


def spoil(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def test_a_torn_superblock_is_repaired_from_its_spare(card: Card) -> None:
    before = kept(card)
    card.end()
    spoil(card.inside, SUPERBLOCK_BYTES, os.urandom(1024))
    assert card.start() is Outcome.OPENED
    assert kept(card) == before


@pytest.mark.parametrize("at_kib", [4, 64, 300])
def test_torn_tables_are_repaired_or_begun_anew_and_work_afterwards(
    card: Card, at_kib: int
) -> None:
    card.end()
    spoil(card.inside, at_kib * 1024, os.urandom(64 * 1024))
    assert card.start() in {Outcome.OPENED, Outcome.REMADE}
    (card.mount / "new").write_text("written")
    card.end()
    assert card.start() is Outcome.OPENED
    assert (card.mount / "new").read_text() == "written"


def test_a_file_system_of_noise_is_begun_anew(card: Card) -> None:
    card.end()
    card.inside.write_bytes(os.urandom(INSIDE_MIB * MIB))
    assert card.start() is Outcome.REMADE
    assert kept(card) == {}


def test_one_that_cannot_be_checked_is_left_alone(card: Card) -> None:
    before = kept(card)
    card.end()
    card.checking = lambda: Output(HUNG, "e2fsck did not end within 900 s")
    with pytest.raises(VigieError, match="e2fsck did not end") as refused:
        card.start()
    assert as_board_error(refused.value).trouble is Trouble.STORAGE
    card.checking = lambda: None
    card.end()
    assert card.start() is Outcome.OPENED
    assert kept(card) == before


def test_a_torn_header_is_read_from_its_second_copy(card: Card) -> None:
    before = kept(card)
    card.end()
    spoil(card.partition, 0, bytes(4096))
    assert card.start() is Outcome.OPENED
    assert kept(card) == before


def test_without_either_header_it_is_begun_anew(card: Card) -> None:
    """What no header describes nobody can open any more."""
    card.end()
    spoil(card.partition, 0, os.urandom(64 * 1024))
    assert card.start() is Outcome.MADE
    assert kept(card) == {}


def test_a_header_of_another_pole_is_refused_and_nothing_is_lost(card: Card) -> None:
    before = kept(card)
    card.end()
    with pytest.raises(BoardError) as refused:
        ensure_volume(card.machine, DATA, bytes(32), may_remake=False)
    assert refused.value.trouble is Trouble.DATA_LOCKED
    assert card.start() is Outcome.OPENED
    assert kept(card) == before


def test_a_partition_that_is_missing_is_told_in_three_ways(card: Card, tmp_path: Path) -> None:
    """Journal, light, and report on the card; asked again after five minutes, never a brick."""
    card.end()
    (card.root / "dev/disk/by-partlabel/data").unlink()
    with pytest.raises(BoardError) as refused:
        card.start()
    error = refused.value
    assert error.trouble is Trouble.DATA_MISSING
    assert LIGHT_OF[error.trouble] is Light.FAULT
    pole = Pole(FakeBoard(tmp_path / "board"))
    tell(pole.board.machine, error)
    assert pole.report == (
        "data_missing\n\nthere is no partition data\n"
        "The card is too small, or was written only in part: flash it again.\n"
    )
    (card.root / "dev/disk/by-partlabel/data").symlink_to(card.partition)
    assert card.start() is Outcome.OPENED
