"""Wrong disks, and disks that go wrong while they are written: real devices, the real program."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from edge.errors import Kind
from edge.flash.card import Card
from edge.flash.disks import is_offered, list_disks
from edge.flash.image import CHUNK_BYTES
from edge.flash.problem import FlashError
from edge.flash.selection import find_selection
from edge.flash.writing import write_card
from tests.edge.cli.test_flash import Desk
from tests.edge.flash.test_writing import FILE, Watched
from tests.fakes.cards import (
    IMAGE_MIB,
    MIB,
    environment,
    has_loops,
    has_programs,
    has_table,
    image_of,
    loop_device,
    make_image,
)

pytestmark = pytest.mark.skipif(not has_programs(), reason="sfdisk or mtools is not here")
real_disk = pytest.mark.skipif(not has_loops(), reason="no loop devices for this user")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def make_medium(folder: Path, size_bytes: int = 32 * MIB) -> Path:
    """A file behind a disk, full of somebody's data."""
    medium = folder / "medium"
    medium.write_bytes(b"mine" * (size_bytes // 4))
    return medium


def test_this_machines_own_disks_are_refused_by_the_real_lsblk(desk: Desk) -> None:
    """With --dry-run, lest a fault in the code cost the machine its disk."""
    (desk.programs / "lsblk").unlink()
    own = [disk for disk in list_disks() if not is_offered(disk)]
    for disk in own:
        refused = desk.write("--disk", disk.path, "--yes", "--dry-run")
        assert refused.returncode == 5
        assert refused.stderr.startswith(f"vigie: {disk.path}: this ")
        assert "\n  " in refused.stderr, "it is said what to do"


@real_disk
def test_a_disk_that_no_hand_takes_out_is_none_to_the_real_lsblk(desk: Desk) -> None:
    (desk.programs / "lsblk").unlink()
    with loop_device(make_medium(desk.folder)) as device:
        refused = desk.write("--disk", device, "--yes")
        assert refused.returncode == 4
        assert f"there is no disk {device}" in refused.stderr
        assert device.read_bytes()[: 4 * MIB] == b"mine" * MIB


@real_disk
def test_a_disk_that_is_too_small_is_left_as_it_was(desk: Desk) -> None:
    with loop_device(make_medium(desk.folder, 8 * MIB)) as device:
        desk.tell_disks({"name": device.name, "path": str(device), "size": 8 * MIB})
        refused = desk.write("--disk", device, "--yes")
        assert refused.returncode == 5
        assert "and the image needs" in refused.stderr
        assert device.read_bytes() == b"mine" * (2 * MIB)


@real_disk
def test_a_disk_that_is_smaller_than_it_says_boots_nowhere(desk: Desk) -> None:
    with loop_device(make_medium(desk.folder, 8 * MIB)) as device:
        desk.tell_disks({"name": device.name, "path": str(device), "size": 32 * MIB})
        refused = desk.write("--disk", device, "--yes")
        assert refused.returncode == 6
        assert f"{device} at 8.4 MB: the disk is full before the image ends" in refused.stderr
        assert not has_table(device)


@real_disk
def test_a_mounted_disk_is_refused_whatever_lsblk_says(desk: Desk) -> None:
    """The kernel is the last guard: who has a file system mounted has the disk."""
    medium = make_medium(desk.folder)
    folder = desk.folder / "mounted"
    folder.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-F", str(medium)], check=True, env=environment())
    with loop_device(medium) as device:
        mounted = subprocess.run(["mount", str(device), str(folder)], check=False)
        if mounted.returncode:
            pytest.skip("nothing can be mounted here")
        try:
            desk.tell_disks({"name": device.name, "path": str(device)})
            refused = desk.write("--disk", device, "--yes")
            assert refused.returncode == 5
            assert f"{device}: this disk is in use by something else" in refused.stderr
            (folder / "still").write_text("mine")
        finally:
            subprocess.run(["umount", str(folder)], check=True)


class Accident:
    """A real card to which something happens before its write or read number `after`."""

    def __init__(self, card: Card, happen: Callable[[Path], None], after: int) -> None:
        self._card = card
        self._happen = happen
        self._left = after

    @property
    def name(self) -> str:
        return self._card.name

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._happen(self._card.path)

    def write(self, chunk: bytes, offset: int) -> int:
        self._count()
        return self._card.write(chunk, offset)

    def sync(self) -> None:
        self._card.sync()

    def forget(self) -> None:
        self._card.forget()

    def read(self, size_bytes: int, offset: int) -> bytes:
        self._count()
        return self._card.read(size_bytes, offset)


def pull_out(device: Path) -> None:
    """A card leaves its reader: the reader stays, as a disk of no size."""
    shown = Path(f"/sys/block/{device.name}/loop/backing_file").read_text().strip()
    os.truncate(shown, 0)
    subprocess.run(["losetup", "--set-capacity", str(device)], check=True, env=environment())


def lock(device: Path, *, how: str = "--setro") -> None:
    """The card's slider comes loose."""
    subprocess.run(["blockdev", how, str(device)], check=True, env=environment())


# The beginning blank, three chunks, the beginning; then four reads.
WRITES = 5
MOMENTS = range(1, WRITES + 5)


@real_disk
@pytest.mark.parametrize("after", MOMENTS)
def test_a_disk_that_is_pulled_out_is_said_to_be_gone(tmp_path: Path, after: int) -> None:
    image = image_of(tmp_path)
    with (
        loop_device(make_medium(tmp_path)) as device,
        Card(device) as card,
        pytest.raises(FlashError) as refused,
    ):
        write_card(
            image,
            FILE,
            Accident(card, pull_out, after),
            find=lambda: find_selection(device),
            watch=Watched().watch,
        )
    doing = "written" if after <= WRITES else "read back"
    assert refused.value.what == f"the disk went away while it was {doing}"
    assert refused.value.kind is Kind.UNAVAILABLE
    assert refused.value.hint


@real_disk
@pytest.mark.parametrize("after", range(1, WRITES + 1))
def test_a_disk_that_is_locked_while_it_is_written_is_said(tmp_path: Path, after: int) -> None:
    image = image_of(tmp_path)
    with loop_device(make_medium(tmp_path)) as device, Card(device) as card:
        try:
            with pytest.raises(FlashError, match="the disk is write-protected") as refused:
                write_card(
                    image,
                    FILE,
                    Accident(card, lock, after),
                    find=lambda: find_selection(device),
                    watch=Watched().watch,
                )
        finally:
            lock(device, how="--setrw")
        # Locked before the first write it is what it was; later its beginning is blank.
        assert any(card.read(CHUNK_BYTES, 0)) == (after == 1)
    assert refused.value.kind is Kind.PERMISSION_DENIED


_WRITER = """
import contextlib, sys
from pathlib import Path
from edge.flash.card import Card
from edge.flash.image import load_image
from edge.flash.selection import find_selection
from edge.flash.writing import write_card

@contextlib.contextmanager
def watch(what):
    def report(done, total):
        print(what.split()[0], done, flush=True)
        sys.stdin.readline()
    yield report

image, file, device = map(Path, sys.argv[1:])
with Card(device) as card:
    write_card(load_image(image), file.read_bytes(), card,
               find=lambda: find_selection(device), watch=watch)
print("written", 0, flush=True)
"""


@real_disk
def test_a_flash_that_is_killed_anywhere_leaves_no_card_that_is_somebody(tmp_path: Path) -> None:
    """Killed after each step it tells of; before the read-back it boots nowhere at all."""
    image, file = make_image(tmp_path), tmp_path / "file"
    file.write_bytes(FILE)
    steps = 2 * -(-IMAGE_MIB * MIB // CHUNK_BYTES)
    medium = make_medium(tmp_path)
    for kill_at in range(1, steps + 1):
        with loop_device(medium) as device:
            words = [sys.executable, "-c", _WRITER, *map(str, (image, file, device))]
            with subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as writer:
                assert writer.stdin is not None
                assert writer.stdout is not None
                doing = _step(writer.stdin, writer.stdout, kill_at)
                writer.kill()
            if doing == "writing":
                assert not has_table(device), f"killed at step {kill_at}"
            else:
                with pytest.raises(FlashError):
                    find_selection(device).read_file("vigie/provision.json")


def _step(answers: IO[str], steps: IO[str], kill_at: int) -> str:
    """Let it go on until that step has just been told; what it was doing."""
    for number, line in enumerate(steps, start=1):
        if number == kill_at:
            return line.split()[0]
        answers.write("\n")
        answers.flush()
    raise AssertionError("it ended before that step")
