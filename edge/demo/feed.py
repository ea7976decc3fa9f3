"""Stored events as a person follows them, by a feed that may break off and comes back by itself.

`vigie events tail` ends when its connection does, and a machine that is starved for some seconds
loses connections to a collector that is well. The feed is opened again behind the last event, so
that none is missed. Whether the collector itself has ended, its own process says.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from edge.demo.process import Process

PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Before it is opened again, one after the other; the last again and again."""


class Feed:
    """The events of one collector from now on. `records` belongs to one thread."""

    def __init__(
        self,
        data: Path,
        log: Path,
        say: Callable[[str], None],
        pauses_seconds: Sequence[float] = PAUSES_SECONDS,
    ) -> None:
        """data: the collector's. say: told once when the feed breaks off."""
        self._data, self._log, self._say = data, log, say
        self._pauses, self._failures = pauses_seconds, 0
        self._begun_utc_ms = time.time_ns() // 1_000_000
        self._last: int | None = None
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._tail = self._open()

    def __enter__(self) -> "Feed":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def records(self) -> Iterator[dict[str, object]]:
        """Events as `events tail --json` says them, until `stop`."""
        while True:
            with self._tail as tail:
                for record in tail.records():
                    if self._is_new(record):
                        yield record
            if self._stopped.is_set() or not self._open_again():
                return

    def stop(self) -> None:
        """End it, from any thread; safe twice."""
        with self._lock:
            self._stopped.set()
        self._tail.stop()

    def _is_new(self, record: dict[str, object]) -> bool:
        """Whether it was stored since the feed began; it also proves that the feed works."""
        self._failures = 0
        self._last = int(str(record["number"]))
        return int(str(record["stored_utc_ms"])) >= self._begun_utc_ms

    def _open_again(self) -> bool:
        """After a pause; False: it was stopped meanwhile."""
        if not self._failures:
            self._say(f"vigie: the feed of events broke off and is opened again; see {self._log}")
        pause_seconds = self._pauses[min(self._failures, len(self._pauses) - 1)]
        self._failures += 1
        if self._stopped.wait(pause_seconds):
            return False
        with self._lock:
            if self._stopped.is_set():
                return False
            # Broken off before the first event, it begins with all of them and passes by the old.
            self._tail = self._open("--after", str(self._last or 0))
        return True

    def _open(self, *words: str) -> Process:
        arguments = ["events", "tail", "--json", "--data", str(self._data), *words]
        return Process("events tail", arguments, self._log)
