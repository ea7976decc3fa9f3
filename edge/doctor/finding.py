"""What a check says: a verdict, what was measured, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """How a check came out. Only FAIL keeps a pole from being accepted."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    check: the check's name. subject: which camera; empty: the pole. measured: one sentence; for
    SKIPPED why there is none. remedy: one sentence; empty where nothing is to be done.
    """

    check: str
    verdict: Verdict
    measured: str
    remedy: str = ""
    subject: str = ""


def is_accepted(findings: Iterable[Finding]) -> bool:
    """Whether nothing failed."""
    return all(each.verdict is not Verdict.FAIL for each in findings)
