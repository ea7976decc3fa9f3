"""Small truths, sayings and sources that the training's tests share."""

import numpy as np

from tools.training.labels import Said
from tools.training.manifest import PictureSource, TeacherSource
from tools.training.truths import Truths

DIGEST = "0" * 64
SEER = TeacherSource(
    "seer", "yolox", "Apache-2.0", 416, {"seer.onnx": DIGEST},
    {"person": 1.0, "two-wheeler": 1.0, "vehicle": 1.0},
)  # fmt: skip
GUESSER = TeacherSource(
    "guesser", "crossroad", "Apache-2.0", 1024, {"guesser.xml": DIGEST},
    {"person": 0.5, "vehicle": 0.5},
)  # fmt: skip
WHOLE_AND_MIRROR = np.array([[0, 0, 100, 100, 0], [0, 0, 100, 100, 1]], np.float32)


def source(boxed: tuple[str, ...], *, is_exhaustive: bool = False) -> PictureSource:
    return PictureSource(
        "set", "open/set", "CC BY 4.0", "A", "nobody", boxed, 1.0, is_exhaustive=is_exhaustive
    )


def said(teacher: TeacherSource, *rows: tuple[float, ...]) -> Said:
    """rows: view, class, score, left, top, right, bottom."""
    return Said(teacher, np.array(rows, np.float32).reshape(-1, 7), WHOLE_AND_MIRROR)


def truths(*rows: tuple[int, float, float, float, float]) -> Truths:
    """rows: class, left, top, right, bottom; drawn by people."""
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Truths(
        table[:, 1:],
        table[:, 0].astype(np.int64),
        np.ones(len(table), np.float32),
        np.zeros(len(table), bool),
    )
