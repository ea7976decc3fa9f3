"""Things that are nobody: drawn anew each time, seen, and hiding little that is to be found."""

import numpy as np
import pytest

from tests.tools.training.samples import truths
from tools.training.classes import PERSON
from tools.training.decoys import COVERED_MAX, HEIGHTS_PX, RADII_FRAC, draw_decoy, lay_decoys
from tools.training.truths import Truths, no_truths


def grey() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((240, 320, 3), 114, np.uint8)


def test_the_same_chance_draws_the_same_and_another_something_else() -> None:
    drawn = []
    for seed in (1, 1, 2):
        canvas = grey()
        lay_decoys(canvas, no_truths(), np.random.default_rng(seed))
        drawn.append(canvas)
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[0] != drawn[2]).any()


@pytest.mark.parametrize("seed", range(20))
def test_a_thing_is_as_tall_as_asked_and_narrower_than_tall(seed: int) -> None:
    decoy = draw_decoy(60, np.random.default_rng(seed))
    assert decoy.alpha.shape == decoy.image.shape[:2]
    assert decoy.alpha.shape[0] == 60
    assert decoy.alpha.shape[1] <= 2 * RADII_FRAC[1] * 60 + 4
    assert 0 <= decoy.alpha.min() < decoy.alpha.max() <= 1.001
    assert np.isfinite(decoy.image).all()


def most_hidden(told: Truths) -> float:
    """The largest share of the person's box that was ever drawn over."""
    hidden = 0.0
    for seed in range(150):
        canvas = grey()
        lay_decoys(canvas, told, np.random.default_rng(seed))
        hidden = max(hidden, float((canvas[100:140, 150:170] != 114).any(axis=2).mean()))
    return hidden


def test_nobody_to_be_found_is_hidden() -> None:
    assert most_hidden(no_truths()) > 0.95, "there is enough to hide somebody"
    # Each of four may hide a fifth.
    assert most_hidden(truths((PERSON, 150, 100, 170, 140))) <= 4 * COVERED_MAX


def test_a_canvas_smaller_than_anything_stays_as_it_is() -> None:
    canvas = np.full((int(HEIGHTS_PX[0]) - 1, 200, 3), 114, np.uint8)
    for seed in range(10):
        lay_decoys(canvas, no_truths(), np.random.default_rng(seed))
    assert (canvas == 114).all()
