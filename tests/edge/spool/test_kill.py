"""P1: a process killed at any moment leaves every event it was told is on disk."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.spool.spool import Spool
from tests.edge.spool.scenes import drain

# Appends for ever, and says after each append which seq is on disk.
PROGRAM = """
import sys
from pathlib import Path
from edge.spool.spool import Packed, Spool
from tests.edge.spool.scenes import CAPTURED_UTC_MS, body
spool = Spool(Path(sys.argv[1]))
turn = 0
while True:
    turn += 1
    size = 1 + turn % 5
    seqs = spool.append(lambda first: Packed(
        CAPTURED_UTC_MS, 2, [body(seq) for seq in range(first, first + size)]))
    print(seqs[-1], flush=True)
    if turn % 20 == 0:
        spool.acknowledge(seqs[-1] - 30)
    if turn % 7 == 0:
        spool.tidy()
"""


def run_and_kill(path: Path, lines: int) -> int:
    """Let the program append that often, kill it, and return the last seq it reported."""
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    reported = 0
    for _ in range(lines):
        reported = int(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    for line in child.stdout:
        if line.endswith("\n"):
            reported = int(line)
    child.wait()
    child.stdout.close()
    return reported


def check_kills(folder: Path, kills: int) -> None:
    rng = random.Random(3)
    path = folder / "spool.db"
    for _ in range(kills):
        reported = run_and_kill(path, rng.randrange(1, 120))
        with Spool(path) as spool:
            pending = spool.pending()
            account = drain(spool)
            assert pending.last_seq >= reported
            assert account.covered == set(range(pending.acked_seq + 1, pending.last_seq + 1))
            assert min(account.damaged, default=reported + 1) > reported


def test_fifty_kills_lose_nothing(tmp_path: Path) -> None:
    check_kills(tmp_path, 50)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_a_thousand_kills_lose_nothing(tmp_path: Path) -> None:
    check_kills(tmp_path, 1_000)
