"""From sets, teachers and drawn scenes to the shelf a run reads."""

import dataclasses
from collections.abc import Callable

import numpy as np

from tools.training.agreement import Agreed, agree
from tools.training.boxes import overlaps
from tools.training.empties import draw_empty, list_empty
from tools.training.labels import LabelStore
from tools.training.manifest import Agreement, Manifest
from tools.training.scenes import draw_scenes
from tools.training.sets import Picture
from tools.training.settling import SAME_MIN, settle
from tools.training.shelf import Item


def gather(
    manifest: Manifest,
    pictures: list[Picture],
    store: LabelStore,
    report: Callable[[int, int | None], None],
) -> list[Item]:
    """Every picture with what is to be found in it. Raises: VigieError (not labelled yet)."""
    items = []
    for number, picture in enumerate(pictures, start=1):
        agreed = _hear(manifest, picture, store)
        if confirmed_share(picture, agreed, manifest.agreement) >= picture.source.confirmed_min:
            truths = settle(picture, agreed, manifest.agreement)
            jpeg = np.frombuffer(picture.path.read_bytes(), np.uint8)
            share = picture.source.share
            items.append(Item(picture.name, jpeg, share, picture.is_held_out, truths))
        report(number, len(pictures))
    trained = [item for item in items if not item.is_held_out]
    weight, rule = sum(item.share for item in trained), manifest.augmentation
    weight /= 1 - rule.scenes - rule.empty
    scenes = draw_scenes(1.0)
    nothing = [*list_empty([*trained, *scenes]), *draw_empty()] if rule.empty else []
    return [
        *items,
        *_shared(scenes, weight * rule.scenes),
        *_shared(nothing, weight * rule.empty),
    ]


def _shared(items: list[Item], share: float) -> list[Item]:
    """The same pictures, drawn so often together, each as often as another."""
    return [dataclasses.replace(item, share=share / len(items)) for item in items]


def confirmed_share(picture: Picture, agreed: Agreed, rule: Agreement) -> float:
    """Which part of a picture's boxes the teachers see as well, 1 where it has none."""
    if not len(picture.boxes):
        return 1.0
    heard = agreed.confidences >= rule.ignore_min
    same = agreed.classes[heard][:, None] == picture.classes[None, :]
    shared = overlaps(agreed.boxes[heard], picture.boxes) >= SAME_MIN
    return float((same & shared).any(axis=0).mean())


def _hear(manifest: Manifest, picture: Picture, store: LabelStore) -> Agreed:
    said = [store.read(teacher, picture) for teacher in manifest.teachers]
    return agree(said, manifest.agreement.overlap_min)
