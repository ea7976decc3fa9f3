"""autoboot.txt and the three kinds of mark; RAUC's questions answered from them."""

import stat
from pathlib import Path

import pytest

from edge.update import backend
from edge.update.autoboot import format_autoboot, parse_autoboot, read_primary, write_primary
from edge.update.boot import BootError, Event, Slot, Stage
from edge.update.restart import restart
from edge.update.selector import ArgumentSelector, NvbootSelector
from edge.update.slots import RecordFile, Slots
from tests.edge.update.bench import Bench
from tests.fakes.image import write_image
from tests.fakes.nvbootctrl import write_nvbootctrl


@pytest.fixture
def nvbootctrl(tmp_path: Path) -> Path:
    return write_nvbootctrl(tmp_path)


@pytest.mark.parametrize("slot", Slot)
def test_a_sector_is_read_as_it_was_written(slot: Slot) -> None:
    sector = format_autoboot(slot)
    assert len(sector) == 512
    assert parse_autoboot(sector) is slot


def test_the_sector_is_what_the_firmware_documents() -> None:
    lines = format_autoboot(Slot.A).decode().split()
    assert lines == ["[all]", "tryboot_a_b=1", "boot_partition=2", "[tryboot]", "boot_partition=3"]


@pytest.mark.parametrize(
    "sector",
    [
        b"",
        format_autoboot(Slot.A)[:-1],
        format_autoboot(Slot.A) + b"\n",
        format_autoboot(Slot.A).replace(b"=3", b"=2"),
        format_autoboot(Slot.A).replace(b"=3", b"=4"),
        format_autoboot(Slot.A).replace(b"tryboot_a_b=1", b"tryboot_a_b=0"),
        b"\0" * 512,
        format_autoboot(Slot.A)[:20] + b"\xff" * 492,
    ],
)
def test_a_sector_that_this_software_does_not_write_names_no_slot(sector: bytes) -> None:
    with pytest.raises(BootError, match=r"autoboot\.txt is not what this software writes"):
        parse_autoboot(sector)


def test_the_sector_is_replaced_in_place(tmp_path: Path) -> None:
    path = tmp_path / "autoboot.txt"
    path.write_bytes(format_autoboot(Slot.A))
    before = path.stat().st_ino
    write_primary(path, Slot.B)
    assert (read_primary(path), path.stat().st_ino, path.stat().st_size) == (Slot.B, before, 512)


def test_a_file_of_another_length_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "autoboot.txt"
    path.write_bytes(b"[all]\n")
    with pytest.raises(BootError):
        write_primary(path, Slot.B)
    assert path.read_bytes() == b"[all]\n"
    with pytest.raises(FileNotFoundError):
        write_primary(tmp_path / "none.txt", Slot.B)


def test_the_primary_is_never_marked(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)
    with pytest.raises(BootError):
        ArgumentSelector(bench.sel, tmp_path / "argument").mark(Slot.A)


def test_a_raspberry_pi_s_mark_is_the_argument_of_the_restart(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)
    argument = tmp_path / "run/vigie/reboot-argument"
    selector = ArgumentSelector(bench.sel, argument)
    program, said = tmp_path / "systemctl", tmp_path / "said"
    program.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >{said}\n')
    program.chmod(0o755)
    restart(tmp_path, str(program))
    assert said.read_text() == "reboot|"
    selector.mark(Slot.B)
    restart(tmp_path, str(program))
    assert said.read_text() == "reboot|--reboot-argument=0 tryboot|"
    selector.unmark()
    selector.unmark()
    assert not argument.exists()


def test_a_jetson_tries_keeps_and_goes_back(nvbootctrl: Path, tmp_path: Path) -> None:
    """Not tried on a board: NVIDIA's program is played by a strict fake."""
    state = tmp_path / "state"
    state.mkdir()

    def slots(booted: Slot, boot_id: str) -> Slots:
        (tmp_path / "current").write_text("0\n" if booted is Slot.A else "1\n")
        selector = NvbootSelector(state / "primary", str(nvbootctrl))
        return Slots(selector, RecordFile(state / "record.json"), booted=booted, boot_id=boot_id)

    first = slots(Slot.A, "1")
    for event in (Event.SPOIL, Event.INSTALL, Event.ARM):
        first.apply(event, Slot.B)
    assert (tmp_path / "active").read_text() == "1\n"
    trying = slots(Slot.B, "2")
    assert trying.start()[1].stage is Stage.TRYING
    assert trying.read_primary() is Slot.A
    assert (tmp_path / "active").read_text() == "0\n", "a reset while trying goes back"
    trying.apply(Event.PROVE, Slot.B)
    assert (tmp_path / "active").read_text() == "1\n"
    assert not (tmp_path / "unproven").exists()
    assert slots(Slot.B, "3").start()[1].stage is Stage.STEADY


def test_a_jetson_whose_program_fails_or_is_missing_says_so(tmp_path: Path) -> None:
    with pytest.raises(BootError, match="is not on this board"):
        NvbootSelector(tmp_path / "primary", str(tmp_path / "none")).read_primary()
    (tmp_path / "primary").write_text("C\n")
    with pytest.raises(BootError, match="names no slot"):
        NvbootSelector(tmp_path / "primary").read_primary()


def test_rauc_is_answered_through_a_whole_update(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_image(tmp_path, slot="A", version="1")

    def ask(*words: str) -> str:
        assert backend.main(words, tmp_path) == 0
        return capsys.readouterr().out.strip()

    assert (ask("get-primary"), ask("get-current"), ask("get-state", "A")) == ("A", "A", "good")
    ask("set-state", "B", "bad")
    assert ask("get-state", "B") == "bad"
    ask("set-primary", "B")
    assert (ask("get-primary"), ask("get-state", "B")) == ("B", "good")
    ask("set-primary", "A")
    assert ask("get-primary") == "B", "the primary that is one already needs nothing"


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        ([], 3),
        (["get-state"], 3),
        (["get-state", "C"], 3),
        (["set-state", "A", "fine"], 3),
        (["set-primary", "rootfs.1"], 3),
        (["set-state", "A", "bad"], 5),
        (["reboot"], 3),
    ],
)
def test_what_rauc_never_says_is_refused(
    tmp_path: Path, words: list[str], exit_code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    write_image(tmp_path, slot="A", version="1")
    assert backend.main(words, tmp_path) == exit_code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("vigie: ")


def test_a_machine_without_an_image_has_no_slots(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backend.main(["get-primary"], tmp_path) == 5
    assert "runs no image" in capsys.readouterr().err


def test_a_mark_is_readable_and_whole(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)
    for event in (Event.SPOIL, Event.INSTALL, Event.ARM):
        bench.slots.apply(event, Slot.B)
    mark = bench.sel / "tryboot"
    assert stat.S_IMODE(mark.stat().st_mode) == 0o644
    assert not [path for path in bench.sel.iterdir() if path.name.startswith(".")]
