"""Average precision of a detector, by group, with faster-coco-eval."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.eye.detections import Detections
from edge.wire.names import class_name
from tools.evaluation.layout import GROUPS, PictureSet

GROUP_NUMBERS = {"person": 1, "two_wheeler": 2, "vehicle": 3}
Find = Callable[[npt.NDArray[np.uint8]], Detections]


@dataclass(frozen=True, slots=True)
class DetectionScore:
    """AP of one group in one set; n is the number of true boxes."""

    picture_set: str
    pictures: int
    group: str
    boxes: int
    ap: float
    ap50: float


def score_detector(find: Find, pictures: PictureSet) -> list[DetectionScore]:
    """AP@[.5:.95] and AP50 of each boxed group."""
    truth, found, count = _collect(find, pictures)
    scores = []
    for group, number in GROUP_NUMBERS.items():
        boxes = sum(one["category_id"] == number for one in truth)
        if boxes and group not in pictures.not_boxed:
            ap, ap50 = _average_precision(truth, found, count, number)
            scores.append(DetectionScore(pictures.name, count, group, boxes, ap, ap50))
    return scores


def _collect(
    find: Find, pictures: PictureSet
) -> tuple[list[dict[str, object]], list[dict[str, object]], int]:
    truth: list[dict[str, object]] = []
    found: list[dict[str, object]] = []
    count = 0
    for count, (image, boxes) in enumerate(pictures.read(), start=1):
        for box in boxes:
            width, height = box.right - box.left, box.bottom - box.top
            truth.append(
                {
                    "id": len(truth) + 1,
                    "image_id": count,
                    "category_id": GROUP_NUMBERS[box.group],
                    "bbox": [box.left, box.top, width, height],
                    "area": width * height,
                    "iscrowd": 0,
                }
            )
        found.extend(_detections(find(image), image.shape, count))
    return truth, found, count


def _detections(
    detections: Detections, shape: tuple[int, ...], image: int
) -> list[dict[str, object]]:
    height, width = shape[:2]
    boxes = detections.boxes_frac * np.array([width, height, width, height], np.float32)
    return [
        {
            "image_id": image,
            "category_id": GROUP_NUMBERS[group],
            "bbox": [
                float(box[0]),
                float(box[1]),
                float(box[2] - box[0]),
                float(box[3] - box[1]),
            ],
            "score": float(score),
        }
        for box, score, number in zip(boxes, detections.scores, detections.classes, strict=True)
        for group in [GROUPS.get(class_name(int(number)))]
        if group is not None
    ]


def _average_precision(
    truth: list[dict[str, object]], found: list[dict[str, object]], count: int, category: int
) -> tuple[float, float]:
    from faster_coco_eval import COCO, COCOeval_faster  # noqa: PLC0415 - half a second

    reference = COCO()
    reference.dataset = {
        "images": [{"id": number} for number in range(1, count + 1)],
        "categories": [{"id": number, "name": name} for name, number in GROUP_NUMBERS.items()],
        "annotations": truth,
    }
    reference.createIndex()
    if not any(one["category_id"] == category for one in found):
        return 0.0, 0.0
    evaluation = COCOeval_faster(reference, reference.loadRes(found), iouType="bbox")
    evaluation.params.catIds = [category]
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return float(evaluation.stats[0]), float(evaluation.stats[1])
