"""What an image leaves out of Vigie: nothing that a pole starts needs it, and `vigie` says so."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.cli import program
from firmware.wheels import OF_OTHER_MACHINES

# The checkout is not on the path: only what stays of it.
RUN = """
import sys
kept, checkout, *words = sys.argv[1:]
sys.path = [kept, *(each for each in sys.path if each not in ("", checkout))]
"""
IMPORT = "import importlib\nfor name in words: importlib.import_module(name)\n"
COMMAND = "sys.argv = ['vigie', *words]\nfrom edge.cli.main import main\nmain()\n"


@pytest.fixture(scope="module")
def kept(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Vigie's packages as an image has them."""
    folder = tmp_path_factory.mktemp("kept")
    for name in ("edge", "collector"):
        shutil.copytree(
            repository / name,
            folder / name,
            ignore=shutil.ignore_patterns("__pycache__", "node_modules"),
        )
    for name in OF_OTHER_MACHINES:
        shutil.rmtree(folder / name)
    return folder


def run(kept: Path, repository: Path, code: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", RUN + code, str(kept), str(repository), *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=kept,
    )


def started_modules(repository: Path) -> set[str]:
    """Every module that a unit of the image starts, and what those start."""
    said = "".join(path.read_text() for path in (repository / "image-build").rglob("*.service"))
    return {*re.findall(r"python -m (edge[\w.]+)", said), "edge.board.share", "edge.update.backend"}


def test_the_image_and_the_command_line_agree_on_what_is_left_out() -> None:
    assert tuple(name.replace("/", ".") for name in OF_OTHER_MACHINES) == program.OF_OTHER_MACHINES


def test_whatever_a_unit_starts_is_there_without_it(kept: Path, repository: Path) -> None:
    modules = started_modules(repository)
    assert {"edge.eye.run", "edge.vault.run", "edge.link.run", "edge.update.install"} <= modules
    done = run(kept, repository, IMPORT, *sorted(modules))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "words", [("collector", "run", "--data", "x"), ("demo", "--seconds", "1"), ("audit", "list")]
)
def test_a_command_of_another_machine_says_so(
    kept: Path, repository: Path, words: tuple[str, ...]
) -> None:
    done = run(kept, repository, COMMAND, *words)
    assert done.returncode == 5, done.stderr
    assert "this is a pole's part of Vigie, and that command is not in it" in done.stderr


def test_a_technicians_command_works_without_it(kept: Path, repository: Path) -> None:
    done = run(kept, repository, COMMAND, "doctor", "--help")
    assert done.returncode == 0, done.stderr
