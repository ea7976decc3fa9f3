"""The gate: people are motion, noise and passing clouds are not."""

import numpy as np
import numpy.typing as npt
import pytest

from edge.eye.gate import Gate

Luma = npt.NDArray[np.uint8]
STEP_NS = 100_000_000


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def street(rng: np.random.Generator, brightness: float = 90.0) -> Luma:
    """A textured picture with a sensor's noise."""
    ramp = np.linspace(-30, 30, 320)[None, :] + np.zeros((180, 1))
    return np.asarray((ramp + brightness + rng.normal(0, 3, (180, 320))).clip(0, 255), np.uint8)


def looks(gate: Gate, pictures: list[Luma], first: int = 0) -> list[bool]:
    return [
        gate.look(picture, (first + index) * STEP_NS).is_active
        for index, picture in enumerate(pictures)
    ]


def test_the_first_picture_is_looked_at(rng: np.random.Generator) -> None:
    assert looks(Gate(), [street(rng)]) == [True]


def test_noise_is_no_motion(rng: np.random.Generator) -> None:
    assert not any(looks(Gate(), [street(rng) for _ in range(60)])[1:])


def test_a_far_person_who_walks_is_motion(rng: np.random.Generator) -> None:
    gate = Gate()
    looks(gate, [street(rng) for _ in range(30)])
    walked = []
    for index in range(20):
        picture = street(rng)
        picture[80:94, 100 + 2 * index : 106 + 2 * index] = 20
        walked.append(picture)
    assert all(looks(gate, walked, first=30))


def test_the_cells_that_changed_are_where_the_person_is(rng: np.random.Generator) -> None:
    gate = Gate()
    looks(gate, [street(rng) for _ in range(10)])
    picture = street(rng)
    picture[80:110, 100:115] = 10
    rows, columns = gate.look(picture, 10 * STEP_NS).is_changed.nonzero()
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (20, 27, 25, 28)


@pytest.mark.parametrize(
    ("places", "is_active"),
    [
        ([(10, 10)], False),
        ([(10, 10), (10, 12)], False),
        ([(10, 10), (10, 11)], True),
        ([(10, 10), (11, 10)], True),
        ([(10, 10), (11, 11)], True),
        ([(10, 10), (11, 9)], True),
        ([(10, 79), (11, 0)], False),
        ([(0, 0), (0, 1)], True),
        ([(43, 79), (44, 79)], True),
    ],
)
def test_only_cells_that_touch_are_motion(
    places: list[tuple[int, int]], *, is_active: bool
) -> None:
    gate, still = Gate(), np.full((180, 320), 90, np.uint8)
    looks(gate, [still] * 5)
    picture = still.copy()
    for row, column in places:
        picture[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = 200
    assert gate.look(picture, 5 * STEP_NS).is_active is is_active


def test_a_cloud_that_dims_everything_is_no_motion(rng: np.random.Generator) -> None:
    gate = Gate()
    pictures = [street(rng, brightness=90.0 - index) for index in range(40)]
    assert not any(looks(gate, pictures)[1:])


def test_what_stopped_becomes_background(rng: np.random.Generator) -> None:
    gate = Gate()
    looks(gate, [street(rng) for _ in range(10)])
    parked = []
    for _ in range(200):
        picture = street(rng)
        picture[60:90, 200:260] = 200
        parked.append(picture)
    active = looks(gate, parked, first=10)
    assert all(active[:20])
    assert not any(active[-20:])
