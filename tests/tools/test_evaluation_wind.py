"""A clip in the wind: as long and as large as before, and moved as it says."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge.eye.film import Film
from tools.evaluation.wind import film_in_the_wind, way_px


def test_every_picture_is_moved_as_the_wind_says(tmp_path: Path) -> None:
    picture = np.full((120, 160, 3), 60, np.uint8)
    cv2.circle(picture, (80, 60), 12, (230, 230, 230), -1)
    with Film.at(tmp_path / "rest.mp4", 10) as film:
        for _ in range(30):
            film.add(picture)
    film_in_the_wind(tmp_path / "rest.mp4", 8, tmp_path / "wind.mp4")
    with av.open(str(tmp_path / "wind.mp4")) as source:
        assert source.streams.video[0].average_rate == 10
        pictures = [frame.to_ndarray(format="gray") for frame in source.decode(video=0)]
    assert len(pictures) == 30
    for number, each in enumerate(pictures):
        assert each.shape == (120, 160)
        moments = cv2.moments(cv2.inRange(each, np.array(150), np.array(255)))
        middle = (moments["m10"] / moments["m00"] - 80, moments["m01"] / moments["m00"] - 60)
        assert middle == pytest.approx(way_px(number / 10, 8), abs=0.7)
