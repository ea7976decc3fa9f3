"""The one way to start programs: a failure can be replayed by pasting what was printed."""

import subprocess
from pathlib import Path

import pytest

from firmware.run import ProgramError, missing_programs, run


def test_what_a_program_prints_comes_back() -> None:
    assert run(["printf", "%s", "words"]) == "words"


def test_a_program_reads_what_it_is_given() -> None:
    assert run(["cat"], text_in="given") == "given"


def test_a_failure_says_what_how_and_its_last_lines() -> None:
    with pytest.raises(ProgramError) as failed:
        run(["sh", "-c", "seq 1 40; echo broken >&2; exit 3"])
    told = str(failed.value)
    assert "sh ended with code 3" in told
    assert "    broken" in told
    assert "\n    40" in told
    assert "\n    20\n" not in told


def test_a_failure_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    mark = tmp_path / "a mark"
    command = ["sh", "-c", 'test -e "$1" && echo "it is $WORD"', "sh", str(mark)]
    with pytest.raises(ProgramError) as failed:
        run(command, cwd=tmp_path, env={"WORD": "two words"})
    replay = str(failed.value).splitlines()[-1].strip()
    mark.touch()
    done = subprocess.run(["sh", "-c", replay], capture_output=True, text=True, check=True)
    assert done.stdout == "it is two words\n"


def test_a_program_that_is_not_there_is_named_with_what_installs_it() -> None:
    with pytest.raises(ProgramError, match="vigie-no-such is not on this machine") as failed:
        run(["vigie-no-such"])
    assert "tools/debian image" in str(failed.value)


def test_a_program_killed_by_a_signal_says_which() -> None:
    with pytest.raises(ProgramError, match="signal 9"):
        run(["sh", "-c", "kill -9 $$"])


def test_nothing_of_the_person_at_the_keyboard_reaches_a_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    names = {line.partition("=")[0] for line in run(["env"]).splitlines()}
    assert not names & {"LANG", "PYTHONPATH", "USER"}
    assert {"LC_ALL", "TZ"} <= names


def test_missing_programs_are_found_before_the_first_step() -> None:
    assert missing_programs(["sh", "vigie-no-such"]) == ["vigie-no-such"]
