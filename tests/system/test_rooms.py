"""Rooms that die and rooms that hang: the others go on, and nothing is lost but what is said."""

import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from edge.demo.process import command_line, run_command
from edge.spool.places import spool_path
from edge.spool.spool import Spool
from edge.spool.verify import verify as verify_spool
from edge.vault.places import VaultPlaces
from edge.vault.verify import verify as verify_ring
from edge.wire.ring_report import read_ring_report
from tests.fakes.walkers import MODELS, read_until, write_walkers_site
from tests.system.forbidden import ROOMS
from tests.system.walls import Walls, walls_at_work, why_not

CI_DEATHS, SOAK_DEATHS = 20, 200
LONGEST_LIFE_SECONDS = 2.5
DEADLINE_SECONDS = 60.0


@pytest.fixture
def walls(repository: Path) -> Iterator[Walls]:
    if reason := why_not():
        pytest.skip(reason)
    with walls_at_work(repository) as built:
        yield built


def stored_seqs(walls: Walls) -> dict[int, list[int]]:
    """Seqs by epoch, in the order in which the collector stored them."""
    path = walls.room.data / "collector.db"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30) as database:
        found: dict[int, list[int]] = {}
        for epoch, seq in database.execute("SELECT epoch, seq FROM events ORDER BY number"):
            # SQLite keeps an epoch as a signed number.
            found.setdefault(epoch % 2**64, []).append(seq)
        return found


def let_die(walls: Walls, deaths: int, seed: int) -> None:
    """Each room `deaths` times in random order, after a random piece of its life.

    Every third death comes when all are at work again, so that there is work to lose.
    """
    rng = random.Random(seed)
    order = [name for name in ROOMS for _ in range(deaths)]
    rng.shuffle(order)
    for number, name in enumerate(order):
        if number % 3 == 0:
            wait_for_work(walls)
        others = {other: walls.pid(other) for other in ROOMS if other != name}
        assert walls.lives_for(name, rng.uniform(0, LONGEST_LIFE_SECONDS)), walls.log(name)
        walls.kill(name)
        assert {other: walls.pid(other) for other in others} == others, "another one ended too"
        walls.start(name)


def wait_for_work(walls: Walls) -> None:
    """Until the mandate holds in the eye and a new fragment is in the ring."""
    before = newest_ms(walls)
    walls.wait(lambda: newest_ms(walls) > before, "the ring grows")
    walls.wait(lambda: walls.status().get("mandate_reason") == "", "the eye computes")


def newest_ms(walls: Walls) -> int:
    held = read_ring_report(walls.data)
    return 0 if held is None else held.newest_utc_ms or 0


def check_nothing_is_lost(walls: Walls, deaths: int, before: int) -> None:
    """What the failure table of docs/design/overview.md says, held against disk and collector."""
    walls.wait(lambda: len(walls.signals()) > before, "events of rules arrive again")
    walls.kill("eye")
    walls.wait(lambda: spool_is_empty(walls), "the spool is empty")
    walls.kill("vault")
    report = verify_spool(spool_path(walls.data))
    assert report.is_whole, report.findings
    # Every seq of the one epoch is stored once, in order: nothing accepted was lost or doubled.
    stored = stored_seqs(walls)
    assert set(stored) == {report.epoch}
    assert stored[report.epoch] == list(range(1, report.last_seq + 1))
    ring = verify_ring(VaultPlaces(walls.data), lambda *_: None)
    assert ring.is_whole, ring.findings
    (camera,) = ring.cameras
    assert camera.fragments == camera.opened_fragments
    print(
        f"{deaths} deaths of each room: events {report.last_seq} accepted, "
        f"{len(stored[report.epoch])} stored, 0 lost, 0 doubled; "
        f"fragments {camera.fragments}, gaps named {len(camera.gaps)}"
    )


def spool_is_empty(walls: Walls) -> bool:
    with Spool(spool_path(walls.data)) as spool:
        return spool.pending().first_seq == 0


@pytest.mark.xdist_group("walls")
@pytest.mark.timeout(900)
def test_each_room_dies_twenty_times_and_the_others_go_on(walls: Walls) -> None:
    before = len(walls.signals())
    let_die(walls, CI_DEATHS, seed=1)
    check_nothing_is_lost(walls, CI_DEATHS, before)


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_each_room_dies_two_hundred_times(walls: Walls) -> None:
    before = len(walls.signals())
    let_die(walls, SOAK_DEATHS, seed=2)
    check_nothing_is_lost(walls, SOAK_DEATHS, before)


@pytest.mark.xdist_group("walls")
@pytest.mark.timeout(300)
def test_rooms_behind_walls_end_with_their_keeper(repository: Path) -> None:
    """Other users, other namespaces: the keeper is killed, and nothing of it goes on."""
    if reason := why_not():
        pytest.skip(reason)
    walls = Walls(repository)
    try:
        walls.enrol()
        keeper = walls.start_kept(ROOMS)
        walls.deliver_mandate()
        walls.wait(lambda: walls.status().get("mandate_reason") == "", "the eye computes")
        family = psutil.Process(keeper.pid).children(recursive=True)
        owners = {process.uids().real for process in family}
        assert owners == {walls.number(name) for name in ROOMS}
        assert len(family) > len(ROOMS), "the eye has a child that reads the camera"
        hung = next(each.pid for each in family if "edge.vault.run" in each.cmdline())
        os.kill(hung, signal.SIGSTOP)
        keeper.kill()
        _, alive = psutil.wait_procs(family, timeout=DEADLINE_SECONDS)
        assert alive == []
    finally:
        walls.close()


@pytest.mark.timeout(300)
def test_an_eye_that_hangs_is_noticed_replaced_and_told(repository: Path, tmp_path: Path) -> None:
    """SIGSTOP: the process lives and answers nothing, as one in a detector call without end."""
    write_walkers_site(tmp_path)
    words = ["edge", "run", "--eye-only", "--loop", "--site", str(tmp_path / "site.toml")]
    words += ["--data", str(tmp_path), "--models", str(repository / MODELS)]
    keeper = subprocess.Popen(command_line(words), stderr=subprocess.PIPE, text=True)
    try:
        read_until(keeper, "camera_opened")
        (eye,) = rooms_of(keeper.pid)
        hung = time.monotonic()
        os.kill(eye, signal.SIGSTOP)
        read_until(keeper, "room_makes_no_progress room=eye")
        noticed = time.monotonic()
        told = read_until(keeper, "camera_opened")
        print(
            f"a stuck eye: noticed after {noticed - hung:.1f} s, "
            f"watching again after {time.monotonic() - hung:.1f} s"
        )
        assert rooms_of(keeper.pid) != [eye]
        note = "room_was_restarted reason=eye_no_progress"
        if not any(note in line for line in told):
            read_until(keeper, note)
    finally:
        keeper.terminate()
        keeper.communicate(timeout=DEADLINE_SECONDS)
    listing = run_command(["spool", "ls", "--events", "--json", "--data", str(tmp_path)])
    assert "health/room" in [str(event["rule"]) for event in listing]


def rooms_of(keeper: int) -> list[int]:
    children = psutil.Process(keeper).children()
    return [child.pid for child in children if "edge.eye.run" in child.cmdline()]
