from pathlib import Path

import numpy as np
import pytest

from edge.site.check import read_site
from edge.site.draw import MASK_COLOUR, MIN_WIDTH_PX, draw_site, grid_still
from edge.site.label import Pen, Rect
from edge.site.model import SiteFile


@pytest.fixture
def site(repository: Path) -> SiteFile:
    return read_site(repository / "tests/corpus/site/complete.toml")


def test_a_small_still_is_enlarged_and_kept_unchanged(site: SiteFile) -> None:
    still = np.full((180, 320, 3), 90, np.uint8)
    picture = draw_site(still, site, site.cameras[0])
    assert picture.shape[1] == MIN_WIDTH_PX
    assert picture.shape[0] > 720, "the key of the rules stands below the picture"
    assert (still == 90).all()


def test_zones_lines_masks_and_figures_leave_their_marks_where_they_are(site: SiteFile) -> None:
    plain = grid_still()
    picture = draw_site(plain, site, site.cameras[0])[: plain.shape[0]]

    def changed(x_frac: float, y_frac: float) -> bool:
        row, column = round(y_frac * 719), round(x_frac * 1279)
        area = np.s_[row - 2 : row + 3, column - 2 : column + 3]
        return bool((picture[area] != plain[area]).any())

    assert changed(0.05, 0.60), "the zone's corner"
    assert changed(0.45, 0.525), "the middle of the line"
    assert changed(0.25, 0.50 - 0.18 / 2), "the middle of the figure that stands at 0.50"
    assert not changed(0.03, 0.03), "a spot that the site file does not name"
    assert (picture[20:40, 1130:1250] == MASK_COLOUR).all(axis=2).any()


def test_nothing_of_the_picture_is_seen_through_a_mask(site: SiteFile) -> None:
    dark, bright = (np.full((720, 1280, 3), level, np.uint8) for level in (0, 255))
    rows, columns = slice(30, 140), slice(1060, 1240)
    first = draw_site(dark, site, site.cameras[0])[rows, columns]
    second = draw_site(bright, site, site.cameras[0])[rows, columns]
    assert (first == second).all()


def test_only_the_cameras_own_places_are_drawn(site: SiteFile) -> None:
    plain = grid_still()
    south = draw_site(plain, site, site.cameras[1])[: plain.shape[0]]
    assert (south[300:320, 1220:1270] == plain[300:320, 1220:1270]).all()


def test_labels_do_not_hide_each_other_while_there_is_room() -> None:
    pen = Pen(np.zeros((720, 1280, 3), np.uint8), 18)
    for index in range(20):
        pen.label([f"zone number-{index}", "intrusion"], [(640, 360)], (90, 40, 20))
    for index, spot in enumerate(pen.taken):
        assert not any(spot.overlap_px2(other) for other in pen.taken[index + 1 :])
        assert spot.left >= 0
        assert spot.top >= 0
        assert spot.left + spot.width < 1280
        assert spot.top + spot.height < 720


def test_overlap_is_counted_in_pixels() -> None:
    assert Rect(0, 0, 10, 10).overlap_px2(Rect(5, 5, 10, 10)) == 25
    assert Rect(0, 0, 10, 10).overlap_px2(Rect(10, 0, 10, 10)) == 0
