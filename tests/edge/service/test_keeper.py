"""Rooms kept alive without systemd: real processes that die, hang, and refuse to start."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

READY = """
import os, signal, sys, time
from edge.clock import SystemClock
from edge.service.watchdog import Watchdog
watchdog = Watchdog.from_environment(os.environ, SystemClock())
with open(sys.argv[1], "a") as lives:
    lives.write(f"{os.getpid()}\\n")
watchdog.tell_ready()
"""
LIVES_ON = READY + "signal.pause()\n"
FEEDS = READY + "while True:\n    watchdog.feed()\n    time.sleep(0.05)\n"
ENDS = READY
CANNOT_START = "import sys; sys.exit(3)"
KEEPER = """
import sys
from pathlib import Path
from edge.clock import SystemClock
from edge.service.keeper import Room, keep
rooms = []
for words in sys.argv[1:]:
    name, code, lives, silence, ends_all = words.split("\\x1f")
    command = (sys.executable, "-c", code, lives)
    folder = Path(lives).parent
    rooms.append(Room(name, command, folder, float(silence), ends_all == "yes"))
sys.exit(keep(rooms, SystemClock()))
"""


class Kept:
    """A keeper in a process of its own, and the lives its rooms have written down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rooms: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None

    def add(self, name: str, code: str, *, silence: float = 0.0, ends_all: bool = False) -> Path:
        own = self.folder / name
        own.mkdir()
        last = "yes" if ends_all else "no"
        self._rooms.append("\x1f".join([name, code, str(own / "lives"), str(silence), last]))
        return own

    def start(self) -> "subprocess.Popen[bytes]":
        self.process = subprocess.Popen([sys.executable, "-c", KEEPER, *self._rooms])
        return self.process

    def wait_for_life(self, own: Path, number: int) -> int:
        """The process id of a room's n-th life."""
        waiting = threading.Event()
        for _ in range(600):
            lives = (own / "lives").read_text().split() if (own / "lives").exists() else []
            if len(lives) >= number:
                return int(lives[number - 1])
            waiting.wait(0.05)
        raise AssertionError(f"{own.name} has not come to its life {number}: {lives}")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    keeping = Kept(tmp_path)
    yield keeping
    if keeping.process is not None and keeping.process.poll() is None:
        keeping.process.kill()


def test_a_killed_room_comes_back_alone_and_the_reason_is_noted(kept: Kept) -> None:
    north, south = kept.add("north", LIVES_ON), kept.add("south", LIVES_ON)
    keeper = kept.start()
    victim, neighbour = kept.wait_for_life(north, 1), kept.wait_for_life(south, 1)
    os.kill(victim, signal.SIGKILL)
    assert kept.wait_for_life(north, 2) != victim
    assert (north / "ended-north").read_text() == "killed\n"
    keeper.send_signal(signal.SIGTERM)
    assert keeper.wait(30) == 0
    assert (south / "lives").read_text().split() == [str(neighbour)]


def test_a_room_that_makes_no_progress_is_replaced(kept: Kept) -> None:
    stuck = kept.add("stuck", LIVES_ON, silence=0.5)
    busy = kept.add("busy", FEEDS, silence=0.5)
    keeper = kept.start()
    kept.wait_for_life(stuck, 2)
    assert (stuck / "ended-stuck").read_text() == "no_progress\n"
    keeper.send_signal(signal.SIGINT)
    assert keeper.wait(30) == 0
    assert len((busy / "lives").read_text().split()) == 1


def test_a_room_that_cannot_start_ends_the_keeper_with_its_code(kept: Kept) -> None:
    good = kept.add("good", LIVES_ON)
    kept.add("bad", CANNOT_START)
    assert kept.start().wait(30) == 3
    for life in (good / "lives").read_text().split() if (good / "lives").exists() else []:
        assert not Path("/proc", life).exists()


def test_a_recording_that_came_to_its_end_ends_the_work(kept: Kept) -> None:
    kept.add("player", ENDS, ends_all=True)
    kept.add("other", LIVES_ON)
    assert kept.start().wait(30) == 0


def test_a_room_that_was_ready_once_is_started_again_whatever_its_code(kept: Kept) -> None:
    own = kept.add("failing", READY + "sys.exit(7)\n")
    keeper = kept.start()
    kept.wait_for_life(own, 2)
    assert (own / "ended-failing").read_text() == "failed\n"
    keeper.send_signal(signal.SIGTERM)
    assert keeper.wait(30) == 0
