"""The provisioning file's error, and the closed list of reasons why a pole refuses one."""

from collections.abc import Sequence
from enum import Enum

from edge.errors import Kind
from edge.wire.problem import Problem, ProblemsError


class Refusal(Enum):
    """Why a pole does not believe its provisioning file; said in its journal and by its light."""

    UNREADABLE = "unreadable"
    """It is no provisioning file, or one that this release cannot read."""
    NOT_SIGNED = "not_signed"
    """The fleet's key did not sign exactly these bytes."""
    WRONG_BOARD = "wrong_board"
    EXPIRED = "expired"


class ProvisionError(ProblemsError):
    """A provisioning file that cannot be taken, with all that is wrong with it."""

    def __init__(
        self,
        kind: Kind,
        what: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        problems: Sequence[Problem] = (),
        refusal: Refusal = Refusal.UNREADABLE,
    ) -> None:
        super().__init__(kind, what, where=where, hint=hint, problems=problems)
        self.refusal = refusal
