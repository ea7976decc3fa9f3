"""A person's site file to a `SiteFile`, or to the list of everything that is wrong with it."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from edge.errors import Kind
from edge.site import consistency, model, values
from edge.site.problem import Finding, Problem, SiteError
from edge.site.text import read_text

VERSION = 1

_SYNTAX_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|[^)]*)\)$")
_SYNTAX_WORDS = (
    (r"Cannot overwrite a value", "this key stands twice in its table", "Keep one of them."),
    (r"Cannot declare .* twice", "this table stands twice", "Write [[…]] for a list of tables."),
    (r"Cannot mutate immutable namespace .*", "this table was closed above", "Write it once."),
    (r"Invalid value", "this is no value", 'A text stands in double quotes: "north".'),
    (r"Unclosed array", "a list is not closed", "Add the missing ]."),
    (r"Expected '\]\]?' at .*", "a table's name is not closed", "Write [name] or [[name]]."),
    (r"Unterminated string", "a text is not closed", 'Add the missing ".'),
    (r"Illegal character.*", "a text is not closed on its line", 'Add the missing ".'),
    (r"Expected '=' after a key.*", "a key without a value", "Write key = value."),
    (r"Expected newline or end of document.*", "more than one value on the line", None),
    (r"Invalid statement", "neither a key nor a table", "Write key = value or [table]."),
)
_PASSWORD = re.compile(r"(://[^:/@\s\"']*:)[^@\s\"']*@")


def read_site(path: Path) -> model.SiteFile:
    """Read and check a site file.

    Raises SiteError with every problem: NOT_FOUND or PERMISSION_DENIED where the file cannot be
    read, INVALID_ARGUMENT where its content cannot be taken.
    """
    return load_site(read_text(path), file=str(path))


def load_site(text: str, *, file: str) -> model.SiteFile:
    """Check a site file's text. file: what to call it. Raises SiteError with every problem."""
    try:
        reading, problems = _load(text, file)
    except tomllib.TOMLDecodeError as refused:
        problem = _syntax_problem(text, file, str(refused))
        raise SiteError(file, [problem], kind=Kind.INVALID_ARGUMENT) from None
    except RecursionError:
        problem = Problem(file, "lists stand in lists too deep", "A polygon is a list of points.")
        raise SiteError(file, [problem], kind=Kind.INVALID_ARGUMENT) from None
    if problems or reading.site is None:
        raise SiteError(file, problems, kind=Kind.INVALID_ARGUMENT)
    return reading.site


def _load(text: str, file: str) -> tuple[values.Reading, list[Problem]]:
    document = tomllib.loads(text)
    wrong_version = _version_finding(document)
    if wrong_version:
        return values.Reading(), _placed(text, file, [wrong_version])
    reading = values.load_values(document)
    findings = [*reading.findings, *consistency.check_consistency(reading)]
    return reading, _placed(text, file, findings) if findings else []


def _version_finding(document: Mapping[str, object]) -> Finding | None:
    """A version of another format: then every other finding would mislead."""
    version = document.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version == VERSION:
        return None
    if version > VERSION:
        hint = f"Update vigie, or write the file for version = {VERSION}."
        return Finding(("version",), f"version {version} is newer than this vigie reads", hint)
    what = f"version {version} never existed; allowed: {VERSION}"
    return Finding(("version",), what, f"Write version = {VERSION}.")


def _placed(text: str, file: str, findings: Sequence[Finding]) -> list[Problem]:
    """Findings with their places, in the order of the text."""
    # Costs 10 ms and 5 MiB that a good file never pays.
    from edge.site.position import Positions  # noqa: PLC0415

    positions = Positions(text)
    lines = text.split("\n")
    problems = []
    for finding in findings:
        span = positions.find(finding.path, is_about_key=finding.is_about_key)
        problems.append(
            _problem(file, lines, (span.line, span.column, span.width), finding.what, finding.hint)
        )
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))


def _syntax_problem(text: str, file: str, message: str) -> Problem:
    lines = text.split("\n")
    place = _SYNTAX_PLACE.search(message)
    what, hint = _SYNTAX_PLACE.sub("", message), None
    for pattern, known_what, known_hint in _SYNTAX_WORDS:
        if re.fullmatch(pattern, what):
            what, hint = known_what, known_hint
    line = int(place["line"]) if place and place["line"] else len(text.rstrip().split("\n"))
    column = int(place["column"]) if place and place["column"] else len(lines[line - 1]) + 1
    return _problem(file, lines, (line, column, 1), f"not TOML: {what}", hint)


def _problem(
    file: str, lines: Sequence[str], span: tuple[int, int, int], what: str, hint: str | None
) -> Problem:
    line, column, width = span
    excerpt = _PASSWORD.sub(r"\1***@", lines[line - 1].rstrip("\r"))
    width = max(1, min(width, len(excerpt) - column + 1))
    return Problem(
        file, _PASSWORD.sub(r"\1***@", what), hint, line, column, excerpt, caret_width=width
    )
