"""Appends numbered events through the real outbox until it is killed.

Each event carries its number in `measured`. What `append` accepted is written to the ledger
afterwards, so a line there is a promise: this event is on disk.

Usage: python -m tests.system.producer DATA LEDGER FIRST_NUMBER
"""

import signal
import sys
import threading
from pathlib import Path

from edge.clock import SystemClock
from edge.spool.outbox import Outbox
from edge.wire.event import Event, Phase
from edge.wire.v1 import event_pb2

PAUSE_SECONDS = 0.02
BURST_EVENTS = 3


def main() -> None:
    folder, ledger, number = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    clock = SystemClock()
    outbox = Outbox.open(folder)
    rule = event_pb2.Rule(name="gate", function=event_pb2.FUNCTION_LINE_CROSSING, camera="one")
    outbox.declare(event_pb2.Dictionary(rules=[rule]))
    with ledger.open("a", buffering=1) as accepted:
        while not stopped.wait(PAUSE_SECONDS):
            numbers = range(number, number + 1 + number % BURST_EVENTS)
            number = numbers.stop
            now_ms = clock.utc_ns() // 1_000_000
            # The first is a START, which takes the others to the disk at once.
            outbox.append([_event(one, now_ms, one == numbers.start) for one in numbers])
            accepted.write("".join(f"{one}\n" for one in numbers))
    outbox.close()


def _event(number: int, captured_utc_ms: int, is_start: bool) -> Event:
    phase = Phase.PHASE_START if is_start else Phase.PHASE_UPDATE
    return Event(captured_utc_ms, "gate", phase, incident=number, measured=number)


if __name__ == "__main__":
    main()
