"""person-vehicle-bike-detection-crossroad (Intel, Apache-2.0) as a teacher, through OpenVINO."""

from pathlib import Path

import cv2
import numpy as np

from tools.training.classes import CAR, MOTORCYCLE, PERSON
from tools.training.sets import Bgr
from tools.training.teachers.sighting import Look, Sighting

# Its vehicle is any car, bus or truck, its bike any two-wheeler: the family counts, not the class.
OF_LABEL = {1: PERSON, 2: CAR, 3: MOTORCYCLE}
SCORE_MIN = 0.05


def make_crossroad(model: Path, side_px: int) -> Look:
    """Load it; one thread."""
    import openvino  # noqa: PLC0415 - only where teachers look

    core = openvino.Core()
    compiled = core.compile_model(core.read_model(str(model)), "CPU", {"INFERENCE_NUM_THREADS": 1})

    def look(picture: Bgr) -> Sighting:
        height, width = picture.shape[:2]
        shown = cv2.resize(picture, (side_px, side_px))
        blob = np.ascontiguousarray(shown.transpose(2, 0, 1)[None], np.float32)
        answer = np.asarray(compiled([blob])[compiled.output(0)], np.float32).reshape(-1, 7)
        rows = answer[(answer[:, 0] >= 0) & (answer[:, 2] >= SCORE_MIN)]
        rows = rows[np.isin(rows[:, 1], list(OF_LABEL))]
        scale = np.array([width, height, width, height], np.float32)
        boxes = np.asarray(rows[:, 3:].clip(0, 1) * scale, np.float32)
        classes = np.array([OF_LABEL[int(label)] for label in rows[:, 1]], np.int64)
        return Sighting(boxes, rows[:, 2], classes)

    return look
