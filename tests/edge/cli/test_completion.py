"""Completion as the three shells ask for it, down to commands, options and words of options."""

import os
import subprocess
import sys

import pytest

ANSWERS = {
    ("vigie ", "ev", 1): "events",
    ("vigie events ", "li", 2): "list",
    ("vigie audit ", "ver", 2): "verify",
    ("vigie events list ", "--fun", 3): "--function",
    ("vigie events show 1 --lang ", "f", 5): "fr",
}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("asked", ANSWERS)
def test_a_shell_gets_the_word_that_is_meant(shell: str, asked: tuple[str, str, int]) -> None:
    before, begun, place = asked
    shown = {
        "_VIGIE_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": before + begun,
        "COMP_CWORD": begun if shell == "fish" else str(place),
    }
    done = subprocess.run(
        [sys.executable, "-m", "edge.cli.main"],
        env={**os.environ, **shown},
        capture_output=True,
        text=True,
        check=True,
    )
    offered = [word for line in done.stdout.splitlines() for word in line.split("\t")[0].split(",")]
    assert ANSWERS[asked] in offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_line_that_a_shell_reads_is_given(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edge.cli.main"],
        env={**os.environ, "_VIGIE_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"_VIGIE_COMPLETE={shell}_complete" in done.stdout, done.stderr
