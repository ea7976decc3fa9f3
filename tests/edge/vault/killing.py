"""A vault that records as fast as it can until it is killed, forked from one warm process.

`python -m tests.edge.vault.killing DATA` reads a line "RUN STEP" for each life: the run's number
sets its clock, and at the STEP-th thing that is asked of the disk the process kills itself, in the
middle of a write; 0: it waits to be killed from outside. How many packets were fed stands in a
mapped file, which outlives the process.
"""

import mmap
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.vault.disk import SystemDisk
from tests.edge.vault.scenes import FPS, MINUTE_NS, Pole, invented
from tests.fakes.clock import FakeClock
from tests.fakes.mandates import CAMERA

FIRST_UTC_NS = 1_790_000_000_000_000_000
PACKETS_A_RUN = 30 * FPS
# Groups of 1.2 seconds: fragments end before two seconds, and not always alike.
GROUP = 30
SIZE_BYTES = 2_000
COUNTER_NAME = "fed"


class DeadlyDisk(SystemDisk):
    """Kills its own process at a chosen step, a write after its first half."""

    def __init__(self, step: int) -> None:
        self._left = step

    def _is_the_end(self) -> bool:
        self._left -= 1
        return self._left == 0

    def write(self, descriptor: int, pieces: Sequence[bytes | memoryview], offset: int) -> None:
        if self._is_the_end():
            whole = b"".join(pieces)
            super().write(descriptor, [whole[: len(whole) // 2]], offset)
            _die()
        super().write(descriptor, pieces, offset)

    def sync(self, descriptor: int) -> None:
        if self._is_the_end():
            _die()
        super().sync(descriptor)
        if self._is_the_end():
            _die()


def counter(data: Path) -> mmap.mmap:
    """Eight bytes: how many packets of the run were fed."""
    path = data / COUNTER_NAME
    if not path.exists():
        path.write_bytes(bytes(8))
    descriptor = os.open(path, os.O_RDWR)
    try:
        return mmap.mmap(descriptor, 8)
    finally:
        os.close(descriptor)


def record(data: Path, run: int, step: int) -> None:
    """One life. Feeds no packet while a fragment waits for the disk, as a camera's pace does."""
    clock = FakeClock(FIRST_UTC_NS + run * MINUTE_NS, run * MINUTE_NS)
    pole = Pole(data, clock=clock)
    fed = counter(data)
    fed[:] = bytes(8)
    recorder = pole.record(disk=DeadlyDisk(step) if step else SystemDisk())
    movie = invented(PACKETS_A_RUN, group=GROUP, size_bytes=SIZE_BYTES)
    now = movie.from_moment(clock.utc_ns(), clock.monotonic_ns())
    recorder.begin(now.hello)
    for number, packet in enumerate(now.packets, 1):
        clock.advance(max(0, packet.captured_monotonic_ns - clock.monotonic_ns()) / 1e9)
        recorder.take(CAMERA, packet)
        fed[:] = number.to_bytes(8, "little")
        recorder.settle()
    signal.pause()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Fork a life for each line, say its process number, and say when it is over."""
    data = Path(sys.argv[1])
    for line in sys.stdin:
        run, step = map(int, line.split())
        child = os.fork()
        if not child:
            record(data, run, step)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("over", flush=True)


if __name__ == "__main__":
    main()
