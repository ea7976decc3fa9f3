"""The ground behind a picture: two people give the horizon and everybody else."""

import pytest

from edge.doctor.heights import fit_ground, stands_of
from edge.site.model import PersonHeight, Zone

NEAR, FAR = PersonHeight((0.6, 0.9), 0.4), PersonHeight((0.4, 0.5), 0.1)


def test_a_persons_height_shrinks_to_nothing_at_the_horizon() -> None:
    ground = fit_ground([NEAR, FAR])
    assert ground is not None
    assert ground.height_frac(0.9) == pytest.approx(0.4)
    assert ground.height_frac(0.5) == pytest.approx(0.1)
    assert ground.horizon_frac == pytest.approx(0.5 - 0.1 / 0.75)
    assert ground.height_frac(ground.horizon_frac) == 0
    assert ground.height_frac(0.0) == 0


@pytest.mark.parametrize(
    "people",
    [(), (NEAR,), (NEAR, PersonHeight((0.1, 0.9), 0.4)), (PersonHeight((0.5, 0.9), 0.05), FAR)],
)
def test_people_from_whom_no_ground_follows_give_none(people: tuple[PersonHeight, ...]) -> None:
    assert fit_ground(people) is None


def test_a_zone_has_a_near_a_middle_and_a_far_place() -> None:
    ground = fit_ground([NEAR, FAR])
    assert ground is not None
    zone = Zone("yard", "north", ((0.2, 0.5), (0.8, 0.5), (0.8, 0.9), (0.2, 0.9)))
    stands = stands_of(zone, ground)
    assert [stand.word for stand in stands] == ["near", "middle", "far"]
    assert [round(stand.height_frac, 3) for stand in stands] == [0.4, 0.25, 0.1]
