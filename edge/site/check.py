"""A person's site file to a `SiteFile`, or to the list of everything that is wrong with it."""

import re
import tomllib
from pathlib import Path

from edge.errors import Kind
from edge.site import model, values
from edge.site.problem import Finding, Problem, SiteError

MAX_FILE_BYTES = 1_000_000
_SYNTAX_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_site(path: Path) -> model.SiteFile:
    """Read and check a site file.

    Raises SiteError with every problem: NOT_FOUND or PERMISSION_DENIED where the file cannot be
    read, INVALID_ARGUMENT where its content cannot be taken.
    """
    return load_site(read_text(path), file=str(path))


def load_site(text: str, *, file: str) -> model.SiteFile:
    """Check a site file's text. file: what to call it. Raises SiteError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as refused:
        raise _syntax_error(text, file, refused) from None
    reading = values.load_values(document)
    if reading.site is None or reading.findings:
        raise SiteError(file, _placed(text, file, reading.findings), kind=Kind.INVALID_ARGUMENT)
    return reading.site


def read_text(path: Path) -> str:
    """The file's text. Raises SiteError."""
    return path.read_text(encoding="utf-8")


def _syntax_error(text: str, file: str, refused: tomllib.TOMLDecodeError) -> SiteError:
    return SiteError(file, [Problem(file, str(refused))], kind=Kind.INVALID_ARGUMENT)


def _placed(text: str, file: str, findings: list[Finding]) -> list[Problem]:
    return [Problem(file, finding.what, finding.hint) for finding in findings]
