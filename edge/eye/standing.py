"""What the mandate says of the whole pole now, in the words of status, dictionary and health."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from edge.mandate.clock_proof import ClockProof
from edge.mandate.gate import Facts, Permit
from edge.mandate.reason import Reason
from edge.wire.v1 import event_pb2

MODES = {
    "operation": event_pb2.MANDATE_MODE_OPERATION,
    "calibration": event_pb2.MANDATE_MODE_CALIBRATION,
}


class Mandates(Protocol):
    """What the eye needs of its mandate room (edge/mandate/room.py)."""

    @property
    def clock_proof(self) -> ClockProof | Reason:
        """What proves the clock now, or why nothing does."""
        ...

    def permit(self, camera: str) -> Permit:
        """What is allowed for this camera now."""
        ...

    def standing(self) -> Permit:
        """What holds for the pole as a whole."""
        ...

    def set_facts(self, facts: Facts) -> None:
        """Rules and models as they run from now on."""
        ...

    @property
    def handles(self) -> tuple[int, ...]:
        """What becomes readable when something came."""
        ...

    def has_come(self) -> bool:
        """Whether something came that no `poll` has looked at."""
        ...

    def poll(self) -> object:
        """Take what came; at least once a second."""
        ...

    def close(self) -> None:
        """Write down what must survive."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """The pole under its mandate.

    version, mode, profile: of the mandate in force; 0 and empty: none. reason: why some or all of
    the cameras see nothing, one word; empty: all of them may. clock_source: what proves the
    clock; empty: nothing does. clock_error_ms: None: not proven.
    """

    version: int
    mode: str
    profile: str
    reason: str
    clock_source: str
    clock_error_ms: int | None

    def mark(self, dictionary: event_pb2.Dictionary) -> None:
        """Say in a dictionary under which mandate its events are seen."""
        if self.version:
            dictionary.mandate_version = self.version
            dictionary.mandate_mode = MODES[self.mode]
            dictionary.mandate_profile = self.profile


def read_standing(mandates: Mandates, cameras: Iterable[str]) -> Standing:
    """Ask for the pole, then for its cameras: the first that sees nothing says why."""
    whole = mandates.standing()
    reason = whole.reason
    for camera in cameras:
        reason = reason or mandates.permit(camera).reason
    proof = mandates.clock_proof
    return Standing(
        version=whole.version if whole.reason is None else 0,
        mode=whole.mode,
        profile=whole.profile if whole.reason is None else "",
        reason=reason.value if reason else "",
        clock_source=proof.source if isinstance(proof, ClockProof) else "",
        clock_error_ms=proof.error_ms if isinstance(proof, ClockProof) else None,
    )
