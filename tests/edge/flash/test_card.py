"""Opening a disk for us alone, and a real block device that is locked, held, or fails half-way."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import Kind
from edge.flash.card import Card
from edge.flash.image import CHUNK_BYTES
from edge.flash.problem import FlashError
from edge.flash.selection import find_selection
from edge.flash.writing import write_card
from edge.provision.signing import PLACE_ON_CARD
from tests.edge.flash.test_writing import FILE, Watched
from tests.fakes.cards import MIB, has_loops, has_table, image_of, loop_device


def test_a_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "card").write_text("mine")
    with pytest.raises(FlashError, match="exists already and is not overwritten"):
        Card(tmp_path / "card", size_bytes=MIB)
    assert (tmp_path / "card").read_text() == "mine"


def test_a_file_where_no_folder_is_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(FlashError, match="there is no such place"):
        Card(tmp_path / "nowhere" / "card", size_bytes=MIB)


def test_a_plain_file_is_no_disk(tmp_path: Path) -> None:
    (tmp_path / "card").write_text("mine")
    with pytest.raises(FlashError, match="this is no disk"):
        Card(tmp_path / "card")


real_disk = pytest.mark.skipif(not has_loops(), reason="no loop devices for this user")


@pytest.fixture
def backing(tmp_path: Path) -> Path:
    path = tmp_path / "medium"
    with path.open("wb") as file:
        file.truncate(32 * MIB)
    return path


@real_disk
def test_a_real_disk_is_written_and_read_back(tmp_path: Path, backing: Path) -> None:
    image = image_of(tmp_path)
    with loop_device(backing) as device, Card(device) as card:
        write_card(image, FILE, card, find=lambda: find_selection(device), watch=Watched().watch)
        assert find_selection(device).read_file(PLACE_ON_CARD) == FILE
    assert has_table(backing)
    assert find_selection(backing).read_file(PLACE_ON_CARD) == FILE


@real_disk
def test_while_a_disk_is_written_nobody_else_has_it(backing: Path) -> None:
    with loop_device(backing) as device, Card(device):
        with pytest.raises(FlashError, match="in use by something else") as refused:
            Card(device)
        assert refused.value.exit_code == 5


@real_disk
def test_a_locked_disk_is_refused(backing: Path) -> None:
    with loop_device(backing, "--read-only") as device:
        with pytest.raises(FlashError, match="write-protected") as refused:
            Card(device)
        assert refused.value.kind is Kind.PERMISSION_DENIED


@pytest.fixture
def thin(tmp_path: Path) -> Iterator[Path]:
    """A disk that says 32 MiB and has room for 9: as forged cards do."""
    folder = tmp_path / "thin"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=9m", "tmpfs", str(folder)], check=False
    )
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        path = folder / "medium"
        with path.open("wb") as file:
            file.truncate(32 * MIB)
        yield path
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@real_disk
def test_a_real_disk_that_fails_half_way_boots_nowhere(tmp_path: Path, thin: Path) -> None:
    image = image_of(tmp_path)
    with loop_device(thin) as device, Card(device) as card:
        with pytest.raises(FlashError) as refused:
            write_card(
                image, FILE, card, find=lambda: find_selection(device), watch=Watched().watch
            )
        assert refused.value.what.startswith(("the disk failed while", "the disk is full"))
        assert not any(card.read(CHUNK_BYTES, 0))
