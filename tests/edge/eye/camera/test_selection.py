"""Which pictures are analysed."""

import random

import pytest

from edge.eye.camera.selection import Selection


def choose(times_ns: list[int], pictures_per_second: float) -> list[int]:
    selection = Selection(pictures_per_second)
    return [time_ns for time_ns in times_ns if selection.chooses(time_ns)]


@pytest.mark.parametrize("camera_fps", [10.0, 12.5, 15.0, 25.0, 29.97, 30.0, 60.0])
def test_a_minute_yields_ten_a_second_from_any_faster_camera(camera_fps: float) -> None:
    times_ns = [round(number * 1e9 / camera_fps) for number in range(round(60 * camera_fps))]
    assert len(choose(times_ns, 10.0)) == pytest.approx(600, abs=3)


def test_a_slow_camera_keeps_every_picture() -> None:
    times_ns = [round(number * 1e9 / 6) for number in range(60)]
    assert choose(times_ns, 10.0) == times_ns


def test_jitter_does_not_cost_pictures_at_equal_rates() -> None:
    chance = random.Random(3)
    times_ns = [round(number * 1e8 + chance.uniform(-2e7, 2e7)) for number in range(600)]
    assert len(choose(times_ns, 10.0)) > 590


def test_a_gap_is_not_made_up_for_by_a_burst() -> None:
    times_ns = [0, *(10_000_000_000 + number * 10_000_000 for number in range(100))]
    chosen = choose(times_ns, 10.0)
    assert len(chosen) <= 12
