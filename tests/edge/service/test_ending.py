"""The note of why a room ended: left whole, taken once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.service.ending import Ending, get_ending, note_of, take_endings, write_ending


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


def test_notes_are_taken_once(tmp_path: Path) -> None:
    write_ending(tmp_path, "vault", Ending.OUT_OF_MEMORY)
    write_ending(tmp_path, "eye", Ending.KILLED)
    assert take_endings(tmp_path) == ["eye_killed", "vault_out_of_memory"]
    assert take_endings(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_note_nobody_can_read_is_no_reason(tmp_path: Path) -> None:
    note_of(tmp_path, "eye").write_text("gremlins\n")
    assert take_endings(tmp_path) == []


@pytest.mark.parametrize(
    ("result", "noted"), [("oom-kill", ["eye_out_of_memory"]), ("success", [])]
)
def test_the_unit_leaves_the_note_when_the_room_ends(
    tmp_path: Path, result: str, noted: list[str]
) -> None:
    subprocess.run(command(tmp_path), env={**os.environ, "SERVICE_RESULT": result}, check=True)
    assert take_endings(tmp_path) == noted


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    environment = {**os.environ, "SERVICE_RESULT": "signal"}
    done = subprocess.run(
        command(tmp_path / "gone"), env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 6
    assert done.stderr == (
        f"vigie: {tmp_path}/gone/ended-eye: not written: No such file or directory\n"
    )


def command(folder: Path) -> list[str]:
    words = ["--folder", str(folder), "--room", "eye"]
    return [sys.executable, "-m", "edge.service.ending", *words]
