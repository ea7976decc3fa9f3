"""From a picture to the input tensor: values, colours, layout, and where the frame ends up."""

from dataclasses import replace

import numpy as np
import pytest

from edge.eye.detector.preprocess import WHOLE, prepare
from tests.edge.eye.detector.heads import shipped

SSD = shipped("ssd-coco15").input
UINT8 = shipped("ssd-v1-uint8").input
YOLOX = shipped("yolox-nano").input
RAMP = np.arange(300 * 300 * 3, dtype=np.uint32).astype(np.uint8).reshape(300, 300, 3)


def test_an_int8_input_stores_pixel_minus_128() -> None:
    stored, placing = prepare(RAMP, SSD)
    assert (stored.shape, stored.dtype, placing) == ((1, 300, 300, 3), np.dtype("int8"), WHOLE)
    np.testing.assert_array_equal(stored[0].astype(np.int16), RAMP.astype(np.int16) - 128)


def test_a_uint8_input_stores_the_pixel() -> None:
    stored, _ = prepare(RAMP, UINT8)
    np.testing.assert_array_equal(stored[0], RAMP)


def test_a_float_input_stores_pixel_by_scale_plus_offset() -> None:
    wanted = replace(SSD, element="float32", scale=2 / 255, offset=-1.0)
    stored, _ = prepare(RAMP, wanted)
    assert stored.dtype == np.float32
    assert (float(stored.min()), float(stored.max())) == pytest.approx((-1, 1))


def test_a_stretched_picture_fills_the_input() -> None:
    wide = np.full((100, 400, 3), 7, np.uint8)
    stored, placing = prepare(wide, UINT8)
    assert placing == WHOLE
    assert (stored == 7).all()


def test_a_letterboxed_picture_lies_top_left_with_a_border() -> None:
    wide = np.zeros((104, 208, 3), np.uint8)
    stored, placing = prepare(wide, YOLOX)
    assert (stored.shape, stored.dtype) == ((1, 3, 416, 416), np.dtype("float32"))
    assert (placing.width_frac, placing.height_frac) == (1.0, 0.5)
    assert not stored[0, :, :208].any()
    assert (stored[0, :, 208:] == YOLOX.pad).all()


def test_a_model_that_wants_blue_first_gets_it() -> None:
    red = np.zeros((416, 416, 3), np.uint8)
    red[..., 0] = 200
    stored, _ = prepare(red, YOLOX)
    assert stored[0, :, 0, 0].tolist() == [0, 0, 200]


def test_the_callers_picture_is_left_as_it_was() -> None:
    before = RAMP.copy()
    prepare(RAMP, SSD)
    np.testing.assert_array_equal(RAMP, before)
