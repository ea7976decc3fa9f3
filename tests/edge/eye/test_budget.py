"""The budget: never exceeded, every camera has its share, what the quiet leave goes to the busy."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.eye.budget import MOST_GLANCES, SAVED_SECONDS, Budget

TICK_NS = 20_000_000
LOOK_NS = 10_000_000


def spend_for(
    budget: Budget, busy: list[str], seconds: float, cost_ns: int = LOOK_NS, begin_ns: int = 0
) -> dict[str, int]:
    """Nanoseconds that each busy camera took, asking for as much as it may have at every tick."""
    used = dict.fromkeys(busy, 0)
    for tick in range(round(seconds * 1e9 / TICK_NS)):
        for camera in budget.order(busy):
            glances = budget.glances(camera, begin_ns + tick * TICK_NS)
            if glances:
                budget.spend(camera, glances * cost_ns, glances)
                used[camera] += glances * cost_ns
    return used


def four(rate: float = 400.0) -> Budget:
    return Budget(rate, dict.fromkeys(("north", "south", "east", "west")))


def test_two_busy_cameras_share_alike() -> None:
    budget = Budget(400.0, {"north": None, "south": None})
    used = spend_for(budget, ["north", "south"], 10)
    assert abs(used["north"] - used["south"]) <= 3 * MOST_GLANCES * LOOK_NS
    assert 3.9e9 <= sum(used.values()) <= 4.3e9


def test_three_quiet_cameras_give_their_time_to_the_busy_one() -> None:
    assert spend_for(four(), ["north"], 10)["north"] >= 3.7e9


def test_a_camera_that_wakes_has_its_share_at_once_however_busy_the_others_are() -> None:
    budget = four()
    spend_for(budget, ["north", "south", "east"], 10)
    begin_ns = 10_000_000_000
    used = spend_for(budget, ["north", "south", "east", "west"], 2, begin_ns=begin_ns)
    assert used["west"] >= 0.9 * 0.1 * 2e9


def test_a_camera_of_its_own_budget_takes_no_more_and_leaves_the_rest() -> None:
    budget = Budget(400.0, {"north": 50.0, "south": None})
    used = spend_for(budget, ["north", "south"], 10)
    assert 0.4e9 <= used["north"] <= 0.6e9
    assert used["south"] >= 3.2e9


def test_a_look_that_costs_more_than_can_be_saved_is_taken_and_paid_for() -> None:
    used = spend_for(four(100.0), ["north", "west"], 60, cost_ns=300_000_000)
    assert 5.5e9 <= sum(used.values()) <= 6.9e9
    assert min(used.values()) >= 2e9


def test_a_hot_board_earns_less() -> None:
    budget = Budget(400.0, {"north": None})
    spend_for(budget, ["north"], 2)
    budget.slow_to(0.4)
    slow = spend_for(budget, ["north"], 10, begin_ns=2_000_000_000)["north"]
    assert 1.5e9 <= slow <= 1.8e9


@settings(max_examples=60, deadline=None)
@given(
    st.floats(20, 2000),
    st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=50, max_size=200),
    st.integers(1_000_000, 120_000_000),
)
def test_no_pattern_of_work_breaks_the_budget_or_starves_a_camera(
    rate: float, wants: list[list[bool]], cost_ns: int
) -> None:
    names = ["north", "south", "east", "west"]
    budget, used = four(rate), dict.fromkeys(names, 0)
    for tick, wanted in enumerate(wants):
        waiting = list(itertools.compress(names, [True, *wanted[1:]]))
        for camera in budget.order(waiting):
            glances = budget.glances(camera, tick * TICK_NS)
            assert 0 <= glances <= MOST_GLANCES
            if glances:
                budget.spend(camera, glances * cost_ns, glances)
                used[camera] += glances * cost_ns
    passed_s = len(wants) * TICK_NS / 1e9
    earned_ns = rate / 1000 * (passed_s + 2 * SAVED_SECONDS) * 1e9
    # Each camera may be in debt for one look, or for the first, whose cost nobody knew.
    assert sum(used.values()) <= earned_ns + 4 * 2 * cost_ns
    share_ns = rate / 1000 * passed_s * 1e9 / 4
    assert used["north"] >= share_ns - 2 * cost_ns - rate / 1000 * SAVED_SECONDS * 1e9


@pytest.mark.parametrize("rate", [1.0, 4000.0])
def test_the_least_and_the_largest_budget_give_sane_answers(rate: float) -> None:
    used = spend_for(Budget(rate, {"north": None}), ["north"], 60)["north"]
    assert 0 < used <= rate / 1000 * 61e9 + MOST_GLANCES * LOOK_NS
