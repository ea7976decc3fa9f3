"""Rooms kept alive without systemd: real processes that die, hang, and refuse to start."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.service.bond import BOND_VARIABLE
from tests.waiting import wait_until

READY = """
import os, signal, sys, time
from edge.clock import SystemClock
from edge.service.bond import end_with_starter
from edge.service.watchdog import Watchdog
end_with_starter(os.environ)
watchdog = Watchdog.from_environment(os.environ, SystemClock())
# First, so that whoever reads of a life may end it: the keeper knows that it was ready.
watchdog.tell_ready()
with open(sys.argv[1], "a") as lives:
    lives.write(f"{os.getpid()}\\n")
"""
LIVES_ON = READY + "signal.pause()\n"
FEEDS = READY + "while True:\n    watchdog.feed()\n    time.sleep(0.05)\n"
ENDS = READY
# It never comes back to its own code, nor takes any signal that it may refuse.
HANGS = READY + "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nsignal.pause()\n"
# It has loaded when the test says so.
LATE = """
import os, signal, sys
from pathlib import Path
own = Path(sys.argv[1])
own.write_text(f"{os.getpid()}\\n")
while not (own.parent / "go").exists():
    pass
from edge.service.bond import end_with_starter
end_with_starter(os.environ)
signal.pause()
"""
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
        written = own / "lives"

        def lives() -> list[str]:
            return written.read_text().split() if written.exists() else []

        what = f"{own.name} comes to its life {number}"
        wait_until(lambda: len(lives()) >= number, what, folders=(own,))
        return int(lives()[number - 1])


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
    busy = kept.add("busy", FEEDS, silence=3.0)
    keeper = kept.start()
    # With the pauses between, three of its lives last longer than the other's silence may.
    kept.wait_for_life(stuck, 3)
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


def await_end(pid_fds: list[int]) -> None:
    """Until every process is gone, whoever its parent is."""
    for pid_fd in pid_fds:
        poller = select.poll()
        poller.register(pid_fd, select.POLLIN)
        assert poller.poll(30_000), "it outlives its keeper"
        os.close(pid_fd)


def test_no_room_outlives_a_keeper_that_was_killed(kept: Kept) -> None:
    rooms = [kept.add("busy", FEEDS), kept.add("deaf", HANGS), kept.add("stopped", LIVES_ON)]
    keeper = kept.start()
    lives = [kept.wait_for_life(own, 1) for own in rooms]
    ends = [os.pidfd_open(life) for life in lives]
    os.kill(lives[2], signal.SIGSTOP)
    keeper.kill()
    await_end(ends)


def test_a_room_whose_keeper_is_gone_before_it_has_loaded_ends_too(kept: Kept) -> None:
    late = kept.add("late", LATE)
    keeper = kept.start()
    end = os.pidfd_open(kept.wait_for_life(late, 1))
    keeper.kill()
    keeper.wait()
    (late / "go").touch()
    await_end([end])


def test_a_room_that_nobody_keeps_is_bound_to_nobody(tmp_path: Path) -> None:
    words = [sys.executable, "-c", ENDS, str(tmp_path / "lives")]
    environment = {key: text for key, text in os.environ.items() if key != BOND_VARIABLE}
    for named in ({}, {BOND_VARIABLE: "999"}, {BOND_VARIABLE: "0"}, {BOND_VARIABLE: "-"}):
        said = {**environment, **named}
        subprocess.run(words, env=said, stdin=subprocess.DEVNULL, check=True)
