"""Average precision of what was found, by group and by size, with faster-coco-eval."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.eye.detections import Detections
from edge.wire.names import class_name
from tools.evaluation.layout import GROUPS, TruthBox

GROUP_NUMBERS = {"person": 1, "two_wheeler": 2, "vehicle": 3, "bag": 4, "animal": 5}
# Sides in pixels of the stored picture: the root of a box's area. `all` has no bounds.
SIZES: dict[str, tuple[float, float]] = {
    "all": (0.0, 1e5),
    "under 16": (0.0, 16.0),
    "16 to 32": (16.0, 32.0),
    "32 to 64": (32.0, 64.0),
    "from 64": (64.0, 1e5),
}
# More boxes a picture than any set has.
BOXES_MAX = 300
# Two boxes of one group that overlap by more are one thing (a van is a car and a truck).
SAME_THING_OVERLAP = 0.6
Find = Callable[[npt.NDArray[np.uint8]], Detections]


@dataclass(frozen=True, slots=True)
class Looked:
    """One picture: its size, what somebody drew in it and what was found."""

    picture_set: str
    number: int
    width_px: int
    height_px: int
    truth: tuple[TruthBox, ...]
    found: Detections


@dataclass(frozen=True, slots=True)
class DetectionScore:
    """AP of one group and size; boxes is the number of true ones.

    precisions: at IoU .5, at the 101 recalls from 0 to 1.
    """

    group: str
    side: str
    pictures: int
    boxes: int
    ap: float
    ap50: float
    precisions: tuple[float, ...]


def score(looked: Sequence[Looked], group: str) -> list[DetectionScore]:
    """AP@[.5:.95] and AP50 of one group, for each of SIZES that has boxes."""
    from faster_coco_eval import COCO, COCOeval_faster  # noqa: PLC0415 - half a second

    truth = _truth(looked, group)
    wanted = [one for one in truth if not one["iscrowd"]]
    found = [row for number, one in enumerate(looked, 1) for row in _found(one, group, number)]
    reference = COCO()
    reference.dataset = {
        "images": [{"id": number} for number in range(1, len(looked) + 1)],
        "categories": [{"id": GROUP_NUMBERS[group], "name": group}],
        "annotations": truth,
    }
    reference.createIndex()
    evaluation = COCOeval_faster(reference, reference.loadRes(found), iouType="bbox")
    evaluation.params.maxDets = [1, 10, BOXES_MAX]
    evaluation.params.areaRng = [[low**2, high**2] for low, high in SIZES.values()]
    evaluation.params.areaRngLbl = list(SIZES)
    evaluation.evaluate()
    evaluation.accumulate()
    # Shape (thresholds, recalls, categories, sizes, limits); -1 where nothing was drawn.
    precisions = evaluation.eval["precision"][:, :, 0, :, -1]
    scores = []
    for place, (side, (low, high)) in enumerate(SIZES.items()):
        boxes = sum(low**2 <= float(str(one["area"])) < high**2 for one in wanted)
        if boxes:
            curve = precisions[:, :, place].clip(0)
            at_half = tuple(float(value) for value in curve[0])
            scores.append(
                DetectionScore(
                    group,
                    side,
                    len(looked),
                    boxes,
                    float(curve.mean()),
                    float(curve[0].mean()),
                    at_half,
                )
            )
    return scores


def boxes_of(looked: Looked, group: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Boxes in pixels (n, 4) and scores (n,) of what was found of one group, best first.

    A thing that two classes of the group were given is one box.
    """
    found = looked.found
    mine = np.array([GROUPS.get(class_name(int(one))) == group for one in found.classes], bool)
    order = np.argsort(-found.scores[mine], kind="stable")
    boxes, scores = found.boxes_frac[mine][order], found.scores[mine][order]
    classes = found.classes[mine][order]
    boxes = boxes * np.array([looked.width_px, looked.height_px] * 2, np.float32)
    kept: list[int] = []
    for place, box in enumerate(boxes):
        others = [other for other in kept if classes[other] != classes[place]]
        if not others or overlaps(box, boxes[others]).max() <= SAME_THING_OVERLAP:
            kept.append(place)
    return boxes[kept], scores[kept]


def overlaps(
    box: npt.NDArray[np.float32], others: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Intersection over union of one box with each of others, shape (n,)."""
    inner = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = inner.clip(0).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
    return np.asarray(shared / np.maximum(areas - shared, 1e-9), np.float32)


def _truth(looked: Sequence[Looked], group: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number, one in enumerate(looked, start=1):
        for box in one.truth:
            if box.group != group:
                continue
            width, height = box.right - box.left, box.bottom - box.top
            rows.append(
                {
                    "id": len(rows) + 1,
                    "image_id": number,
                    "category_id": GROUP_NUMBERS[group],
                    "bbox": [box.left, box.top, width, height],
                    "area": width * height,
                    # COCO's word for a place where what is found is neither right nor wrong.
                    "iscrowd": int(box.is_ignored),
                }
            )
    return rows


def _found(looked: Looked, group: str, number: int) -> Iterator[dict[str, object]]:
    boxes, scores = boxes_of(looked, group)
    for (left, top, right, bottom), sureness in zip(boxes.tolist(), scores.tolist(), strict=True):
        yield {
            "image_id": number,
            "category_id": GROUP_NUMBERS[group],
            "bbox": [left, top, right - left, bottom - top],
            "score": sureness,
        }
