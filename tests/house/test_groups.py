"""Tests of one group share a worker: with some pairs of pytest and xdist the mark does nothing."""

import subprocess
import sys
from pathlib import Path

GROUPED = """
import pytest


@pytest.mark.xdist_group("room")
@pytest.mark.parametrize("number", range(4))
def test_in_the_room(number, worker_id, tmp_path_factory):
    workers = tmp_path_factory.getbasetemp().parent / "workers"
    with workers.open("a") as file:
        print(worker_id, file=file)
    assert set(workers.read_text().split()) == {worker_id}
"""


def test_what_shares_a_group_shares_a_worker(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_room.py").write_text(GROUPED)
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-q"]
    done = subprocess.run(
        [*command, "--basetemp", tmp_path / "base", tmp_path],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
