"""An incident's life: the table, every pair of it."""

import itertools

import pytest

from edge.eye.rules.incident import TRANSITIONS, Signal, State, next_state
from edge.wire.event import Phase


@pytest.mark.parametrize(("state", "signal"), list(itertools.product(State, Signal)))
def test_every_pair_leads_somewhere_and_tells_only_what_fits(state: State, signal: Signal) -> None:
    after, phase = next_state(state, signal)
    if (state, signal) not in TRANSITIONS:
        assert (after, phase) == (state, None)
    if phase == Phase.PHASE_START:
        assert (state, after) == (State.WAITING, State.LASTING)
    if phase == Phase.PHASE_UPDATE:
        assert (state, after) == (State.LASTING, State.LASTING)
    if phase == Phase.PHASE_END:
        assert state is State.LEAVING
        assert after in {State.ABSENT, State.SPENT}


def test_no_incident_starts_twice_without_an_end_between() -> None:
    """Walk all signals to depth five from the beginning."""
    for signals in itertools.product(Signal, repeat=5):
        state, is_lasting = State.ABSENT, False
        for signal in signals:
            state, phase = next_state(state, signal)
            if phase == Phase.PHASE_START:
                assert not is_lasting
                is_lasting = True
            if phase == Phase.PHASE_END:
                assert is_lasting
                is_lasting = False


def test_every_state_is_reached_and_left() -> None:
    begins = {state for state, _ in TRANSITIONS}
    ends = {state for state, _ in TRANSITIONS.values()}
    assert begins == ends == set(State)
