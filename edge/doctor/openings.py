"""The pole's record of its local page: a line is on the disk before the page opens.

`DATA/doctor/openings.jsonl`, root's own, chained as the vault's record of clips is. The same is
told to the control room as an event, from the spool.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from edge.doctor.facts import Openings
from edge.errors import Kind, VigieError
from edge.vault.clips_audit import AuditError, ClipAudit, check_audit

FILE_NAME = "openings.jsonl"
OPENED, CLOSED = "opened", "closed"
MADE, WHY = "token_made_utc", "why"
"""What a line says: of which token, and how the page closed."""


def doctor_folder(data: Path) -> Path:
    """DATA/doctor/, root's own, 0700."""
    return data / "doctor"


def ensure_doctor_folder(data: Path) -> Path:
    """Make it. Raises VigieError."""
    folder = doctor_folder(data)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as refused:
        raise VigieError(
            Kind.PERMISSION_DENIED,
            f"the doctor's folder cannot be made: {refused.strerror}",
            where=str(folder),
            hint="Run vigie doctor as root.",
        ) from refused
    return folder


def write_opening(data: Path, utc_ms: int, act: str, token: str, detail: Mapping[str, str]) -> None:
    """Add a line; it is on the medium when this returns. token: its number.

    Raises VigieError: then the page is not opened.
    """
    path = ensure_doctor_folder(data) / FILE_NAME
    try:
        record = ClipAudit(path)
        try:
            record.write(utc_ms, act, token, dict(detail))
        finally:
            record.close()
    except AuditError as error:
        raise VigieError(
            error.kind,
            "the record of openings cannot be written, and the page opens only with it",
            where=str(path),
            hint="Look at 'df' and 'dmesg' for that disk.",
        ) from error


def read_openings(data: Path) -> Openings:
    """How often it was opened, and whether the record is whole."""
    path = doctor_folder(data) / FILE_NAME
    if not path.exists():
        return Openings(0, None)
    checked = check_audit(path)
    opened = [line for line in checked.lines if line.act == OPENED]
    last = datetime.fromtimestamp(opened[-1].utc_ms / 1000, UTC) if opened else None
    damage = f"the record {path} is broken" if checked.damage else ""
    return Openings(len(opened), last, damage)


def read_last_made(data: Path) -> datetime | None:
    """When the last token that opened the page was made; None: none ever did. Raises VigieError."""
    path = doctor_folder(data) / FILE_NAME
    if not path.exists():
        return None
    checked = check_audit(path)
    if checked.damage is not None:
        raise checked.damage
    made = [str(line.detail.get(MADE, "")) for line in checked.lines if line.act == OPENED]
    return datetime.fromisoformat(made[-1]) if made else None
