"""The teachers alone, each and together, on boxes that people drew in training pictures."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tools.training.agreement import Agreed, agree
from tools.training.classes import CLASSES, FAMILIES, FAMILY_NAMES
from tools.training.labels import LabelStore, Said
from tools.training.manifest import Manifest
from tools.training.precision import Curve, Found, draw_curve
from tools.training.sets import Picture

THRESHOLDS = (0.15, 0.3, 0.45, 0.6)
_FAMILY = np.array(FAMILIES)


@dataclass(frozen=True, slots=True)
class Line:
    """One teacher (or all) on one family of one set."""

    set_name: str
    family: str
    who: str
    boxes: int
    curve: Curve

    def cells(self) -> tuple[str, ...]:
        """For a table: AP50, then precision/recall at each of THRESHOLDS."""
        pairs = (self.curve.at(threshold) for threshold in THRESHOLDS)
        return (
            self.set_name,
            self.family,
            self.who,
            str(self.boxes),
            f"{self.curve.average_precision():.3f}",
            *(f"{precision:.2f}/{recall:.2f}" for precision, recall in pairs),
        )


def compare(manifest: Manifest, pictures: list[Picture], store: LabelStore) -> Iterator[Line]:
    """Every set whose publisher boxed a family whole, by teacher."""
    for source in manifest.sets:
        mine = [picture for picture in pictures if picture.source is source]
        said = [[store.read(teacher, one) for teacher in manifest.teachers] for one in mine]
        for family, name in enumerate(FAMILY_NAMES):
            wanted = {kind for kind in range(len(CLASSES)) if FAMILIES[kind] == family}
            if not wanted <= source.boxed_classes | ({1} if 2 in source.boxed_classes else set()):
                continue
            for who, chosen in _groups(said, manifest):
                agreed = [agree(words, manifest.agreement.overlap_min) for words in chosen]
                curve = draw_curve(
                    [_found(one, words, family) for one, words in zip(mine, agreed, strict=True)]
                )
                if curve.count:
                    yield Line(source.name, name, who, curve.count, curve)


def _groups(said: list[list[Said]], manifest: Manifest) -> Iterator[tuple[str, list[list[Said]]]]:
    for place, teacher in enumerate(manifest.teachers):
        yield teacher.name, [[words[place]] for words in said]
    yield "together", said


def _found(picture: Picture, agreed: Agreed, family: int) -> Found:
    mine = _FAMILY[agreed.classes] == family
    true = _FAMILY[picture.classes] == family
    return Found(
        agreed.boxes[mine],
        agreed.confidences[mine],
        picture.boxes[true],
        np.zeros(int(true.sum()), bool),
    )
