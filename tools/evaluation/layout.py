"""A folder of footage and truth: picture sets, MOT text, clips. Nothing is assumed to be there."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

# Words of the truth files to the words of Vigie's detectors; others are not looked for.
GROUPS: dict[str, str] = {
    "person": "person",
    "pedestrian": "person",
    "bicycle": "two_wheeler",
    "motorcycle": "two_wheeler",
    "car": "vehicle",
    "bus": "vehicle",
    "truck": "vehicle",
    "vehicle": "vehicle",
}
# Groups a publisher did not box; scoring them would punish what is right.
NOT_BOXED: dict[str, frozenset[str]] = {
    "vietnam_cctv": frozenset({"person"}),
    "motorway_cars": frozenset({"person", "two_wheeler"}),
    "hazy_person": frozenset({"vehicle", "two_wheeler"}),
    "inria_person": frozenset({"vehicle", "two_wheeler"}),
    "pennfudan": frozenset({"vehicle", "two_wheeler"}),
    "person_vehicle": frozenset({"two_wheeler"}),
    "pets09_s2l1": frozenset({"vehicle", "two_wheeler"}),
    "mot17_04_mini": frozenset({"vehicle", "two_wheeler"}),
}
# Nine columns: valid and class follow the box. MOT15 has ten: a place in the world follows.
MOT17_COLUMNS = 9
PETS_EVERY_NTH_FRAME = 8


@dataclass(frozen=True, slots=True)
class TruthBox:
    """One box somebody drew, in pixels of its picture; `group` as in GROUPS."""

    group: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PictureSet:
    """Pictures of one source with everything boxed in them but `not_boxed`."""

    name: str
    pictures: tuple[tuple[Path | int, tuple[TruthBox, ...]], ...]
    clip: Path | None
    not_boxed: frozenset[str]

    def read(self) -> Iterator[tuple[Picture, tuple[TruthBox, ...]]]:
        """Each picture as RGB, uint8, shape (height, width, 3), with its boxes."""
        if self.clip is None:
            for path, boxes in self.pictures:
                image = cv2.imread(str(path))
                if image is not None:
                    yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8), boxes
            return
        wanted = dict(self.pictures)
        for number, image in enumerate(read_clip(self.clip)):
            if number in wanted:
                yield image, wanted[number]


def read_clip(path: Path) -> Iterator[Picture]:
    """Every frame of a clip as RGB."""
    import av  # noqa: PLC0415 - only where a clip is read

    with av.open(str(path)) as clip:
        for frame in clip.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def read_mot(path: Path, *, only_valid: bool = True) -> npt.NDArray[np.float64]:
    """MOT text: rows of frame (from 1), id, left, top, width, height, confidence, class, …."""
    rows = np.loadtxt(path, delimiter=",", ndmin=2)
    if only_valid and rows.shape[1] == MOT17_COLUMNS:
        rows = rows[(rows[:, 6] == 1) & (rows[:, 7] == 1)]
    return rows


def picture_sets(folder: Path) -> Iterator[PictureSet]:
    """All picture sets with persons or vehicles boxed, MOT and PETS frames among them."""
    for table in sorted((folder / "eval" / "pictures").glob("*/boxes.csv")):
        found = _from_table(table)
        if found is not None:
            yield found
    pets = folder / "eval" / "tracking" / "pets09_s2l1_gt.txt"
    if pets.exists():
        boxes = _mot_boxes(read_mot(pets))
        frames = tuple(
            (number, boxes[number + 1])
            for number in range(0, max(boxes), PETS_EVERY_NTH_FRAME)
            if number + 1 in boxes
        )
        clip = pets.with_name("pets09_s2l1.mp4")
        yield PictureSet("pets09_s2l1", frames, clip, NOT_BOXED["pets09_s2l1"])
    mot = folder / "eval" / "tracking" / "mot17_04_mini"
    if (mot / "gt.txt").exists():
        boxes = _mot_boxes(read_mot(mot / "gt.txt"))
        files = tuple((mot / f"{number:06d}.jpg", boxes[number]) for number in sorted(boxes))
        present = tuple((path, found) for path, found in files if path.exists())
        yield PictureSet("mot17_04_mini", present, None, NOT_BOXED["mot17_04_mini"])


def _from_table(table: Path) -> PictureSet | None:
    by_file: dict[str, list[TruthBox]] = defaultdict(list)
    with table.open(newline="") as rows:
        for row in csv.DictReader(rows):
            group = GROUPS.get(row["label"])
            boxes = by_file[row["file"]]
            if group is not None:
                corners = (float(row[edge]) for edge in ("x1", "y1", "x2", "y2"))
                boxes.append(TruthBox(group, *corners))
    if not any(by_file.values()):
        return None
    name = table.parent.name
    pictures = tuple((table.parent / file, tuple(boxes)) for file, boxes in sorted(by_file.items()))
    return PictureSet(name, pictures, None, NOT_BOXED.get(name, frozenset()))


def _mot_boxes(rows: npt.NDArray[np.float64]) -> dict[int, tuple[TruthBox, ...]]:
    boxes: dict[int, list[TruthBox]] = defaultdict(list)
    for frame, _, left, top, width, height in rows[:, :6]:
        boxes[int(frame)].append(TruthBox("person", left, top, left + width, top + height))
    return {frame: tuple(found) for frame, found in boxes.items()}
