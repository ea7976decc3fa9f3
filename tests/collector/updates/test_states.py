"""The table of a pole's states: every pair is walked, none is left to chance."""

import itertools

from collector.updates.states import (
    ENDS,
    FAILED,
    RECALLABLE,
    TABLE,
    UNDER_WAY,
    WAITS,
    Happening,
    State,
    read_report,
)
from edge.wire.v1 import rollout_pb2, update_pb2

# A row a state; a letter a happening, in the order of the class; a dot changes nothing.
LETTERS = {
    ".": None, "o": State.OFFERED, "f": State.FETCHING, "i": State.INSTALLING, "t": State.TRYING,
    "c": State.COMMITTED, "r": State.RETURNED, "x": State.REFUSED, "s": State.SILENT,
    "p": State.PUT_BACK, "l": State.LEFT_OUT,
}  # fmt: skip
WANTED = {
    #                OFFER/TAKEN/NOT/FETCH/INST/TRY/COMMIT/RETURN/REFUSE/FORGET/OVERDUE/HALT/LEAVE
    State.WAITING: "o...itc.....l",
    State.OFFERED: ".fxfitc..pppl",
    State.FETCHING: "...fitcrxpppl",
    State.INSTALLING: "....itcrx.s.l",
    State.TRYING: "....itcrx.s.l",
    State.COMMITTED: ".............",
    State.RETURNED: ".............",
    State.REFUSED: ".............",
    State.SILENT: "....itcrx...l",
    State.PUT_BACK: "o...itcrx...l",
    State.LEFT_OUT: ".............",
}


def test_every_pair_leads_where_the_table_says() -> None:
    assert set(WANTED) == set(State) == set(TABLE)
    for state, happening in itertools.product(State, Happening):
        letter = WANTED[state][list(Happening).index(happening)]
        assert TABLE[state].get(happening) is LETTERS[letter], (state, happening)


def test_every_state_of_the_wire_is_one_of_ours_and_in_one_kind() -> None:
    numbers = set(rollout_pb2.PoleState.values()) - {rollout_pb2.POLE_STATE_UNSPECIFIED}
    assert {state.value for state in State} == numbers
    kinds = (WAITS, UNDER_WAY, ENDS | {State.SILENT})
    assert set().union(*kinds) == set(State)
    assert sum(map(len, kinds)) == len(State)
    assert RECALLABLE < UNDER_WAY
    assert {State.SILENT} == FAILED - ENDS


def test_every_phase_a_pole_may_say_is_understood_and_a_newer_one_changes_nothing() -> None:
    for phase in update_pb2.UpdatePhase.values():
        happening = read_report(update_pb2.UpdateReport(phase=phase))
        assert (happening is None) == (phase == update_pb2.UPDATE_PHASE_UNSPECIFIED)
    newer = update_pb2.UpdateReport()
    newer.MergeFromString(bytes((0x18, 77)))
    assert read_report(newer) is None


def test_an_offer_that_was_withdrawn_is_no_failure() -> None:
    report = update_pb2.UpdateReport(
        phase=update_pb2.UPDATE_PHASE_REFUSED, refusal=update_pb2.UPDATE_REFUSAL_WITHDRAWN
    )
    assert read_report(report) is Happening.FORGETS


def test_a_report_of_an_earlier_offer_is_not_taken_for_this_one() -> None:
    for stale in (Happening.RETURNS, Happening.REFUSES):
        assert stale not in TABLE[State.WAITING]
        assert stale not in TABLE[State.OFFERED]
        assert stale in TABLE[State.FETCHING]
