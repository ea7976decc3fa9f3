"""A folder of footage and truth: picture sets, MOT text, clips. Nothing is assumed to be there."""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

# Words of the truth files to the groups that are scored; others are not looked for.
GROUPS: dict[str, str] = {
    "person": "person",
    "pedestrian": "person",
    "bicycle": "two_wheeler",
    "motorcycle": "two_wheeler",
    "car": "vehicle",
    "bus": "vehicle",
    "truck": "vehicle",
    "vehicle": "vehicle",
    "bag": "bag",
    "backpack": "bag",
    "handbag": "bag",
    "suitcase": "bag",
    "animal": "animal",
    **dict.fromkeys(("bird", "cat", "dog", "horse", "sheep", "cow"), "animal"),
}
# Neither right nor wrong to find, anywhere: no street has them, and detectors differ.
STRANGE: dict[str, str] = dict.fromkeys(("elephant", "bear", "zebra", "giraffe"), "animal")
# Words that a publisher boxed only in part: finding one is neither right nor wrong.
IN_PART: dict[str, dict[str, str]] = {
    "konya_cctv": dict.fromkeys(("bus", "truck", "tram"), "vehicle"),
}
# Sets whose riders have no box of their own: a person who is mostly inside a two-wheeler's box is
# neither right nor wrong.
RIDERS_INSIDE = frozenset({"fortaleza_cctv"})
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
    """One box somebody drew, in pixels of its picture; `group` as in GROUPS.

    is_ignored: what is found there is neither right nor wrong.
    """

    group: str
    left: float
    top: float
    right: float
    bottom: float
    is_ignored: bool = False


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

    def images(self) -> Iterator[Picture]:
        """The pictures alone."""
        return (image for image, _ in self.read())

    @property
    def fingerprint(self) -> str:
        """Another one as soon as other pictures are looked at; boxes do not count."""
        digest = hashlib.sha256(self.name.encode())
        for path, _ in self.pictures:
            size = path.stat().st_size if isinstance(path, Path) and path.exists() else 0
            digest.update(f"{getattr(path, 'name', path)} {size}\n".encode())
        if self.clip is not None:
            digest.update(f"{self.clip.name} {self.clip.stat().st_size}".encode())
        return digest.hexdigest()


def read_clip(path: Path, every: int = 1) -> Iterator[Picture]:
    """Every nth frame of a clip as RGB, the first one first."""
    import av  # noqa: PLC0415 - only where a clip is read

    with av.open(str(path)) as clip:
        for number, frame in enumerate(clip.decode(video=0)):
            if number % every == 0:
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
    if pets.exists() and pets.with_name("pets09_s2l1.mp4").exists():
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
    name = table.parent.name
    neither = STRANGE | IN_PART.get(name, {})
    by_file: dict[str, list[TruthBox]] = defaultdict(list)
    with table.open(newline="") as rows:
        for row in csv.DictReader(rows):
            boxes = by_file[row["file"]]
            group = neither.get(row["label"]) or GROUPS.get(row["label"])
            if group is not None:
                left, top, right, bottom = (float(row[edge]) for edge in ("x1", "y1", "x2", "y2"))
                is_ignored = row["label"] in neither
                boxes.append(TruthBox(group, left, top, right, bottom, is_ignored))
    if not any(by_file.values()):
        return None
    if name in RIDERS_INSIDE:
        for boxes in by_file.values():
            boxes.extend(_riders(boxes))
    pictures = tuple((table.parent / file, tuple(boxes)) for file, boxes in sorted(by_file.items()))
    return PictureSet(name, pictures, None, NOT_BOXED.get(name, frozenset()))


def _riders(boxes: list[TruthBox]) -> list[TruthBox]:
    return [
        TruthBox("person", one.left, one.top, one.right, one.bottom, is_ignored=True)
        for one in boxes
        if one.group == "two_wheeler"
    ]


def _mot_boxes(rows: npt.NDArray[np.float64]) -> dict[int, tuple[TruthBox, ...]]:
    boxes: dict[int, list[TruthBox]] = defaultdict(list)
    for frame, _, left, top, width, height in rows[:, :6]:
        boxes[int(frame)].append(TruthBox("person", left, top, left + width, top + height))
    return {frame: tuple(found) for frame, found in boxes.items()}
