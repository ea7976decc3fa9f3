"""In any weather the gate opens in every frame in which somebody walks down the drawn street."""

from fractions import Fraction
from pathlib import Path

import pytest

from edge.eye.camera import Replay, frames
from edge.eye.gate import Gate
from edge.eye.picture import small_luma
from edge.eye.sim.street import Street
from edge.site.model import Camera
from tools.weather_film import WEATHERS, make_film

# The first walker comes in at second 2 + 7.4: all of the film has somebody on the pavement.
FIRST, PICTURES, WARM = 125, 60, 12


@pytest.mark.parametrize("weather", WEATHERS)
def test_no_frame_in_which_somebody_walks_is_missed(tmp_path: Path, weather: str) -> None:
    street = Street()
    numbers = range(FIRST, FIRST + PICTURES)
    for number in numbers:
        people = [each for each in street.list_truth(number) if each.object_class == "person"]
        assert people, "the scene has changed: choose other pictures"
    drawn = (street.draw(number) for number in numbers)
    per_second = Fraction(street.pictures_per_second)
    film = make_film(tmp_path / "film.mp4", drawn, per_second, WEATHERS[weather])
    gate = Gate()
    is_open = [
        gate.look(small_luma(frame), frame.captured_monotonic_ns).is_active
        for frame in frames(Camera("one", f"file:{film}", analysis_fps=60.0), Replay(0))
    ]
    assert len(is_open) == PICTURES
    assert all(is_open[WARM:])
