"""Progress as a person sees it: a bar on a terminal, plain lines elsewhere, nothing when quick."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

# Reports half, then waits until the reader has seen what it waits for.
PROGRAM = """
import sys
from edge.cli import progress, voice
speaker = voice.Voice(debug=False, plain="--plain" in sys.argv)
with progress.show_progress(speaker, "fetching x", sys.argv[1], after_seconds=0.3) as report:
    report(3_000_000, 6_000_000 if sys.argv[2] == "known" else None)
    sys.stdin.readline()
print("data")
"""


def shown_on_a_terminal(until: str, *words: str, **environment: str) -> str:
    """What a terminal gets until `until` is on it, and what follows when the work ends."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", PROGRAM, *words]
    surroundings = {**os.environ, "TERM": "xterm", "COLUMNS": "120", **environment}
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=theirs, env=surroundings
    )
    os.close(theirs)
    shown = ""
    while until not in shown:
        shown += os.read(ours, 65536).decode()
    assert child.communicate(b"\n")[0] == b"data\n"
    with open(ours, "rb", buffering=0) as rest:  # noqa: PTH123 - opened by handle
        try:
            while more := rest.read(65536):
                shown += more.decode()
        except OSError:  # Linux says so when the other side of a terminal is closed.
            pass
    assert child.returncode == 0
    return shown


def test_a_terminal_gets_a_bar_that_is_gone_at_the_end() -> None:
    shown = shown_on_a_terminal("50%", "bytes", "known")
    assert "vigie: fetching x" in shown
    assert "3.0/6.0 MB" in shown
    assert shown.rstrip("\x1b[?25h\r\n").endswith("\x1b[2K"), "the bar's line is cleared"


def test_colours_are_left_out_on_wish_and_the_bar_stays() -> None:
    coloured = re.compile(r"\x1b\[[\d;]*3\dm")
    assert coloured.search(shown_on_a_terminal("50%", "parts", "known"))
    assert not coloured.search(shown_on_a_terminal("50%", "parts", "known", NO_COLOR="1"))


@pytest.mark.parametrize(("words", "terminal"), [(["--plain"], "xterm"), ([], "dumb")])
def test_a_terminal_that_wants_no_bar_gets_lines(words: list[str], terminal: str) -> None:
    shown = shown_on_a_terminal("MB,", "bytes", "known", *words, TERM=terminal)
    assert re.match(r"vigie: fetching x: 50 %, 3.0 MB of 6.0 MB, \d+ s\r\n", shown)
    assert "\x1b" not in shown


def test_without_a_terminal_there_are_lines(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "parts", "unknown"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stderr is not None
        assert re.fullmatch(r"vigie: fetching x: \d+ s\n", child.stderr.readline())
        child.communicate("\n")
