"""How a pole stands in a rollout: every state, every thing that may happen, one table.

Rules for editing: a pair that is not in the table changes nothing, and that is a decision. What a
pole says of a slot (it installs, it tries, it stays, it went back) is true whatever we thought; so
these lead from every state that is no end. What it says of an offer counts only once it has
answered this one, for a report of an earlier offer of the same bundle may be older than ours.
"""

from enum import Enum

from edge.wire.v1 import rollout_pb2, update_pb2


class State(Enum):
    """Where a pole stands; the value is the wire's number."""

    WAITING = rollout_pb2.POLE_STATE_WAITING
    OFFERED = rollout_pb2.POLE_STATE_OFFERED
    FETCHING = rollout_pb2.POLE_STATE_FETCHING
    INSTALLING = rollout_pb2.POLE_STATE_INSTALLING
    TRYING = rollout_pb2.POLE_STATE_TRYING
    COMMITTED = rollout_pb2.POLE_STATE_COMMITTED
    RETURNED = rollout_pb2.POLE_STATE_RETURNED
    REFUSED = rollout_pb2.POLE_STATE_REFUSED
    SILENT = rollout_pb2.POLE_STATE_SILENT
    PUT_BACK = rollout_pb2.POLE_STATE_PUT_BACK
    LEFT_OUT = rollout_pb2.POLE_STATE_LEFT_OUT


class Happening(Enum):
    """What may happen to a pole."""

    OFFER = "we offer it the bundle"
    TAKEN = "it answers that the offer is on its disk"
    NOT_TAKEN = "it answers that it cannot take the offer"
    FETCHES = "it says that it fetches"
    INSTALLS = "it says that it checks or installs"
    TRIES = "it says that it starts or proves the new slot"
    COMMITS = "it says that the new slot stays"
    RETURNS = "it says that the old slot runs again"
    REFUSES = "it says that it started nothing of it"
    FORGETS = "it says that the offer was withdrawn"
    OVERDUE = "its time in this state is over"
    HALT = "the rollout is halted"
    LEAVES = "it is revoked, or a later rollout takes it"


WAITS = frozenset({State.WAITING, State.PUT_BACK})
RECALLABLE = frozenset({State.OFFERED, State.FETCHING})
UNDER_WAY = RECALLABLE | {State.INSTALLING, State.TRYING}
FAILED = frozenset({State.RETURNED, State.REFUSED, State.SILENT})
# Nothing leads out of these. A silent pole may still be heard of.
ENDS = frozenset({State.COMMITTED, State.RETURNED, State.REFUSED, State.LEFT_OUT})

_ON_A_SLOT: dict[Happening, State] = {
    Happening.INSTALLS: State.INSTALLING,
    Happening.TRIES: State.TRYING,
    Happening.COMMITS: State.COMMITTED,
}
_ENDED_BADLY: dict[Happening, State] = {
    Happening.RETURNS: State.RETURNED,
    Happening.REFUSES: State.REFUSED,
}
_PUT_BACK: dict[Happening, State] = {
    Happening.FORGETS: State.PUT_BACK,
    Happening.OVERDUE: State.PUT_BACK,
    Happening.HALT: State.PUT_BACK,
}
_WORKS: dict[Happening, State] = {
    **_ON_A_SLOT,
    **_ENDED_BADLY,
    Happening.OVERDUE: State.SILENT,
    Happening.LEAVES: State.LEFT_OUT,
}
_WAITS: dict[Happening, State] = {
    **_ON_A_SLOT,
    Happening.OFFER: State.OFFERED,
    Happening.LEAVES: State.LEFT_OUT,
}
TABLE: dict[State, dict[Happening, State]] = {
    State.WAITING: _WAITS,
    State.PUT_BACK: {**_WAITS, **_ENDED_BADLY},
    State.OFFERED: {
        **_ON_A_SLOT,
        **_PUT_BACK,
        Happening.TAKEN: State.FETCHING,
        Happening.FETCHES: State.FETCHING,
        Happening.NOT_TAKEN: State.REFUSED,
        Happening.LEAVES: State.LEFT_OUT,
    },
    State.FETCHING: {
        **_ON_A_SLOT,
        **_ENDED_BADLY,
        **_PUT_BACK,
        Happening.FETCHES: State.FETCHING,
        Happening.LEAVES: State.LEFT_OUT,
    },
    State.INSTALLING: _WORKS,
    State.TRYING: _WORKS,
    State.SILENT: {**_ON_A_SLOT, **_ENDED_BADLY, Happening.LEAVES: State.LEFT_OUT},
    **{end: {} for end in ENDS},
}

_PHASES: dict[int, Happening] = {
    update_pb2.UPDATE_PHASE_FETCHING: Happening.FETCHES,
    update_pb2.UPDATE_PHASE_CHECKING: Happening.INSTALLS,
    update_pb2.UPDATE_PHASE_INSTALLING: Happening.INSTALLS,
    update_pb2.UPDATE_PHASE_RESTARTING: Happening.TRIES,
    update_pb2.UPDATE_PHASE_TRYING: Happening.TRIES,
    update_pb2.UPDATE_PHASE_COMMITTED: Happening.COMMITS,
    update_pb2.UPDATE_PHASE_RETURNED: Happening.RETURNS,
    update_pb2.UPDATE_PHASE_REFUSED: Happening.REFUSES,
}


def read_report(report: update_pb2.UpdateReport) -> Happening | None:
    """What a pole's report means; None for a phase of a newer pole."""
    happening = _PHASES.get(report.phase)
    is_withdrawn = report.refusal == update_pb2.UPDATE_REFUSAL_WITHDRAWN
    return Happening.FORGETS if happening is Happening.REFUSES and is_withdrawn else happening
