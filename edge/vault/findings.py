"""What looking over a ring found: each damage with its place, and what each camera has."""

from dataclasses import dataclass, field
from pathlib import Path

from edge.vault.index import GapRow


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. is_damage: False: to be known, nothing is lost."""

    where: str
    what: str
    is_damage: bool = True


@dataclass(slots=True)
class CameraReport:
    """One camera. opened_fragments: those whose seal was opened and whose hash was right."""

    camera: str
    fragments: int = 0
    opened_fragments: int = 0
    stored_bytes: int = 0
    oldest_utc_ns: int | None = None
    newest_utc_ns: int | None = None
    days: list[str] = field(default_factory=list)
    gaps: list[GapRow] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """All that was found. directory_id: hexadecimal, empty when it cannot be read."""

    path: Path
    directory_id: str = ""
    is_running: bool = False
    cameras: list[CameraReport] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """True when nothing is damaged."""
        return not any(each.is_damage for each in self.findings)
