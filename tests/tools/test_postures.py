"""How often people of a posture are found, counted on a drawn clip whose answer is known."""

import contextlib
from pathlib import Path

import numpy as np
import pytest

from edge.eye.detections import Detections
from edge.wire.event import ObjectClass
from tests.edge.eye.drawn import draw_walkers
from tools.evaluation.eyes import Eye
from tools.evaluation.kept import Kept
from tools.evaluation.layout import Picture
from tools.evaluation.postures import Share, Stretch, find_postures
from tools.evaluation.report import posture_table

LEFT = (0.1, 0.2, 0.2, 0.6)
RIGHT = (0.8, 0.2, 0.9, 0.6)


def find(_: Picture) -> Detections:
    """One sure person at each side, and an unsure one."""
    persons = np.full(3, ObjectClass.OBJECT_CLASS_PERSON, np.uint8)
    boxes = np.array([LEFT, RIGHT, RIGHT], np.float32)
    return Detections(boxes, np.array([0.9, 0.8, 0.1], np.float32), persons)


@pytest.mark.parametrize(
    ("people", "region", "each"), [(2, None, 2), (3, None, 2), (2, (0, 0, 80, 120), 1)]
)
def test_a_posture_s_share_is_of_people_in_the_region_at_every_look(
    tmp_path: Path, people: int, region: tuple[float, float, float, float] | None, each: int
) -> None:
    (tmp_path / "eval").mkdir()
    draw_walkers(tmp_path / "eval" / "walkers.mp4")
    stretches = (
        Stretch("walking", "walkers.mp4", 0.0, 1.9, people, region),
        Stretch("walking", "not-there.mp4", 0.0, 1.9),
    )
    eye = Eye("eye", "0" * 64, "k" * 64, 0.3, lambda: contextlib.nullcontext(find))
    kept = Kept(tmp_path / "kept")
    shares = find_postures(tmp_path, eye, kept, lambda *_: None, stretches)
    assert shares == [Share("walking", 1, 10 * people, 10 * each)]
    assert f"| walking | 1 | {10 * people} | {each / people:.2f} |" in posture_table(
        {"eye": shares}
    )
