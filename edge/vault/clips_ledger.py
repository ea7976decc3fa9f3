"""What became of each clip, remembered by the audit itself: nothing is done that is not in it.

Names of clips are used once. The same signed request again is the same request, another one with
its name is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.evidence.request import ClipRequest
from edge.vault.clips_audit import ClipAudit, Detail

# Requests that are refused: so many an hour get a line each, of the rest the number. Those that
# nobody signed have an allowance of their own, so that a flood of them hides no other.
REFUSED_LINES_AN_HOUR = 60
MAX_FAILURES_TOLD = 64
_HOUR_MS = 3_600_000
_ENDS = frozenset({"refused", "failed", "delivered", "dropped", "forgotten"})


@dataclass(slots=True)
class _Allowance:
    """Lines of one hour. unwritten: refusals since the last line that got none."""

    since_ms: int = 0
    taken: int = 0
    unwritten: int = 0

    def has_room(self, utc_ms: int) -> bool:
        """Take a line of this hour; False: this refusal is counted only."""
        if not 0 <= utc_ms - self.since_ms < _HOUR_MS:
            self.since_ms, self.taken = utc_ms, 0
        self.taken += 1
        if self.taken > REFUSED_LINES_AN_HOUR:
            self.unwritten += 1
            return False
        return True


class ClipLedger:
    """Owned by one thread. Every call that writes returns when the line is on the medium."""

    def __init__(self, path: Path) -> None:
        """Raises AuditError when what stands there is damaged, or the disk refuses."""
        self._audit = ClipAudit(path)
        self._fingerprints: dict[str, str] = {}
        self._acts: dict[str, tuple[str, int]] = {}
        self._failures: dict[str, tuple[int, str]] = {}
        for line in self._audit.entries:
            self._remember(line.utc_ms, line.act, line.clip, line.detail)
        self._unsigned, self._refused = _Allowance(), _Allowance()

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """By clip's name the fingerprint of the request that has it."""
        return self._fingerprints

    def get_act(self, clip: str) -> tuple[str, int]:
        """What was done last with a clip, and when (utc ms); nothing: an empty word."""
        return self._acts.get(clip, ("", 0))

    def has_ended(self, clip: str) -> bool:
        """True when nothing more will be done for a clip."""
        return self.get_act(clip)[0] in _ENDS

    def list_failures(self, since_utc_ms: int) -> list[tuple[str, str]]:
        """Clips that were accepted and then failed, with the reason, the newest 64."""
        found = [
            (clip, why) for clip, (utc_ms, why) in self._failures.items() if utc_ms >= since_utc_ms
        ]
        return found[-MAX_FAILURES_TOLD:]

    def list_accepted(self) -> list[tuple[str, int]]:
        """Camera and time (utc ms) of each request that was taken on, in order."""
        lines = (line for line in self._audit.entries if line.act == "accepted")
        return [(str(line.detail.get("camera", "")), line.utc_ms) for line in lines]

    def write(self, utc_ms: int, act: str, clip: str, detail: Detail | None = None) -> None:
        """Add a line. Raises AuditError; then the act must not take effect."""
        self._audit.write(utc_ms, act, clip, detail or {})
        self._remember(utc_ms, act, clip, detail or {})

    def write_unsigned(self, utc_ms: int, fingerprint: str, no: str) -> None:
        """Note a request of which nothing is believed. Raises AuditError."""
        detail: Detail = {"request_sha256": fingerprint, "no": no}
        self._write_refused(self._unsigned, utc_ms, "refused", "", detail)

    def write_refused(self, utc_ms: int, act: str, clip: str, detail: Detail) -> None:
        """Note a signed request that was refused. Raises AuditError.

        One above the hour's lines is not remembered either: came it again, it is judged again.
        """
        self._write_refused(self._refused, utc_ms, act, clip, detail)

    def close(self) -> None:
        """Let go of the file."""
        self._audit.close()

    def _write_refused(
        self, allowance: _Allowance, utc_ms: int, act: str, clip: str, detail: Detail
    ) -> None:
        if allowance.has_room(utc_ms):
            self.write(utc_ms, act, clip, {**detail, "unwritten": allowance.unwritten})
            allowance.unwritten = 0

    def _remember(self, utc_ms: int, act: str, clip: str, detail: Detail) -> None:
        if not clip or act == "repeated":
            return
        if act in {"accepted", "refused"}:
            self._fingerprints[clip] = str(detail.get("request_sha256", ""))
        if act == "failed":
            self._failures[clip] = (utc_ms, str(detail.get("why", "")))
        self._acts[clip] = (act, utc_ms)


def describe_request(request: ClipRequest, fingerprint: str) -> dict[str, str | int | None]:
    """Who asked for what and why, as the audit keeps it."""
    return {
        "request_sha256": fingerprint,
        "kind": request.kind,
        "camera": request.camera,
        "from_utc_ms": request.from_utc_ms,
        "to_utc_ms": request.to_utc_ms,
        "reason": request.reason,
        "case": request.case,
        "operator": request.operator,
        "role": request.role,
        "second_person": request.second_person,
    }
