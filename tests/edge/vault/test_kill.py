"""P13: a vault killed at any moment of recording loses one fragment at most, and names the gap."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.vault.disk import SystemDisk
from edge.vault.fragment import GapReason
from edge.vault.places import VaultPlaces
from edge.vault.reader import RingReader
from edge.vault.recovery import recover
from edge.vault.verify import verify
from tests.edge.vault.killing import FIRST_UTC_NS, PACKETS_A_RUN, counter
from tests.edge.vault.scenes import FPS, FRAME_NS, MINUTE_NS, make_pole
from tests.fakes.mandates import CAMERA

FRAGMENT_PACKETS = 2 * FPS + 1
DISK_STEPS = 60


@contextmanager
def warm_process(data: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.edge.vault.killing", str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def live_and_die(process: subprocess.Popen[str], data: Path, run: int, rng: random.Random) -> int:
    """One life: killed from within at a step of the disk, or from outside; packets it was fed."""
    assert process.stdin is not None
    assert process.stdout is not None
    step = rng.randrange(1, DISK_STEPS) if run % 2 else 0
    fed = counter(data)
    fed[:] = bytes(8)
    process.stdin.write(f"{run} {step}\n")
    process.stdin.flush()
    child = int(process.stdout.readline())
    target = rng.randrange(1, PACKETS_A_RUN)
    while not step and int.from_bytes(fed[:], "little") < target:
        os.sched_yield()
    if not step:
        os.kill(child, signal.SIGKILL)
    assert process.stdout.readline() == "over\n"
    return int.from_bytes(fed[:], "little")


def check_life(places: VaultPlaces, run: int, fed: int) -> int:
    """What a start finds after a life; the number of packets that are missing."""
    begun_ns = FIRST_UTC_NS + run * MINUTE_NS
    recovered = recover(places, SystemDisk(), begun_ns + MINUTE_NS)
    recovered.index.close()
    with RingReader(places) as reader:
        footage = reader.footage(CAMERA)
        headers = footage.list_headers(begun_ns, begun_ns + MINUTE_NS)
        rows = [row for header in headers for row in footage.open_fragment(header).rows]
        gaps = reader.gaps(CAMERA)
    stored = [round((row.captured_utc_ns - begun_ns) / FRAME_NS) for row in rows]
    assert stored == list(range(len(stored)))
    if headers:
        assert (gaps[-1].after_seq, gaps[-1].to_utc_ns) == (headers[-1].seq, None)
        assert gaps[-1].gap.reason is GapReason.KILLED
        assert (headers[0].gap is None) == (headers[0].seq == 1)
    # The packet that is under way when the kill comes may not be counted yet.
    return fed - len(stored)


def check_kills(data: Path, kills: int) -> None:
    rng = random.Random(7)
    places = make_pole(data).places
    missing = []
    with warm_process(data) as process:
        for run in range(kills):
            fed = live_and_die(process, data, run, rng)
            missing.append(check_life(places, run, fed))
    assert max(missing) <= FRAGMENT_PACKETS
    report = verify(places, lambda done, total: None)
    assert [each for each in report.findings if each.is_damage] == []
    assert report.cameras[0].opened_fragments == report.cameras[0].fragments
    print(f"{kills} kills, {report.cameras[0].fragments} fragments whole, missing at a kill:")
    print(f"{sum(missing) / kills / FPS:.2f} s on average, {max(missing) / FPS:.2f} s at most")


def test_fifty_kills_cost_one_fragment_each_at_most(tmp_path: Path) -> None:
    check_kills(tmp_path, 50)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_five_hundred_kills_cost_one_fragment_each_at_most(tmp_path: Path) -> None:
    check_kills(tmp_path, 500)
