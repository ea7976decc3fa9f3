"""Everything a run reads, in one file: pictures as JPEG with their truths.

So a run needs no teacher, no data folder and no other package than torch, numpy and OpenCV.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import Kind, VigieError
from edge.whole_file import write_whole
from tools.training.truths import Truths

Bgr = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Item:
    """One picture: its name (set/file), JPEG, how often it is drawn, its truths in pixels."""

    name: str
    jpeg: npt.NDArray[np.uint8]
    share: float
    is_held_out: bool
    truths: Truths

    def read(self) -> Bgr:
        """The picture, uint8, shape (height, width, 3). Raises: VigieError DATA_LOSS."""
        image = cv2.imdecode(self.jpeg, cv2.IMREAD_COLOR)
        if image is None:
            raise VigieError(Kind.DATA_LOSS, f"the picture {self.name} cannot be decoded")
        return np.asarray(image, np.uint8)


def write_shelf(path: Path, items: Sequence[Item]) -> None:
    """Put all items into one file."""
    content = io.BytesIO()
    truths = [item.truths for item in items]
    np.savez(
        content,
        names=np.array([item.name for item in items]),
        shares=np.array([item.share for item in items]),
        held_out=np.array([item.is_held_out for item in items]),
        jpeg_ends=np.cumsum([len(item.jpeg) for item in items]),
        jpegs=np.concatenate([item.jpeg for item in items]),
        ends=np.cumsum([len(one.boxes) for one in truths]),
        boxes=np.concatenate([one.boxes for one in truths]),
        classes=np.concatenate([one.classes for one in truths]),
        weights=np.concatenate([one.weights for one in truths]),
        ignored=np.concatenate([one.ignored for one in truths]),
    )
    write_whole(path, content.getvalue(), mode=0o644, folder_mode=0o755)


def read_shelf(path: Path) -> list[Item]:
    """All items of a file. Raises: VigieError FAILED_PRECONDITION when there is none."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            shelf = {name: kept[name] for name in kept.files}
    except FileNotFoundError as missing:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "the pictures are not put together yet",
            where=str(path),
            hint="Run: tools/train prepare --data DIR --models DIR",
        ) from missing
    jpegs = np.split(shelf["jpegs"], shelf["jpeg_ends"][:-1])
    columns = [np.split(shelf[name], shelf["ends"][:-1]) for name in TRUTH_COLUMNS]
    return [
        Item(str(name), jpeg, float(share), bool(is_held_out), Truths(*parts))
        for name, jpeg, share, is_held_out, *parts in zip(
            shelf["names"], jpegs, shelf["shares"], shelf["held_out"], *columns, strict=True
        )
    ]


TRUTH_COLUMNS = ("boxes", "classes", "weights", "ignored")
