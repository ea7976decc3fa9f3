"""The mandate room's error: something signed, or about to be, cannot be taken."""

from edge.errors import Kind
from edge.wire.problem import ProblemsError


class MandateError(ProblemsError):
    """A mandate, revocation, trust file or key that cannot be taken, with all that is wrong."""


def refuse(
    what: str, *, hint: str | None = None, kind: Kind = Kind.INVALID_ARGUMENT
) -> MandateError:
    """The error for a single problem that belongs to no key."""
    return MandateError(kind, what, hint=hint)
