"""What `vigie mandate verify` finds out about each file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from edge.cli.named_files import read_file
from edge.errors import Kind, VigieError
from edge.mandate.envelope import (
    MANDATE,
    REVOCATION,
    Opened,
    Verified,
    open_envelope,
    verify_opened,
)
from edge.mandate.problem import MandateError, refuse
from edge.mandate.statement import Mandate, parse_mandate, parse_revocation, utc_text
from edge.mandate.trust import MAX_TRUST_BYTES, Trust, load_trust
from edge.mandate.window import is_open

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """One file. says: sentences in order; signers: names of believed keys that signed."""

    file: str
    is_good: bool
    state: str
    says: tuple[str, ...]
    signers: tuple[str, ...] = ()
    version: int | None = None

    def text(self) -> str:
        """For a person."""
        return "\n".join([f"{self.file}: {self.state}", *(f"  {said}" for said in self.says)])

    def record(self) -> dict[str, object]:
        """For machines."""
        return {
            "file": self.file,
            "is_good": self.is_good,
            "state": self.state,
            "version": self.version,
            "signers": list(self.signers),
            "says": list(self.says),
        }


def check_files(
    files: Sequence[Path], trust_file: Path, *, device: str | None, now: datetime
) -> list[Finding]:
    """Each file's finding; a revocation among them counts for the mandates beside it.

    Raises VigieError where a file cannot be read or the trust is none.
    """
    trust = load_trust(read_file(trust_file, MAX_TRUST_BYTES))
    contents = [(str(path), read_file(path)) for path in files]
    revoked = {digest for _, content in contents if (digest := _revoked(content, trust))}
    return [
        _finding(name, content, trust, revoked, device=device, now=now)
        for name, content in contents
    ]


def parse_moment(text: str) -> datetime:
    """A moment with its zone. Raises VigieError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - refused below like any other without a zone
    if moment.tzinfo is None:
        hint = "Write one like 2026-11-21T06:00:00Z."
        raise VigieError(Kind.INVALID_ARGUMENT, f'"{text}" is no moment', hint=hint)
    return moment.astimezone(UTC)


def _revoked(content: bytes, trust: Trust) -> str | None:
    """Of a proper revocation, what it revokes."""
    try:
        opened = open_envelope(content)
        if opened.payload_type != REVOCATION:
            return None
        verify_opened(opened, trust.keys, threshold=1)
        return parse_revocation(opened.payload).mandate_sha256
    except MandateError:
        return None


def _finding(
    name: str, content: bytes, trust: Trust, revoked: set[str], *, device: str | None, now: datetime
) -> Finding:
    try:
        opened = open_envelope(content)
        if opened.payload_type == REVOCATION:
            return _check_revocation(name, opened, trust)
        if opened.payload_type != MANDATE:
            raise refuse(f'"{opened.payload_type}" is neither a mandate nor a revocation')
        verified = verify_opened(opened, trust.keys, threshold=trust.threshold)
        mandate = parse_mandate(verified.payload)
    except MandateError as error:
        return Finding(name, is_good=False, state="not valid", says=tuple(str(error).splitlines()))
    state, says = _state(mandate, trust, device=device, now=now)
    if mandate.sha256 in revoked:
        state = "revoked"
    signers = _names(verified)
    return Finding(
        name,
        is_good=state == "in force",
        state=state,
        says=(f"signed by {', '.join(signers)}", *_facts(mandate), *says),
        signers=signers,
        version=mandate.version,
    )


def _check_revocation(name: str, opened: Opened, trust: Trust) -> Finding:
    verified = verify_opened(opened, trust.keys, threshold=1)
    revocation = parse_revocation(verified.payload)
    signers = _names(verified)
    says = (f"signed by {', '.join(signers)}", f"reason: {revocation.reason}")
    state = f"revokes version {revocation.version}"
    is_ours = revocation.authority == trust.authority
    if not is_ours:
        state = f'not valid: it is of "{revocation.authority}", not of "{trust.authority}"'
    return Finding(name, is_ours, state, says, signers, revocation.version)


def _names(verified: Verified) -> tuple[str, ...]:
    return tuple(key.name for key in verified.signers)


def _facts(mandate: Mandate) -> tuple[str, ...]:
    what = f"version {mandate.version} of {mandate.authority}, profile {mandate.profile.name}"
    return (
        f"{what}, {mandate.mode}, for {', '.join(mandate.devices)}",
        f"from {utc_text(mandate.not_before)} until {utc_text(mandate.ends)}",
    )


def _state(
    mandate: Mandate, trust: Trust, *, device: str | None, now: datetime
) -> tuple[str, tuple[str, ...]]:
    """In one word whether it is in force, and what a person should know."""
    for is_wrong, why in (
        (
            mandate.authority != trust.authority,
            f'it is of "{mandate.authority}", not of "{trust.authority}"',
        ),
        (
            mandate.version < trust.version_floor,
            f"it is below version {trust.version_floor}, which is pinned",
        ),
        (device is not None and device not in mandate.devices, f"it is not for {device}"),
    ):
        if is_wrong:
            return f"not valid: {why}", ()
    if now < mandate.not_before:
        return "not in force yet", ()
    if now < mandate.ends:
        return "in force", _soon(mandate, now)
    if now >= mandate.expires:
        return "expired", ()
    return "its legal basis has ended", (f"it rested on {mandate.profile.source}",)


def _soon(mandate: Mandate, now: datetime) -> tuple[str, ...]:
    zone = ZoneInfo(mandate.time_zone)
    open_now = "open" if is_open(mandate.windows, zone, now) else "closed"
    says = [f"its windows are {open_now} at {utc_text(now)}"]
    left = mandate.ends - now
    if left <= SOON:
        says.append(f"ENDS SOON: in {left.days} days")
    return tuple(says)
