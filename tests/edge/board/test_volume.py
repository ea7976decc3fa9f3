"""An encrypted partition: the table of volume.py, row by row, and the real cryptsetup's word."""

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from edge.board.machine import Machine, run_program
from edge.board.secret import derive_data_key, derive_state_key, read_board_secret
from edge.board.trouble import BoardError, Trouble
from edge.board.volume import _FORMAT, DATA, STATE, Outcome, _is_finished, ensure_volume
from tests.fakes.board_programs import Cut, FakeBoard

KEY, OTHER = bytes(range(32)), bytes(32)
SECRET, SHARE = b"s" * 16, b"h" * 32


@pytest.fixture
def board(tmp_path: Path) -> FakeBoard:
    return FakeBoard(tmp_path)


def put_mark(board: FakeBoard) -> Path:
    mark = board.root / "var/lib/vigie/mark"
    mark.write_text("kept")
    return mark


@pytest.mark.parametrize("content", [b"", b"noise", b"luks"])
def test_a_partition_that_no_header_describes_is_made(board: FakeBoard, content: bytes) -> None:
    board.write_partition("data", content)
    assert ensure_volume(board.machine, DATA, KEY, may_remake=False) is Outcome.MADE
    assert board.mount_of("/var/lib/vigie")


def test_what_was_made_is_opened_by_its_key_after_each_start(board: FakeBoard) -> None:
    ensure_volume(board.machine, DATA, KEY, may_remake=False)
    put_mark(board)
    board.start()
    assert ensure_volume(board.machine, DATA, KEY, may_remake=False) is Outcome.OPENED
    assert (board.root / "var/lib/vigie/mark").read_text() == "kept"
    assert ensure_volume(board.machine, DATA, KEY, may_remake=False) is Outcome.OPENED


def test_another_key_is_refused_and_destroys_nothing(board: FakeBoard) -> None:
    ensure_volume(board.machine, DATA, KEY, may_remake=False)
    put_mark(board)
    board.start()
    with pytest.raises(BoardError) as refused:
        ensure_volume(board.machine, DATA, OTHER, may_remake=False)
    assert refused.value.trouble is Trouble.DATA_LOCKED
    assert refused.value.what == "the partition data does not open: wrong key"
    assert ensure_volume(board.machine, DATA, KEY, may_remake=False) is Outcome.OPENED
    assert (board.root / "var/lib/vigie/mark").exists()


def test_with_leave_what_does_not_open_is_made_anew(board: FakeBoard) -> None:
    ensure_volume(board.machine, STATE, KEY, may_remake=False)
    board.start()
    assert ensure_volume(board.machine, STATE, OTHER, may_remake=True) is Outcome.REMADE


def test_a_partition_that_is_not_there_is_named(board: FakeBoard) -> None:
    (board.card / "data").unlink()
    board.start()
    with pytest.raises(BoardError, match="there is no partition data") as refused:
        ensure_volume(board.machine, DATA, KEY, may_remake=True)
    assert refused.value.trouble is Trouble.DATA_MISSING


def test_a_damaged_file_system_is_repaired_and_one_beyond_it_made_anew(board: FakeBoard) -> None:
    ensure_volume(board.machine, DATA, KEY, may_remake=False)
    mark = put_mark(board)
    (mark.parent / "damaged").write_text("")
    board.start()
    assert ensure_volume(board.machine, DATA, KEY, may_remake=False) is Outcome.OPENED
    assert (board.root / "var/lib/vigie/mark").exists()
    (board.root / "var/lib/vigie/beyond-repair").write_text("")
    board.start()
    assert ensure_volume(board.machine, DATA, KEY, may_remake=False) is Outcome.REMADE
    assert not (board.root / "var/lib/vigie/mark").exists()


def test_a_cut_before_any_program_of_the_making_is_made_up_for(board: FakeBoard) -> None:
    for programs in range(8):
        board.write_partition("data", b"")
        board.start()
        board.cut_after = programs
        with suppress(Cut):
            ensure_volume(board.machine, DATA, KEY, may_remake=False)
        board.cut_after = None
        board.start()
        ensure_volume(board.machine, DATA, KEY, may_remake=False)
        assert board.mount_of("/var/lib/vigie")


def test_both_parts_make_the_key() -> None:
    keys = {
        derive_state_key(SECRET),
        derive_data_key(SECRET, SHARE),
        derive_data_key(b"", SHARE),
        derive_data_key(SECRET, bytes(32)),
        derive_data_key(SECRET + SHARE[:1], SHARE[1:]),
    }
    assert {len(key) for key in keys} == {32}
    assert len(keys) == 5


def test_a_board_without_a_place_has_an_empty_secret_and_a_bare_one_is_told(
    board: FakeBoard,
) -> None:
    assert read_board_secret(board.machine, "none") == b""
    with pytest.raises(BoardError, match="holds no secret") as refused:
        read_board_secret(board.machine, "fw_cfg")
    assert refused.value.trouble is Trouble.BARE_BOARD
    item = board.root / "sys/firmware/qemu_fw_cfg/by_name/opt/vigie/board-secret/raw"
    item.parent.mkdir(parents=True)
    item.write_bytes(SECRET)
    assert read_board_secret(board.machine, "fw_cfg") == SECRET


@pytest.mark.skipif(not shutil.which("cryptsetup"), reason="cryptsetup is not installed")
def test_the_real_cryptsetup_takes_our_words_and_only_our_key(tmp_path: Path) -> None:
    disk = tmp_path / "disk.img"
    with disk.open("wb") as file:
        file.truncate(24 << 20)
    machine = Machine(Path("/"), run_program)
    assert not _is_finished(machine, str(disk))
    machine.must(["cryptsetup", *_FORMAT, "--key-file", "-", str(disk)], KEY)
    assert _is_finished(machine, str(disk))
    trial = ["cryptsetup", "open", "--test-passphrase", "--type", "luks2", "--key-file", "-"]
    assert machine.run([*trial, str(disk)], KEY).code == 0
    assert machine.run([*trial, str(disk)], OTHER).code == 2
    with disk.open("r+b") as file:
        file.write(bytes(4096))
    assert _is_finished(machine, str(disk)), "the second copy of the header is as good"
    with disk.open("r+b") as file:
        file.write(bytes(64 << 10))
    assert not _is_finished(machine, str(disk))


@pytest.mark.skipif(not shutil.which("cryptsetup"), reason="cryptsetup is not installed")
def test_a_real_partition_whose_making_was_cut_counts_as_none(tmp_path: Path) -> None:
    disk = tmp_path / "disk.img"
    with disk.open("wb") as file:
        file.truncate(24 << 20)
    machine = Machine(Path("/"), run_program)
    machine.must(["cryptsetup", *_FORMAT, "--key-file", "-", str(disk)], KEY)
    subprocess.run(
        ["cryptsetup", "luksErase", "--batch-mode", str(disk)], check=True, capture_output=True
    )
    assert not _is_finished(machine, str(disk))
