"""YOLOX (Megvii, Apache-2.0) as a teacher, through onnxruntime."""

from pathlib import Path

import cv2
import numpy as np

from edge.eye.detector.decoders.yolox import grid_cells
from edge.eye.detector.nms import keep_best
from tools.training.classes import ANIMAL, BAG, BICYCLE, BUS, CAR, MOTORCYCLE, PERSON, TRUCK
from tools.training.sets import Bgr
from tools.training.teachers.sighting import Look, Sighting

# Places among COCO's 80 names: birds to cows; backpack, handbag, suitcase.
OF_COCO = {0: PERSON, 1: BICYCLE, 2: CAR, 3: MOTORCYCLE, 5: BUS, 7: TRUCK}
OF_COCO |= dict.fromkeys(range(14, 20), ANIMAL) | dict.fromkeys((24, 26, 28), BAG)
STRIDES_PX = (8, 16, 32)
PAD = 114
SCORE_MIN = 0.05
OVERLAP_MAX = 0.6
COUNT_MAX = 150


def make_yolox(model: Path, side_px: int) -> Look:
    """Load it; one thread."""
    import onnxruntime  # noqa: PLC0415 - only where teachers look

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"])
    cells = grid_cells(side_px, side_px, STRIDES_PX)
    places = np.array(sorted(OF_COCO))
    numbers = np.array([OF_COCO[place] for place in places])

    def look(picture: Bgr) -> Sighting:
        height, width = picture.shape[:2]
        ratio = min(side_px / width, side_px / height)
        inner = (max(1, round(width * ratio)), max(1, round(height * ratio)))
        canvas = np.full((side_px, side_px, 3), PAD, np.uint8)
        canvas[: inner[1], : inner[0]] = cv2.resize(picture, inner)
        blob = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32)
        (answer,) = session.run(None, {session.get_inputs()[0].name: blob})
        grid = np.asarray(answer, np.float32)[0]
        scores = grid[:, 5:][:, places] * grid[:, 4, None]
        rows, columns = np.nonzero(scores >= SCORE_MIN)
        centres = (grid[rows, :2] + cells[rows, :2]) * cells[rows, 2:]
        halves = np.exp(grid[rows, 2:4]) * cells[rows, 2:] / 2
        scale = np.array([width / inner[0], height / inner[1]] * 2, np.float32)
        boxes = np.concatenate([centres - halves, centres + halves], axis=1) * scale
        boxes = boxes.clip(0, [width, height, width, height]).astype(np.float32)
        found, classes = scores[rows, columns], numbers[columns]
        kept = keep_best(boxes, found, classes.astype(np.uint8), OVERLAP_MAX, COUNT_MAX)
        return Sighting(boxes[kept], found[kept], classes[kept])

    return look
