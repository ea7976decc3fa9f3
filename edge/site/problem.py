"""What is wrong with a site file: every problem at once, each with its place and a remedy."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.errors import Kind, VigieError

TomlPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem before its place in the text is known.

    path: keys and list indices from the document down, as the TOML writes them.
    what: one sentence without the place.
    is_about_key: the caret belongs under the key, not under its value.
    """

    path: TomlPath
    what: str
    hint: str | None = None
    is_about_key: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem as a person reads it.

    line, column: from 1, counted in characters; None: the problem is the file itself.
    excerpt: the offending line as written; caret_width: how many characters of it are meant.
    """

    file: str
    what: str
    hint: str | None = None
    line: int | None = None
    column: int | None = None
    excerpt: str | None = None
    caret_width: int = 1

    @property
    def where(self) -> str:
        """`file:line:column`, or the file alone."""
        if self.line is None:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}"]
        if self.excerpt is not None and self.column is not None:
            gutter = f"{self.line:>5} | "
            # A tab before the caret must stay a tab, or the caret slides away from its value.
            before = "".join("\t" if c == "\t" else " " for c in self.excerpt[: self.column - 1])
            lines += [
                f"{gutter}{self.excerpt}",
                f"{'| ':>8}{before}{'^' * max(1, self.caret_width)}",
            ]
        if self.hint:
            lines.append(f"  {self.hint}")
        return "\n".join(lines)


class SiteError(VigieError):
    """A site file that cannot be taken, with everything that is wrong with it.

    problems: all of them, in the order of the text; never empty.
    """

    def __init__(self, file: str, problems: Sequence[Problem], *, kind: Kind) -> None:
        many = f"{len(problems)} problems" if len(problems) > 1 else "1 problem"
        super().__init__(kind, f"{file}: {many} in the site file", where=problems[0].where)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        told = "\n\n".join(str(problem) for problem in self.problems)
        return f"{self.what}\n\n{told}"
