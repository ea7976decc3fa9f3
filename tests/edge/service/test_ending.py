"""The note of why a room ended: left whole, taken once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.service.ending import FILE_NAME, Ending, get_ending, take_ending, write_ending


@pytest.mark.parametrize(
    ("result", "ending"),
    [
        ("success", None),
        ("oom-kill", Ending.OUT_OF_MEMORY),
        ("watchdog", Ending.NO_PROGRESS),
        ("signal", Ending.KILLED),
        ("exit-code", Ending.FAILED),
    ],
)
def test_what_systemd_says_becomes_a_reason(result: str, ending: Ending | None) -> None:
    assert get_ending({"SERVICE_RESULT": result}) is ending


def test_without_systemd_nothing_is_said() -> None:
    assert get_ending({}) is None


def test_a_note_is_taken_once(tmp_path: Path) -> None:
    write_ending(tmp_path, Ending.OUT_OF_MEMORY)
    assert take_ending(tmp_path) is Ending.OUT_OF_MEMORY
    assert take_ending(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_note_nobody_can_read_is_no_reason(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("gremlins\n")
    assert take_ending(tmp_path) is None


@pytest.mark.parametrize(("result", "noted"), [("oom-kill", "out_of_memory\n"), ("success", None)])
def test_the_unit_leaves_the_note_when_the_room_ends(
    tmp_path: Path, result: str, noted: str | None
) -> None:
    command = [sys.executable, "-m", "edge.service.ending", "--data", str(tmp_path)]
    subprocess.run(command, env={**os.environ, "SERVICE_RESULT": result}, check=True)
    note = tmp_path / FILE_NAME
    assert (note.read_text() if note.exists() else None) == noted


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edge.service.ending", "--data", str(tmp_path / "gone")]
    environment = {**os.environ, "SERVICE_RESULT": "signal"}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 6
    assert done.stderr == (
        f"vigie: {tmp_path}/gone/last-end: not written: No such file or directory\n"
    )
