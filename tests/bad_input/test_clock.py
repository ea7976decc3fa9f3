"""Clocks that lie: what is wrong → what the device says of it, and when it trusts it again."""

import itertools

import pytest

from edge.eye.health import DeviceHealth, Readings
from edge.site.model import Health
from tests.fakes.clock import FakeClock

YEAR_1970_NS = 5_000_000_000
STEADY_SECONDS = 60


def looked(clock: FakeClock, health: DeviceHealth) -> list[tuple[int, str]]:
    clock.advance(1.0)
    readings = Readings(clock.utc_ns(), clock.monotonic_ns(), 10**10)
    return [(int(event.phase), event.reason) for event in health.look(readings)]


@pytest.mark.parametrize(
    ("step_seconds", "told"),
    [
        (-3600.0, [(1, "stepped_back")]),
        (3600.0, [(1, "stepped_forward")]),
        (-2.5, [(1, "stepped_back")]),
        (1.0, []),
        (-1.0, []),
    ],
)
def test_a_step_of_the_wall_clock(step_seconds: float, told: list[tuple[int, str]]) -> None:
    clock, health = FakeClock(), DeviceHealth(Health(), itertools.count(1))
    assert looked(clock, health) == []
    clock.step_utc(step_seconds)
    assert looked(clock, health) == told


def test_a_leap_smear_is_no_step() -> None:
    clock, health = FakeClock(), DeviceHealth(Health(), itertools.count(1))
    for _ in range(86_400 // 60):
        clock.step_utc(1.0 / 86_400 * 60)
        assert looked(clock, health) == []


def test_a_stepped_clock_is_trusted_again_after_a_steady_minute() -> None:
    clock, health = FakeClock(), DeviceHealth(Health(), itertools.count(1))
    looked(clock, health)
    clock.step_utc(-3600.0)
    told = [looked(clock, health) for _ in range(STEADY_SECONDS + 1)]
    assert told[0] == [(1, "stepped_back")]
    assert told[-1] == [(3, "stepped_back")]
    assert not any(told[1:-1])


def test_a_clock_in_1970_is_told_until_it_is_set() -> None:
    clock = FakeClock(utc_ns=YEAR_1970_NS)
    health = DeviceHealth(Health(), itertools.count(1))
    assert looked(clock, health) == [(1, "not_set")]
    clock.step_utc(1_790_000_000.0)
    told = [each for _ in range(2 * STEADY_SECONDS) for each in looked(clock, health)]
    assert told == [(3, "stepped_forward")]
