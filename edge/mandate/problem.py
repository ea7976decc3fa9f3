"""What is wrong with something signed, or about to be: every problem at once, each with its key."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.errors import Kind, VigieError


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. path: keys from the document down, such as `windows[0].starts`; or empty."""

    path: str
    what: str
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        remedy = f"\n  {self.hint}" if self.hint else ""
        return f"{place}{self.what}{remedy}"


class MandateError(VigieError):
    """A mandate, revocation, trust file or key that cannot be taken, with all that is wrong.

    problems: all of them, in the order of the text; never empty.
    """

    def __init__(
        self,
        problems: Sequence[Problem],
        *,
        where: str | None = None,
        kind: Kind = Kind.INVALID_ARGUMENT,
    ) -> None:
        first = problems[0]
        many = f"{len(problems)} problems:" if len(problems) > 1 else first.what
        super().__init__(kind, many, where=where, hint=first.hint)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        if len(self.problems) == 1:
            return f"{place}{self.problems[0]}"
        return "\n".join([f"{place}{self.what}", *(str(problem) for problem in self.problems)])


def refuse(
    what: str, *, hint: str | None = None, path: str = "", kind: Kind = Kind.INVALID_ARGUMENT
) -> MandateError:
    """The error for a single problem."""
    return MandateError([Problem(path, what, hint)], kind=kind)
