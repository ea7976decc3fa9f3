"""The pace on a drawn line: one queue, one width, answers that are late now and then. No clock."""

import heapq
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.link.pace import (
    DEFAULT_BITS_PER_SECOND,
    DOWN,
    MIN_CHUNK_BYTES,
    TARGET_NS,
    UP,
    Manners,
    Pace,
)

MS, NS = 1_000_000, 1_000_000_000
HEAD_BYTES, PACKET_BYTES, PACKET_HEAD_BYTES = 60, 1_400, 52
LOOK_EVERY_NS = 10 * MS


@dataclass
class Line:
    """An uplink with one queue in which an event would wait too; what it does may change.

    busy_ms: an answer is up to so much later because the pole has more to do.
    """

    bits_per_second: float
    round_trip_ms: int
    seed: int = 1
    manners: Manners = UP
    busy_ms: int = 0
    queues_ns: list[int] = field(default_factory=list)
    stored_bytes: int = 0
    _now_ns: int = 0
    _sent_bytes: int = 0
    _free_ns: int = 0
    _answers: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self.pace = Pace(DEFAULT_BITS_PER_SECOND, 0, self.manners)

    def run(self, seconds: float) -> float:
        """Let an upload go on so long; bits stored a second in that time."""
        end_ns, stored_before = self._now_ns + round(seconds * NS), self.stored_bytes
        while self._now_ns < end_ns:
            wait_ns = self.pace.get_wait_ns(self._now_ns)
            # The machine wakes a little late.
            turn_ns = None if wait_ns is None else self._now_ns + wait_ns + self._draw_ns(1)
            answer_ns = self._answers[0][0] if self._answers else None
            next_ns = min(each for each in (turn_ns, answer_ns) if each is not None)
            self._look_until(next_ns)
            self._now_ns = next_ns
            if answer_ns == next_ns:
                self.stored_bytes = heapq.heappop(self._answers)[1]
                self.pace.note_stored(self.stored_bytes, next_ns)
            else:
                self._send()
        return (self.stored_bytes - stored_before) * 8 / seconds

    def get_queue_ms(self, percent: float, seconds: float) -> float:
        """How long an event would have waited, of so many last seconds."""
        waits = sorted(self.queues_ns[-round(seconds * NS / LOOK_EVERY_NS) :])
        return waits[min(len(waits) - 1, int(len(waits) * percent / 100))] / MS

    def _look_until(self, until_ns: int) -> None:
        while (look_ns := len(self.queues_ns) * LOOK_EVERY_NS) < until_ns:
            self.queues_ns.append(max(0, self._free_ns - look_ns))

    def _send(self) -> None:
        chunk = self.pace.chunk_bytes
        packets = 1 + chunk // PACKET_BYTES
        self._sent_bytes += chunk
        wire_bits = (chunk + HEAD_BYTES + packets * PACKET_HEAD_BYTES) * 8
        self._free_ns = max(self._free_ns, self._now_ns)
        self._free_ns += round(wire_bits / self.bits_per_second * NS)
        late_ns = self._draw_ns(2) + (self._rng.randrange(60 * MS) if self._draw(0.03) else 0)
        late_ns += self._rng.randrange(self.busy_ms * MS) if self.busy_ms else 0
        answer_ns = self._free_ns + self.round_trip_ms * MS + late_ns
        answer_ns = max(answer_ns, max((at for at, _ in self._answers), default=0))
        heapq.heappush(self._answers, (answer_ns, self._sent_bytes))
        self.pace.note_sent(chunk, self._now_ns)

    def _draw_ns(self, mean_ms: float) -> int:
        return round(self._rng.expovariate(1 / (mean_ms * MS)))

    def _draw(self, chance: float) -> bool:
        return self._rng.random() < chance


@pytest.mark.parametrize("round_trip_ms", [2, 60, 300])
@pytest.mark.parametrize("kbit", [128, 256, 1_000, 10_000, 18_000])
def test_a_line_of_any_width_is_used_and_no_queue_stands_in_it(
    kbit: int, round_trip_ms: int
) -> None:
    line = Line(kbit * 1000, round_trip_ms)
    line.run(5)
    assert line.run(30) >= 0.7 * kbit * 1000
    chunk_ms = MIN_CHUNK_BYTES * 8 / kbit
    assert line.get_queue_ms(50, 35) <= TARGET_NS / MS + chunk_ms
    assert line.get_queue_ms(99, 35) <= 3 * TARGET_NS / MS + 2 * chunk_ms


def test_a_line_that_breaks_in_is_left_within_seconds() -> None:
    line = Line(10_000_000, 60)
    line.run(10)
    line.bits_per_second = 256_000
    line.run(8)
    assert line.run(10) >= 0.6 * 256_000
    assert line.get_queue_ms(99, 10) <= 300


def test_a_line_that_widens_is_used() -> None:
    line = Line(256_000, 60)
    line.run(10)
    line.bits_per_second = 10_000_000
    line.run(10)
    assert line.run(10) >= 0.7 * 10_000_000


def test_a_longer_way_is_not_taken_for_a_queue_for_good() -> None:
    line = Line(1_000_000, 60)
    line.run(20)
    line.round_trip_ms = 150
    line.run(25)
    assert line.run(10) >= 0.7 * 1_000_000


def test_a_bound_that_was_set_holds_on_a_wide_line() -> None:
    pace, now_ns, sent_bytes = Pace(1_000_000, 0), 0, 0
    while now_ns < 20 * NS:
        now_ns += pace.get_wait_ns(now_ns) or 0
        sent_bytes += pace.chunk_bytes
        pace.note_sent(pace.chunk_bytes, now_ns)
        now_ns += MS
        pace.note_stored(sent_bytes, now_ns)
    assert 0.8 * 1_000_000 <= sent_bytes * 8 / 20 <= 1_000_000


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3 * NS)), max_size=200))
def test_what_is_under_way_is_bounded_whatever_the_answers(
    steps: list[tuple[bool, int]],
) -> None:
    pace = Pace(DEFAULT_BITS_PER_SECOND, 0)
    now_ns = sent_bytes = stored_bytes = 0
    for is_answered, passes_ns in steps:
        now_ns += passes_ns
        if is_answered:
            stored_bytes = sent_bytes
            pace.note_stored(stored_bytes, now_ns)
        elif pace.get_wait_ns(now_ns) == 0:
            assert MIN_CHUNK_BYTES <= pace.chunk_bytes <= UP.most_chunk_bytes
            sent_bytes += pace.chunk_bytes
            pace.note_sent(pace.chunk_bytes, now_ns)
        if pace.get_wait_ns(now_ns) is None:
            assert sent_bytes > stored_bytes, "who sent nothing may begin"
    # Without a word from the collector nobody sends on for ever.
    for _ in range(10_000):
        wait_ns = pace.get_wait_ns(now_ns)
        if wait_ns is None:
            break
        now_ns += wait_ns
        pace.note_sent(pace.chunk_bytes, now_ns)
    else:
        pytest.fail("it never waits for an answer")


def test_a_busy_pole_takes_an_update_as_fast_as_its_line_bears() -> None:
    for seed in range(5):
        line = Line(20_000_000, 30, seed, manners=DOWN, busy_ms=120)
        line.run(30)
        assert line.run(30) > 0.6 * 20_000_000


def test_an_update_on_a_narrow_line_is_held_to_its_longer_queue() -> None:
    line = Line(256_000, 60, manners=DOWN)
    line.run(20)
    assert line.run(40) > 0.6 * 256_000
    chunk_ms = line.pace.chunk_bytes * 8 / 256
    assert line.get_queue_ms(50, 35) <= DOWN.target_ns / MS + chunk_ms
