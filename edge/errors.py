"""The error every room raises: a closed kind, what happened, where, and what to do.

A person reads one message and no traceback. `kind` is closed and shares gRPC's names, so
one table turns an error into an exit code, a gRPC status and a page's text.
"""

from enum import Enum


class Kind(Enum):
    """Whose fault it is and what may help, in gRPC's words."""

    INVALID_ARGUMENT = "invalid_argument"
    NOT_FOUND = "not_found"
    PERMISSION_DENIED = "permission_denied"
    FAILED_PRECONDITION = "failed_precondition"
    UNAVAILABLE = "unavailable"
    RESOURCE_EXHAUSTED = "resource_exhausted"
    DATA_LOSS = "data_loss"
    INTERNAL = "internal"


EXIT_OK = 0
EXIT_ANSWER_IS_NO = 1
EXIT_USAGE = 2

EXIT_CODES: dict[Kind, int] = {
    Kind.INVALID_ARGUMENT: 3,
    Kind.NOT_FOUND: 4,
    Kind.PERMISSION_DENIED: 5,
    Kind.FAILED_PRECONDITION: 5,
    Kind.UNAVAILABLE: 6,
    Kind.RESOURCE_EXHAUSTED: 6,
    Kind.DATA_LOSS: 7,
    Kind.INTERNAL: 70,
}


class VigieError(Exception):
    """One failure, said once.

    what: one sentence that names the thing and what is wrong with it.
    where: the place (file:line:column, byte offset, camera, packet time), if there is one.
    hint: the next thing to do or the next command to type, if there is one.
    """

    def __init__(
        self, kind: Kind, what: str, *, where: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(what)
        self.kind = kind
        self.what = what
        self.where = where
        self.hint = hint

    @property
    def exit_code(self) -> int:
        """The process exit code a command ends with."""
        return EXIT_CODES[self.kind]

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f"\n  {self.hint}" if self.hint else ""
        return f"{place}{self.what}{remedy}"
