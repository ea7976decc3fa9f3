"""What the teachers said of each picture, kept on disk; asking again costs nothing."""

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import Kind, VigieError
from edge.whole_file import write_whole
from tools.training.manifest import TeacherSource
from tools.training.sets import Picture
from tools.training.teachers.crossroad import make_crossroad
from tools.training.teachers.sighting import Look, list_views, look_through
from tools.training.teachers.yolox import make_yolox

MAKERS: dict[str, Callable[[Path, int], Look]] = {"yolox": make_yolox, "crossroad": make_crossroad}


@dataclass(frozen=True, slots=True)
class Said:
    """One teacher on one picture.

    rows: float32, shape (n, 7): view, class, score, left, top, right, bottom in pixels. views:
    left, top, right, bottom and mirrored or not of each view, shape (m, 5).
    """

    teacher: TeacherSource
    rows: npt.NDArray[np.float32]
    views: npt.NDArray[np.float32]


class LabelStore:
    """The folder where the teachers' words are kept, one file a picture and teacher."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, teacher: TeacherSource, picture: Picture) -> Path:
        """Where it is or would be; another file of a teacher is another folder."""
        digest = next(iter(teacher.files.values()))[:12]
        place = self._folder / f"{teacher.name}-{teacher.side_px}-{digest}" / picture.source.name
        return place / f"{picture.path.name}.npz"

    def read(self, teacher: TeacherSource, picture: Picture) -> Said:
        """What was said. Raises: VigieError FAILED_PRECONDITION when it was not asked yet."""
        try:
            with np.load(self.path(teacher, picture)) as kept:
                return Said(teacher, kept["rows"], kept["views"])
        except FileNotFoundError as missing:
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                f"teacher {teacher.name} has not labelled {picture.name} yet",
                hint="Run: tools/train label --data DIR --models DIR",
            ) from missing

    def write(self, picture: Picture, said: Said) -> None:
        """Keep it, whole or not at all."""
        content = io.BytesIO()
        np.savez_compressed(content, rows=said.rows, views=said.views)
        place = self.path(said.teacher, picture)
        write_whole(place, content.getvalue(), mode=0o644, folder_mode=0o755, is_synced=False)


def ask(teacher: TeacherSource, look: Look, picture: Picture) -> Said:
    """Show a teacher every view of a picture."""
    image = picture.read()
    height, width = image.shape[:2]
    views = list(list_views(width, height, is_tiled=teacher.is_tiled))
    rows = [
        (number, int(kind), float(score), *map(float, box))
        for number, view in enumerate(views)
        for seen in [look_through(look, image, view)]
        for box, score, kind in zip(seen.boxes, seen.scores, seen.classes, strict=True)
    ]
    shown = [
        (view.left_px, view.top_px, view.right_px, view.bottom_px, view.is_mirrored)
        for view in views
    ]
    return Said(teacher, np.array(rows, np.float32).reshape(-1, 7), np.array(shown, np.float32))


def label_all(
    teachers: tuple[TeacherSource, ...], models: Path, pictures: list[Picture], store: LabelStore
) -> Iterator[tuple[int, int]]:
    """Ask what was not asked yet; yields how many of how many are done."""
    waiting = [
        (teacher, picture)
        for teacher in teachers
        for picture in pictures
        if not store.path(teacher, picture).exists()
    ]
    total = len(teachers) * len(pictures)
    asked = {teacher.name for teacher, _ in waiting}
    looks = {one.name: load_teacher(one, models) for one in teachers if one.name in asked}
    yield total - len(waiting), total
    for number, (teacher, picture) in enumerate(waiting, start=1):
        store.write(picture, ask(teacher, looks[teacher.name], picture))
        yield total - len(waiting) + number, total


def load_teacher(teacher: TeacherSource, models: Path) -> Look:
    """Check a teacher's files and load it.

    Raises: VigieError NOT_FOUND or DATA_LOSS (not the manifest's file).
    """
    for name, digest in teacher.files.items():
        path = models / name
        if not path.is_file():
            raise VigieError(
                Kind.NOT_FOUND,
                f"teacher {teacher.name} has no file {name}",
                where=str(models),
                hint="Name the folder that holds the teachers with --models DIR.",
            )
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != digest:
            raise VigieError(
                Kind.DATA_LOSS,
                f"its sha256 is {found}, the manifest says {digest}",
                where=str(path),
            )
    return MAKERS[teacher.kind](models / next(iter(teacher.files)), teacher.side_px)
