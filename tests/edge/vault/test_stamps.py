"""P14 in the ring: labels never run back, and their error is stated, whatever the clock does."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.vault.stamps import Timekeeper

START_NS = 1_790_000_000_000_000_000
SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS
FRAME_NS = 40_000_000


@dataclass(frozen=True, slots=True)
class Told:
    """One packet: what the clocks said and what the ring says."""

    true_ns: int
    wall_ns: int
    label_ns: int
    error_ms: int | None
    has_stepped: bool


def run(offset_at: dict[int, int], packets: int, error_ms: int | None = 5) -> list[Told]:
    """Even packets; from the packet in offset_at on, the wall clock is off by so much."""
    keeper = Timekeeper()
    told = []
    offset_ns = 0
    for number in range(packets):
        offset_ns = offset_at.get(number, offset_ns)
        true_ns = START_NS + number * FRAME_NS
        wall_ns = true_ns + offset_ns
        stamp = keeper.stamp(wall_ns, number * FRAME_NS, error_ms, wall_ns)
        told.append(Told(true_ns, wall_ns, stamp.utc_ns, stamp.error_ms, stamp.has_stepped))
    return told


def check(told: list[Told]) -> None:
    """Labels grow, and the wall clock is never farther off than the stated error."""
    assert all(a.label_ns < b.label_ns for a, b in pairwise(told))
    for each in told:
        assert each.error_ms is not None
        assert abs(each.label_ns - each.wall_ns) <= each.error_ms * 1_000_000


def test_an_even_clock_is_followed_to_the_nanosecond() -> None:
    told = run({}, 100)
    check(told)
    assert all(each.label_ns == each.wall_ns and each.error_ms == 5 for each in told)


def test_a_step_forwards_is_taken_over_and_said_once() -> None:
    told = run({50: HOUR_NS}, 100)
    check(told)
    assert [each.has_stepped for each in told].count(True) == 1
    assert told[50].has_stepped
    assert told[50].label_ns == told[50].wall_ns


def test_after_a_step_back_labels_go_on_and_say_how_far_they_are_off() -> None:
    told = run({50: -HOUR_NS}, 250)
    check(told)
    assert told[50].error_ms == pytest.approx(3_600_000, rel=0.001)
    assert (told[-1].error_ms or 0) < (told[50].error_ms or 0)


def test_after_a_step_back_the_clock_catches_up() -> None:
    told = run({50: -10 * SECOND_NS}, 50 + 25 * 25)
    check(told)
    assert told[-1].error_ms == pytest.approx(0, abs=260)
    assert not any(each.has_stepped for each in told)


def test_a_clock_that_falls_to_1970_takes_no_label_back() -> None:
    told = run({50: -START_NS}, 60)
    check(told)
    assert told[-1].error_ms is not None
    assert told[-1].error_ms > 50 * 365 * 86_400_000


def test_a_clock_that_is_not_proven_states_no_error() -> None:
    assert all(each.error_ms is None for each in run({}, 5, error_ms=None))


def test_a_smeared_leap_second_is_followed_without_a_step() -> None:
    """A second over a day is 12 ppm; here a thousand times as fast."""
    keeper = Timekeeper()
    for number in range(2_000):
        monotonic_ns = number * FRAME_NS
        wall_ns = START_NS + monotonic_ns + round(monotonic_ns * 0.0125)
        stamp = keeper.stamp(wall_ns, monotonic_ns, 5, wall_ns)
        assert not stamp.has_stepped
        assert abs(stamp.utc_ns - wall_ns) <= 1_000_000


def test_a_capture_time_after_the_vaults_own_clock_is_not_believed() -> None:
    stamp = Timekeeper().stamp(START_NS + 70 * 365 * 24 * HOUR_NS, 0, 5, START_NS)
    assert stamp.utc_ns == START_NS + 2 * SECOND_NS
    assert stamp.error_ms is not None
    assert stamp.error_ms > 69 * 365 * 86_400_000


def test_a_restart_with_a_clock_a_day_back_goes_on_from_the_newest_label() -> None:
    keeper = Timekeeper(START_NS)
    day_ns = 24 * HOUR_NS
    stamp = keeper.stamp(START_NS - day_ns, 0, 5, START_NS - day_ns)
    assert stamp.utc_ns == START_NS + 1
    assert stamp.error_ms == 86_400_001


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(-(10**13), 10**13), st.integers(0, 10**11), st.integers(0, 5_000)),
        max_size=60,
    )
)
def test_labels_grow_and_errors_hold_whatever_two_clocks_say(
    steps: list[tuple[int, int, int]],
) -> None:
    keeper = Timekeeper()
    wall_ns, monotonic_ns, last_ns = START_NS, 0, 0
    for wall_step_ns, passed_ns, error_ms in steps:
        wall_ns, monotonic_ns = max(0, wall_ns + wall_step_ns), monotonic_ns + passed_ns
        stamp = keeper.stamp(wall_ns, monotonic_ns, error_ms, wall_ns)
        assert stamp.utc_ns > last_ns
        assert stamp.error_ms is not None
        assert abs(stamp.utc_ns - wall_ns) <= max(stamp.error_ms, 1) * 1_000_000
        last_ns = stamp.utc_ns
