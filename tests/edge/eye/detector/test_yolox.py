"""The YOLOX head: by hand, and on what OpenCV reads out of a real model."""

from pathlib import Path

import cv2
import numpy as np

from edge.eye.detector.decoders.yolox import grid_cells, make_yolox
from edge.eye.detector.nms import keep_best
from edge.eye.detector.preprocess import prepare
from tests.edge.eye.detector.heads import CAR, MOTORCYCLE, PERSON, answers, blank, shipped

CARD = shipped("yolox-nano")


def test_cells_run_by_stride_then_row_then_column() -> None:
    cells = grid_cells(416, 416, (8, 16, 32))
    assert cells.shape == (3549, 3)
    assert cells[1].tolist() == [1, 0, 8]
    assert cells[52].tolist() == [0, 1, 8]
    assert cells[52 * 52].tolist() == [0, 0, 16]
    assert cells[-1].tolist() == [12, 12, 32]


def test_a_cell_becomes_a_box_in_fractions_of_the_input() -> None:
    values = blank(CARD)
    row = 52 * 52 + 26 + 2
    values["grid"][0, row, :4] = [0.5, 0.25, np.log(4), np.log(2)]
    values["grid"][0, row, 4] = 0.8
    values["grid"][0, row, 5 + 2] = 0.5
    found = make_yolox(CARD)(answers(values))
    assert found.classes.tolist() == [CAR]
    np.testing.assert_allclose(found.scores, [0.4])
    # Cell (2, 1) of stride 16: centre 40, 20 px, size 64 x 32 px, in an input of 416 px.
    np.testing.assert_allclose(found.boxes * 416, [[8, 4, 72, 36]], rtol=1e-5)


def test_objectness_alone_is_not_enough() -> None:
    values = blank(CARD)
    values["grid"][0, :, 4] = 1
    assert not len(make_yolox(CARD)(answers(values)).scores)


def test_a_real_model_finds_the_rider_and_the_motorcycle(shared_dir: Path) -> None:
    net = cv2.dnn.readNetFromONNX(str(shared_dir / "models" / "yolox_nano_416.onnx"))
    file = shared_dir / "data" / "eval" / "pictures" / "coco" / "000000007816.jpg"
    read = cv2.imread(str(file))
    assert read is not None
    picture, placing = prepare(np.asarray(read[:, :, ::-1], np.uint8), CARD.input)
    assert (placing.width_frac, round(placing.height_frac, 2)) == (1.0, 0.67)
    net.setInput(picture)
    values = blank(CARD)
    values["grid"][...] = net.forward()
    found = make_yolox(CARD)(answers(values))
    kept = keep_best(found.boxes, found.scores, found.classes, CARD.overlap_max, 100)
    sure = kept[found.scores[kept] > 0.6]
    assert {PERSON, MOTORCYCLE} <= set(found.classes[sure].tolist())
    assert float(found.boxes[sure, 3].max()) <= placing.height_frac + 0.02
