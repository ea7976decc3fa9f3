"""What is wrong with something that another sent or signed: all at once, each with its key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from edge.errors import Kind, VigieError

MAX_PROBLEMS = 64
"""More are not kept: who sends a thousand faults gets no thousand answers."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. path: keys from the document down, such as `windows[0].starts`; or empty."""

    path: str
    what: str
    hint: str | None = None

    @property
    def line(self) -> str:
        """Place and problem, without the hint."""
        return f"{self.path}: {self.what}" if self.path else self.what

    def __str__(self) -> str:
        return f"{self.line}\n  {self.hint}" if self.hint else self.line


class ProblemsError(VigieError):
    """Something that cannot be taken, with all that is wrong with it; each room has its own.

    what: all of it in one line. problems: in the order of the text, at most MAX_PROBLEMS; empty
    where the whole is refused and no key of it.
    """

    def __init__(
        self,
        kind: Kind,
        what: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(kind, what, where=where, hint=hint)
        self.problems = tuple(problems)

    @classmethod
    def gather(cls, problems: Sequence[Problem], *, kind: Kind = Kind.INVALID_ARGUMENT) -> Self:
        """The error for some problems, at least one."""
        line = "; ".join(problem.line for problem in problems)
        hint = problems[0].hint if len(problems) == 1 else None
        return cls(kind, line, hint=hint, problems=problems)

    def __str__(self) -> str:
        if len(self.problems) < 2:
            return super().__str__()
        place = f"{self.where}: " if self.where else ""
        more = " or more" if len(self.problems) == MAX_PROBLEMS else ""
        lines = [f"{place}{len(self.problems)} problems{more}:", *map(str, self.problems)]
        return "\n".join([*lines, f"  {self.hint}"] if self.hint else lines)
