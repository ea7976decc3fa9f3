"""Health: each fault starts once, says why, and ends."""

from itertools import count
from typing import NamedTuple

import numpy as np

from edge.eye.frame import Plane
from edge.eye.health import CameraHealth, DeviceHealth, Readings
from edge.site.model import Health
from edge.wire.event import Event
from tests.edge.eye.drawn import phases
from tests.fakes.clock import FakeClock

SECOND_NS = 1_000_000_000
UTC_NS = 1_790_000_000_000_000_000


class Told(NamedTuple):
    rule: str
    phase: int
    reason: str


def told(events: list[Event]) -> list[Told]:
    return [Told(event.rule, int(event.phase), event.reason) for event in events]


def watched(pictures: list[Plane], health: CameraHealth | None = None) -> list[Event]:
    """Events over pictures that are a second apart."""
    health = health or CameraHealth("north", Health(), count(1))
    events: list[Event] = []
    for index, picture in enumerate(pictures):
        now_ns = index * SECOND_NS
        events += health.look(picture, UTC_NS + now_ns, now_ns)
    return events


def noise(mean: float, spread: float, pictures: int) -> list[Plane]:
    rng = np.random.default_rng(5)
    return [
        np.asarray(rng.normal(mean, spread, (180, 320)).clip(0, 255), np.uint8)
        for _ in range(pictures)
    ]


def test_a_living_picture_is_healthy() -> None:
    assert watched(noise(100, 20, 60)) == []


def test_the_same_picture_for_ten_seconds_is_frozen_until_it_moves() -> None:
    living = noise(100, 20, 40)
    events = watched([*living[:5], *([living[5]] * 20), *living[6:]])
    assert told(events) == [
        ("health/camera_frozen/north", 1, ""),
        ("health/camera_frozen/north", 3, ""),
    ]
    assert events[0].duration_ms == 10_000


def test_darkness_is_dark_and_not_also_covered() -> None:
    assert told(watched(noise(4, 1, 20))) == [("health/camera_dark/north", 1, "")]


def test_a_cloth_over_the_lens_is_covered() -> None:
    flat = noise(90, 0.8, 20)
    events = watched([*noise(90, 20, 5), *flat, *noise(90, 20, 10)])
    assert [(event.rule, event.phase) for event in events] == [
        ("health/camera_covered/north", 1),
        ("health/camera_covered/north", 3),
    ]


def test_an_outage_is_one_incident_with_its_reason() -> None:
    health = CameraHealth("north", Health(), count(1))
    events = [
        *health.lose("timeout", UTC_NS, 0),
        *health.lose("timeout", UTC_NS + 5 * SECOND_NS, 5 * SECOND_NS),
        *health.lose("timeout", UTC_NS + 301 * SECOND_NS, 301 * SECOND_NS),
        *health.open(UTC_NS + 302 * SECOND_NS, 302 * SECOND_NS),
        *health.lose("refused", UTC_NS + 400 * SECOND_NS, 400 * SECOND_NS),
    ]
    assert told(events) == [
        ("health/camera_lost/north", 1, "timeout"),
        ("health/camera_lost/north", 2, "timeout"),
        ("health/camera_lost/north", 3, "timeout"),
        ("health/camera_lost/north", 1, "refused"),
    ]
    assert phases(events) == [(1, 1), (1, 2), (1, 3), (2, 1)]


def device(  # noqa: PLR0917 - one argument a reading
    clock: FakeClock,
    health: DeviceHealth,
    free_bytes: int | None = 10**10,
    celsius: float | None = 40.0,
    trouble: str = "",
    refused: bool = False,
) -> list[Told]:
    clock.advance(1.0)
    readings = Readings(clock.utc_ns(), clock.monotonic_ns(), free_bytes, trouble, celsius, refused)
    return told(health.look(readings))


def test_a_full_disk_is_told_with_hysteresis() -> None:
    clock, health = FakeClock(), DeviceHealth(Health(min_free_mb=200), count(1))
    assert device(clock, health) == []
    assert device(clock, health, 199_000_000) == [("health/storage", 1, "low_space")]
    assert device(clock, health, 210_000_000) == []
    assert device(clock, health, 230_000_000) == [("health/storage", 3, "low_space")]
    assert device(clock, health, None) == [("health/storage", 1, "unreadable")]


def test_a_spool_that_does_not_take_events_is_storage() -> None:
    clock, health = FakeClock(), DeviceHealth(Health(), count(1))
    assert device(clock, health, trouble="not_writable") == [("health/storage", 1, "not_writable")]


def test_heat_is_told_with_hysteresis() -> None:
    clock, health = FakeClock(), DeviceHealth(Health(max_celsius=80.0), count(1))
    heat = [device(clock, health, celsius=celsius) for celsius in (79.0, 81.0, 78.0, 74.0)]
    assert heat == [[], [("health/thermal", 1, "")], [], [("health/thermal", 3, "")]]
    assert device(clock, health, celsius=None) == []


def test_a_refused_site_file_is_told_until_a_good_one_comes() -> None:
    clock, health = FakeClock(), DeviceHealth(Health(), count(1))
    assert device(clock, health, refused=True) == [("health/site", 1, "site_rejected")]
    assert device(clock, health) == [("health/site", 3, "site_rejected")]


def mandate(clock: FakeClock, health: DeviceHealth, *reasons: str) -> list[tuple[int, str]]:
    """Phase and reason of what is told over these seconds, one reason each."""
    found = []
    for reason in reasons:
        clock.advance(1.0)
        readings = Readings(clock.utc_ns(), clock.monotonic_ns(), 10**10, mandate_reason=reason)
        found += [each[1:] for each in told(health.look(readings)) if each[0] == "health/mandate"]
    return found


def test_a_start_is_quiet_when_its_clock_is_proven_soon() -> None:
    clock, health = FakeClock(), DeviceHealth(Health(), count(1))
    assert mandate(clock, health, *["clock_unproven"] * 8, "", "") == []


def test_a_clock_that_stays_unproven_is_told_after_eight_seconds() -> None:
    clock, health = FakeClock(), DeviceHealth(Health(), count(1))
    assert mandate(clock, health, *["clock_unproven"] * 8) == []
    assert mandate(clock, health, "clock_unproven") == [(1, "clock_unproven")]
    assert mandate(clock, health, "clock_unproven", "") == [(3, "clock_unproven")]
    # Its next trouble is as young as the first was.
    assert mandate(clock, health, *["clock_unproven"] * 8, "") == []


def test_any_other_reason_is_told_at_once_and_a_young_clock_does_not_end_it() -> None:
    clock, health = FakeClock(), DeviceHealth(Health(), count(1))
    assert mandate(clock, health, "clock_unproven", "revoked") == [(1, "revoked")]
    assert mandate(clock, health, "clock_unproven", "revoked", "clock_unproven") == []
    assert mandate(clock, health, "") == [(3, "revoked")]
