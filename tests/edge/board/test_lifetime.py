"""Whether the machine's last life ended as it should, and whoever reads it later."""

from pathlib import Path

import pytest

from edge.board.lifetime import begin_life, pass_on_ending
from edge.board.machine import Machine
from edge.service.ending import Ending, take_endings
from tests.fakes.board_programs import FakeBoard

BOOT_STATUS = "/sys/class/watchdog/watchdog0/bootstatus"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """`state` and `data` are open; nothing ran yet."""
    made = FakeBoard(tmp_path).machine
    for folder in ("state", "var/lib/vigie/pole/spool", "sys/class/watchdog/watchdog0"):
        (made.root / folder).mkdir(parents=True)
    return made


def told(machine: Machine) -> list[str]:
    pass_on_ending(machine)
    return take_endings(machine.at("/var/lib/vigie/pole/spool"))


def test_a_first_start_and_one_after_an_ordered_stop_tell_nothing(machine: Machine) -> None:
    assert begin_life(machine) is None
    machine.at("/state/running").unlink()  # the unit's ExecStop
    assert begin_life(machine) is None
    assert told(machine) == []


def test_a_life_that_was_cut_off_is_told_once(machine: Machine) -> None:
    begin_life(machine)
    assert begin_life(machine) is Ending.KILLED
    assert told(machine) == ["pole_killed"]
    assert told(machine) == []


def test_where_the_watchdog_remembers_it_is_told_as_one_that_made_no_progress(
    machine: Machine,
) -> None:
    begin_life(machine)
    machine.at(BOOT_STATUS).write_text("32\n")
    assert begin_life(machine) is Ending.NO_PROGRESS
    assert told(machine) == ["pole_no_progress"]


def test_a_note_that_cannot_be_written_keeps_no_pole_from_work(machine: Machine) -> None:
    begin_life(machine)
    begin_life(machine)
    machine.at("/var/lib/vigie/pole/spool").rmdir()
    pass_on_ending(machine)
