"""Smaller brightness: what those who look at a whole frame share, and how near it is."""

import cv2
import numpy as np
import pytest

from edge.eye.frame import Frame, Plane
from edge.eye.picture import averaged, averaged_luma, small_luma


def make_frame(width_px: int, height_px: int) -> Frame:
    chance = np.random.default_rng(width_px)
    noise = chance.integers(0, 256, (height_px, width_px), np.uint8)
    luma: Plane = np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8)
    chroma = np.full((height_px // 2, width_px // 2), 128, np.uint8)
    return Frame("north", 0, 0, 0, width_px, height_px, luma, chroma, chroma)


@pytest.mark.parametrize("size_px", [(1920, 1080), (1280, 720), (768, 576), (640, 360), (300, 300)])
@pytest.mark.parametrize("target_px", [(320, 180), (300, 300), (416, 234), (416, 416)])
def test_the_whole_frame_comes_out_as_an_area_mean_does(
    size_px: tuple[int, int], target_px: tuple[int, int]
) -> None:
    frame = make_frame(*size_px)
    made = averaged_luma(frame, *target_px)
    assert made.shape == target_px[::-1]
    plain = averaged(frame.luma, *target_px)
    mean = cv2.resize(frame.luma, target_px, interpolation=cv2.INTER_AREA)
    off = np.abs(made.astype(int) - mean).mean()
    assert off <= np.abs(plain.astype(int) - mean).mean() + 0.75


def test_halves_are_made_once_and_nobody_gets_the_shared_one() -> None:
    frame = make_frame(1920, 1080)
    first = small_luma(frame)
    assert [half.shape for half in frame.halves] == [(540, 960), (270, 480)]
    kept = frame.halves[0].copy()
    made = averaged_luma(frame, 480, 270)
    made[:] = 0
    averaged_luma(frame, 300, 300)[:] = 0
    assert np.array_equal(frame.halves[0], kept)
    assert np.array_equal(small_luma(frame), first)
