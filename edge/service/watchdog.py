"""Telling whoever started us that real work goes on: systemd's notify protocol.

One datagram a message to the socket named in NOTIFY_SOCKET, as sd_notify(3) describes; without
that variable every call does nothing. A room feeds the watchdog only from where its own work
passes, so that a process that lives but makes no progress is started anew. `vigie edge run`
listens to the same words on a machine without systemd.
"""

import socket
from collections.abc import Mapping

from edge.clock import Clock

SOCKET_VARIABLE = "NOTIFY_SOCKET"
INTERVAL_VARIABLE = "WATCHDOG_USEC"
# Several words within one interval, so that a late datagram is not a death sentence.
_WORDS_AN_INTERVAL = 4


class Watchdog:
    """One process's line to its starter. Belongs to one thread; a call never blocks."""

    def __init__(self, address: str | None, interval_ns: int, clock: Clock) -> None:
        """Speak to `address` (a path, or `@` and an abstract name); None: to nobody.

        interval_ns: how often the starter wants to hear of progress; 0: not at all.
        """
        self._address = address and address.replace("@", "\0", 1)
        self._pause_ns = interval_ns // _WORDS_AN_INTERVAL
        self._clock = clock
        self._told_ns: int | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], clock: Clock) -> "Watchdog":
        """As systemd says it to the process it starts."""
        interval_us = environment.get(INTERVAL_VARIABLE, "0")
        interval_ns = int(interval_us) * 1_000 if interval_us.isdecimal() else 0
        return cls(environment.get(SOCKET_VARIABLE), interval_ns, clock)

    def tell_ready(self) -> None:
        """The room is open for work."""
        self._say("READY=1")

    def tell_stopping(self) -> None:
        """The end was asked for and is under way."""
        self._say("STOPPING=1")

    def feed(self) -> None:
        """Work has passed: a frame analysed, a fragment sealed, a word heard. Cheap."""
        if not self._pause_ns:
            return
        now_ns = self._clock.monotonic_ns()
        if self._told_ns is None or now_ns - self._told_ns >= self._pause_ns:
            self._told_ns = now_ns
            self._say("WATCHDOG=1")

    def _say(self, word: str) -> None:
        if self._address is None:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line:
            try:
                line.sendto(word.encode(), self._address)
            except OSError:
                # Nobody listens any more, or the line is full: the starter draws its own
                # conclusion from silence, and the work must not end for it.
                return
