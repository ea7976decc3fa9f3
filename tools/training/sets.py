"""Pictures on disk with what people boxed in them."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import Kind, VigieError
from tools.training.classes import CLASSES
from tools.training.manifest import PictureSource

Bgr = npt.NDArray[np.uint8]
SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


@dataclass(frozen=True, slots=True)
class Picture:
    """One file and the boxes people drew in it.

    boxes: float32, shape (n, 4): left, top, right, bottom in pixels. classes: int64, shape (n,).
    """

    source: PictureSource
    path: Path
    boxes: npt.NDArray[np.float32]
    classes: npt.NDArray[np.int64]
    is_held_out: bool

    @property
    def name(self) -> str:
        """Set and file, unique in a manifest."""
        return f"{self.source.name}/{self.path.name}"

    def read(self) -> Bgr:
        """The picture, uint8, shape (height, width, 3). Raises: VigieError DATA_LOSS."""
        image = cv2.imread(str(self.path))
        if image is None:
            raise VigieError(Kind.DATA_LOSS, "the picture cannot be decoded", where=str(self.path))
        return np.asarray(image, np.uint8)


def read_pictures(data: Path, sources: Iterable[PictureSource]) -> list[Picture]:
    """Every picture of the sets, in the manifest's order, files by name.

    Raises: VigieError NOT_FOUND when the folder or one of its sets is absent.
    """
    sources = tuple(sources)
    absent = [one.folder for one in sources if not (data / "train" / one.folder).is_dir()]
    if absent:
        raise VigieError(
            Kind.NOT_FOUND,
            f"the training pictures are not there: {', '.join(absent)}",
            where=str(data / "train"),
            hint="Name the folder that holds train/ with --data DIR.",
        )
    return [picture for one in sources for picture in _read_set(data / "train" / one.folder, one)]


def _read_set(folder: Path, source: PictureSource) -> list[Picture]:
    boxes = read_boxes(folder / "boxes.csv")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    every = source.holdout_every
    pictures = []
    for number, path in enumerate(files):
        rows = [(CLASSES.index(label), *box) for label, *box in boxes.get(path.name, [])]
        table = np.array(rows, np.float32).reshape(-1, 5)
        is_held_out = every > 0 and number % every == every - 1
        classes = table[:, 0].astype(np.int64)
        pictures.append(Picture(source, path, table[:, 1:], classes, is_held_out))
    return pictures


def read_boxes(table: Path) -> dict[str, list[tuple[str, float, float, float, float]]]:
    """Label and corners in pixels, by file; other labels than the eight are left out."""
    boxes: dict[str, list[tuple[str, float, float, float, float]]] = defaultdict(list)
    if not table.exists():
        return boxes
    with table.open(newline="") as rows:
        for row in csv.DictReader(rows):
            if row["label"] in CLASSES:
                left, top, right, bottom = (float(row[edge]) for edge in ("x1", "y1", "x2", "y2"))
                if right > left and bottom > top:
                    boxes[row["file"]].append((row["label"], left, top, right, bottom))
    return boxes
