"""Keeping rooms alive on a machine without systemd: start, listen, start again.

The same words as the units use: a room says READY and feeds its watchdog over NOTIFY_SOCKET; one
that dies or falls silent is replaced alone, and the note of why waits for its next life. A room
that cannot start the first time, because what it was given is wrong, ends the keeper with the
room's own exit code: then a person must act, and starting again would only hide it. No room
outlives its keeper (`edge/service/bond.py`).
"""

import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from edge.clock import Clock
from edge.service.bond import BOND_VARIABLE
from edge.service.ending import Ending, write_ending
from edge.service.watchdog import INTERVAL_VARIABLE, SOCKET_VARIABLE

SHORTEST_PAUSE_NS = 1_000_000_000
LONGEST_PAUSE_NS = 30_000_000_000
# A room that has lived this long has earned the shortest pause again.
GOOD_LIFE_NS = 60_000_000_000
# TimeoutStopSec of the units; a test holds the two together.
ROOMS_STOP_WITHIN_SECONDS = 20.0
# Who asks a keeper to end waits a little longer than the keeper waits for its rooms.
STOPS_WITHIN_SECONDS = ROOMS_STOP_WITHIN_SECONDS + 5.0
_WORDS_BYTES = 4_096
logger = logging.getLogger("vigie.service")


@dataclass(frozen=True, slots=True)
class Room:
    """One process to be kept.

    command: what starts it. folder: where notes of ends are left.
    silence_seconds: longest time between two signs of progress; 0: it gives none.
    ends_all: a clean end of this room is the end of the work (a recording that came to its end).
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    silence_seconds: float = 0.0
    ends_all: bool = False


class State(Enum):
    """Where a kept room stands."""

    WAITING = "waiting"
    STARTING = "starting"
    ALIVE = "alive"


class _Kept:
    """One room's life: its process, its line, the pause before its next life."""

    def __init__(self, room: Room, line: Path, clock: Clock) -> None:
        self.room = room
        self.state = State.WAITING
        self.was_ready = False
        self._clock = clock
        self._line_path = line
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.line.bind(str(line))
        self._child: subprocess.Popen[bytes] | None = None
        self.pid_fd = self._bond = -1
        self.due_ns = clock.monotonic_ns()
        self._started_ns = self._heard_ns = 0
        self._pause_ns = SHORTEST_PAUSE_NS
        self._is_silent = False

    def start(self) -> None:
        """Begin a life."""
        environment = {**os.environ, SOCKET_VARIABLE: str(self._line_path)}
        environment[INTERVAL_VARIABLE] = str(int(self.room.silence_seconds * 1e6))
        # A pipe for each life: what a room asks of its end must not be what another one asked.
        theirs, self._bond = os.pipe()
        environment[BOND_VARIABLE] = str(theirs)
        try:
            # A group of their own: Ctrl-C comes to the keeper, which ends them in order.
            self._child = subprocess.Popen(
                self.room.command, env=environment, process_group=0, pass_fds=[theirs]
            )
        finally:
            os.close(theirs)
        self.pid_fd = os.pidfd_open(self._child.pid)
        self.state, self._is_silent = State.STARTING, False
        self._started_ns = self._heard_ns = self._clock.monotonic_ns()

    def hear(self) -> None:
        """Take what the room has said."""
        with contextlib.suppress(BlockingIOError):
            while words := self.line.recv(_WORDS_BYTES):
                self._heard_ns = self._clock.monotonic_ns()
                if b"READY=1" in words.splitlines():
                    self.state, self.was_ready = State.ALIVE, True

    def check_progress(self) -> None:
        """Kill a room that lives but makes no progress."""
        if self.state is not State.ALIVE or not self.room.silence_seconds or self._is_silent:
            return
        if self._clock.monotonic_ns() - self._heard_ns > self.room.silence_seconds * 1e9:
            logger.error("room_makes_no_progress room=%s", self.room.name)
            self._is_silent = True
            self.send(signal.SIGKILL)

    def take_end(self) -> int | None:
        """Collect a process that has ended; its exit code (negative: the signal), else None."""
        if self._child is None or (code := self._child.poll()) is None:
            return None
        self._bury()
        lived_ns = self._clock.monotonic_ns() - self._started_ns
        if lived_ns >= GOOD_LIFE_NS:
            self._pause_ns = SHORTEST_PAUSE_NS
        self.due_ns = self._clock.monotonic_ns() + self._pause_ns
        self._pause_ns = min(2 * self._pause_ns, LONGEST_PAUSE_NS)
        self.state = State.WAITING
        if code != 0:
            self._leave_note(code)
        return int(code)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if there is a process to take it."""
        if self._child is not None:
            self._child.send_signal(number)

    def stop(self, within_seconds: float) -> None:
        """Wait for a process that was asked to end, insist when time is over."""
        if self._child is None:
            return
        try:
            self._child.wait(within_seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._bury()

    def wait_ns(self) -> int | None:
        """How long nothing is due; None: for ever."""
        now_ns = self._clock.monotonic_ns()
        if self.state is State.WAITING:
            return max(0, self.due_ns - now_ns)
        if self.state is State.ALIVE and self.room.silence_seconds:
            return max(0, self._heard_ns + int(self.room.silence_seconds * 1e9) - now_ns)
        return None

    def _leave_note(self, code: int) -> None:
        ending = Ending.KILLED if code < 0 else Ending.FAILED
        if self._is_silent:
            ending = Ending.NO_PROGRESS
        logger.error("room_ended room=%s reason=%s code=%d", self.room.name, ending.value, code)
        try:
            write_ending(self.room.folder, self.room.name, ending)
        except OSError as error:
            logger.warning("ending_not_noted room=%s problem=%s", self.room.name, error.strerror)

    def _bury(self) -> None:
        self._child = None
        for handle in (self.pid_fd, self._bond):
            if handle >= 0:
                os.close(handle)
        self.pid_fd = self._bond = -1


def keep(rooms: Sequence[Room], clock: Clock) -> int:
    """Keep all rooms until SIGTERM or SIGINT, or until one that ends all has ended cleanly.

    Returns the exit code: 0, or that of a room that never became ready.
    """
    with tempfile.TemporaryDirectory(prefix="vigie-") as folder, _asked_to_end() as asked:
        kept = [_Kept(room, Path(folder, f"{room.name}.notify"), clock) for room in rooms]
        try:
            return _keep(kept, asked)
        finally:
            _stop(kept, clock)


def _keep(kept: Sequence[_Kept], asked: int) -> int:
    while True:
        for each in kept:
            each.hear()
            each.check_progress()
            code = each.take_end()
            if code is not None and (code == 0 and each.room.ends_all):
                return 0
            if code is not None and not each.was_ready:
                return code if code > 0 else 1
            if each.state is State.WAITING and each.wait_ns() == 0:
                each.start()
        if _wait(kept, asked):
            return 0


def _wait(kept: Sequence[_Kept], asked: int) -> bool:
    """Sleep until something happens or is due; whether the end was asked for."""
    poller = select.poll()
    for handle in [asked, *(each.line.fileno() for each in kept), *(each.pid_fd for each in kept)]:
        if handle >= 0:
            poller.register(handle, select.POLLIN)
    due_ns = [wait_ns for each in kept if (wait_ns := each.wait_ns()) is not None]
    # One millisecond more than due, so that the poll never ends just before it.
    ready = poller.poll(min(due_ns) // 1_000_000 + 1 if due_ns else None)
    return any(handle == asked for handle, _ in ready)


def _stop(kept: Sequence[_Kept], clock: Clock) -> None:
    for each in kept:
        each.send(signal.SIGTERM)
    deadline_ns = clock.monotonic_ns() + int(ROOMS_STOP_WITHIN_SECONDS * 1e9)
    for each in kept:
        each.stop(max(0, deadline_ns - clock.monotonic_ns()) / 1e9)
        each.line.close()


@contextlib.contextmanager
def _asked_to_end() -> Iterator[int]:
    """A handle that becomes readable when SIGTERM or SIGINT came."""
    reading, writing = socket.socketpair()
    reading.setblocking(False)
    writing.setblocking(False)

    def ask(*_: object) -> None:
        with contextlib.suppress(BlockingIOError):
            writing.send(b"\0")

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield reading.fileno()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        reading.close()
        writing.close()
