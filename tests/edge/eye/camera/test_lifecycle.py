"""Every pair of state and happening, and the pauses between attempts."""

import itertools
import random

import pytest

from edge.eye.camera.lifecycle import (
    LONGEST_PAUSE_SECONDS,
    TABLE,
    Action,
    Happening,
    Pauses,
    State,
)
from edge.eye.camera.opening import STALL_SECONDS

PAIRS = list(itertools.product(State, Happening))


def test_the_table_knows_every_pair() -> None:
    assert set(TABLE) == set(PAIRS)


@pytest.mark.parametrize(("state", "happening"), PAIRS)
def test_every_pair_leaves_a_way_back(state: State, happening: Happening) -> None:
    after, actions = TABLE[state, happening]
    if after is State.WAITING and state is not State.WAITING:
        assert actions[-2:] == (Action.TELL_LOST, Action.PAUSE), "told, and tried again"
    if happening in {Happening.SILENCE, Happening.EXIT} and state in {State.OPENING, State.RUNNING}:
        assert actions[0] is Action.KILL, "what hangs is killed before anything else"
    if state is State.FINISHED:
        assert (after, actions) == (State.FINISHED, ()), "the end is the end"


def test_only_a_picture_makes_a_camera_opened() -> None:
    tellers = [pair for pair, (_, actions) in TABLE.items() if Action.TELL_OPENED in actions]
    assert tellers == [(State.OPENING, Happening.PICTURE)]


def test_pauses_grow_stay_below_the_cap_and_begin_anew_after_success() -> None:
    pauses = Pauses(random.Random(1))
    chosen = [pauses.choose_seconds() for _ in range(1000)]
    assert max(chosen[:1]) <= 0.5
    assert max(chosen) <= LONGEST_PAUSE_SECONDS
    assert max(chosen[10:]) > 0.9 * LONGEST_PAUSE_SECONDS
    assert min(chosen[10:]) < 0.1 * LONGEST_PAUSE_SECONDS, "full jitter begins at nothing"
    pauses.reset()
    assert pauses.choose_seconds() <= 0.5


def test_a_camera_can_be_back_within_fifteen_seconds_of_its_return() -> None:
    """An attempt that began just before the return may be silent to its end."""
    assert STALL_SECONDS + LONGEST_PAUSE_SECONDS + 1.0 <= 15.0
