"""How fast a clip goes up: as fast as the uplink bears while no queue stands before its events.

Pure: time comes in, what may be sent comes out. Whether a queue stands is told by the collector's
answers. Each chunk is answered once it is stored; how much longer the fastest answer of a round
took than the fastest of the last seconds is the queue. While there is none the rate climbs, each
round by more; a queue above the target is drained at less than what arrived meanwhile. Each drain
shows anew how fast an answer can be, so our own queue is never taken for the length of the line.

Near in kind: LEDBAT (RFC 6817) for the target and the two minima, LEDBAT++ for decreasing by a
share and for not letting a queue stand, BBR for measuring what arrives. Their window of bytes is
here only a bound: one chunk takes the line for a time that an event may wait, whatever its width.
"""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

# Nobody's plan is told to us; more than this a pole does not take of any line.
DEFAULT_BITS_PER_SECOND = 20_000_000
# What a line bears that is good for anything; a clip goes at no less.
LEAST_BYTES_PER_SECOND = 4_000.0
FIRST_BYTES_PER_SECOND = 16_000.0
# How long one chunk keeps the line, where that is more than the smallest chunk; below that one,
# headers would take more than they save.
CHUNK_NS = 10_000_000
MIN_CHUNK_BYTES = 768
# The longest queue an event should meet.
TARGET_NS = 20_000_000
# What a round may grow by: at first, after a queue, and each further round without one.
FIRST_GROWTH, LEAST_GROWTH, GROWTH_STEP, MOST_GROWTH = 0.3, 0.02, 0.02, 0.06
DRAIN_SHARE = 0.8
# The line bears so much of the rate at which a queue showed; what is lost below it, to a machine
# that stood still for a moment, comes back as fast as at first.
BORNE_SHARE = 0.75
# Of so many answers the fastest says how long a queue is: a busy collector's are late now and then.
ANSWERS = 4
# So much more than arrives may be under way, whatever the rate: a line that breaks in is seen late.
BOUND_SHARE = 1.1
# How fast an answer can be is forgotten after one to two of these: lines change.
MEMORY_NS = 8_000_000_000
_NS = 1_000_000_000


class Manners(NamedTuple):
    """How much a stream may stand in an event's way.

    target_ns: the longest queue; chunk_ns: how long one chunk keeps the line; most_chunk_bytes: on
    whatever line.
    """

    target_ns: int
    chunk_ns: int
    most_chunk_bytes: int


# A clip goes the same way as events. What comes down stands before their acks only, which nobody
# waits for; and a small machine that is busy answers later than a queue of 20 ms would.
UP = Manners(TARGET_NS, CHUNK_NS, most_chunk_bytes=32_768)
DOWN = Manners(target_ns=200_000_000, chunk_ns=100_000_000, most_chunk_bytes=65_536)


@dataclass(frozen=True, slots=True)
class _Flight:
    """A chunk without an answer. end: all that was sent up to it; stored: all that was answered."""

    end_bytes: int
    stored_bytes: int
    sent_ns: int


class _Answer(NamedTuple):
    """How long a chunk's answer took, and how much was stored for each second of that."""

    at_ns: int
    took_ns: int
    bytes_per_second: float


class Pace:
    """One stream's. Bytes are counted from the stream's first."""

    def __init__(self, most_bits_per_second: int, now_ns: int, manners: Manners = UP) -> None:
        """most_bits_per_second: whatever the line bears."""
        self._target_ns, self._chunk_ns, self._most_chunk_bytes = manners
        self._most = max(LEAST_BYTES_PER_SECOND, most_bits_per_second / 8)
        self._rate = min(FIRST_BYTES_PER_SECOND, self._most)
        self._growth = FIRST_GROWTH
        self._borne = 0.0
        self._is_draining = False
        self._flights: deque[_Flight] = deque()
        self._answers: deque[_Answer] = deque(maxlen=ANSWERS)
        self._sent_bytes = self._stored_bytes = self._changed_bytes = 0
        self._next_ns = self._forget_ns = now_ns
        self._fastest_ns = self._fastest_before_ns = 0
        self._queue_before_ns = 0

    @property
    def bytes_per_second(self) -> float:
        """What it tries to send now."""
        return self._rate

    @property
    def chunk_bytes(self) -> int:
        """How large the next chunk should be."""
        borne_bytes = int(self._rate * self._chunk_ns / _NS)
        return min(self._most_chunk_bytes, max(MIN_CHUNK_BYTES, borne_bytes))

    def get_wait_ns(self, now_ns: int) -> int | None:
        """How long until the next chunk may go; None: not before an answer."""
        arrives = BOUND_SHARE * max((each.bytes_per_second for each in self._answers), default=0.0)
        bound_bytes = min(self._rate, arrives) * (self._get_base_ns() + 2 * self._target_ns) / _NS
        if self._sent_bytes - self._stored_bytes >= max(bound_bytes, 2 * self.chunk_bytes):
            return None
        return max(0, self._next_ns - now_ns)

    def note_sent(self, size_bytes: int, now_ns: int) -> None:
        """A chunk was handed over."""
        self._sent_bytes += size_bytes
        self._flights.append(_Flight(self._sent_bytes, self._stored_bytes, now_ns))
        # From when it was due where that is a little ago, so that a late waking costs no rate.
        due_ns = max(self._next_ns, now_ns - self._chunk_ns)
        self._next_ns = due_ns + round(size_bytes / self._rate * _NS)

    def note_stored(self, stored_bytes: int, now_ns: int) -> None:
        """The collector has so much of what was sent; less than before says nothing."""
        while self._flights and self._flights[0].end_bytes <= stored_bytes:
            flight = self._flights.popleft()
            self._stored_bytes = flight.end_bytes
            self._learn(flight, now_ns)

    def _learn(self, flight: _Flight, now_ns: int) -> None:
        took_ns = max(1, now_ns - flight.sent_ns)
        if now_ns - self._forget_ns >= MEMORY_NS:
            self._fastest_before_ns, self._fastest_ns = self._fastest_ns, 0
            self._forget_ns = now_ns
        self._fastest_ns = min(self._fastest_ns or took_ns, took_ns)
        arrived = (self._stored_bytes - flight.stored_bytes) / took_ns * _NS
        if self._answers and now_ns - self._answers[-1].at_ns < CHUNK_NS // 2:
            # What comes together was held up together, by a machine and not by the line.
            took_ns = min(took_ns, self._answers.pop().took_ns)
        self._answers.append(_Answer(now_ns, took_ns, arrived))
        if len(self._answers) == ANSWERS:
            queue_ns = min(each.took_ns for each in self._answers) - self._get_base_ns()
            self._decide(queue_ns, is_settled=flight.end_bytes > self._changed_bytes)

    def _get_base_ns(self) -> int:
        known = [each for each in (self._fastest_ns, self._fastest_before_ns) if each]
        return min(known, default=0)

    def _decide(self, queue_ns: int, *, is_settled: bool) -> None:
        """is_settled: the answer is to a chunk sent at the present rate."""
        if self._is_draining and not is_settled:
            return
        if self._is_draining and queue_ns <= self._target_ns // 2:
            self._is_draining = False
        elif self._is_draining and (
            queue_ns >= self._queue_before_ns or self._get_arrived() < self._rate
        ):
            self._drain()
        elif not self._is_draining and queue_ns > self._target_ns:
            self._is_draining = True
            self._borne = BORNE_SHARE * self._rate
            self._drain()
        elif not self._is_draining and is_settled:
            self._climb(queue_ns)
        else:
            return
        self._queue_before_ns = queue_ns
        self._changed_bytes = self._sent_bytes

    def _get_arrived(self) -> float:
        return max(each.bytes_per_second for each in self._answers)

    def _climb(self, queue_ns: int) -> None:
        slower = max(0.25, 1 - queue_ns / self._target_ns)
        grown = self._rate * (1 + self._growth * slower)
        if self._rate < self._borne:
            grown = max(grown, min(self._rate * (1 + FIRST_GROWTH * slower), self._borne))
        # Twice what arrives was never tried: somebody else is slower than the line.
        self._rate = max(self._rate, min(grown, 2 * self._get_arrived(), self._most))
        if self._growth < MOST_GROWTH:
            self._growth = min(self._growth + GROWTH_STEP, MOST_GROWTH)

    def _drain(self) -> None:
        self._growth = LEAST_GROWTH
        rate = DRAIN_SHARE * min(self._rate, self._get_arrived())
        self._rate = max(rate, self._rate / 2, LEAST_BYTES_PER_SECOND)
