"""What the demo counts, and the table it ends with."""

from collections import Counter
from dataclasses import asdict, dataclass, field

from edge.demo.showing import ShownClip


@dataclass(frozen=True, slots=True)
class CameraTally:
    """One camera over the whole demo."""

    camera: str
    frames_captured: int
    frames_analysed: int
    frames_dropped: int
    video_bytes: int
    cpu_ms: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The closing table.

    events_by_rule: stored events, all phases, by rule.
    event_bytes: bytes of those events as they were sent.
    pending_events: accepted by the spool and not yet acknowledged when the demo ended.
    latency_p50_ms, latency_p99_ms: capture to stored; None without events.
    ring_bytes: sealed video that the vault held at the end.
    clips_expected: how many clips belong to the demo.
    """

    seconds: float
    source: str
    events: int
    signals: int
    events_by_rule: dict[str, int]
    event_bytes: int
    video_bytes: int
    pending_events: int
    latency_p50_ms: int | None
    latency_p99_ms: int | None
    cameras: list[CameraTally]
    ring_bytes: int = 0
    clips: list[ShownClip] = field(default_factory=list)
    clips_expected: int = 0

    @property
    def is_success(self) -> bool:
        """Events arrived, all were acknowledged to the pole, and the clip came and is proven."""
        proven = sum(clip.is_verified for clip in self.clips)
        return self.events > 0 and self.pending_events == 0 and proven >= self.clips_expected

    def as_record(self) -> dict[str, object]:
        """The table as one JSON object."""
        return {**asdict(self), "ok": self.is_success}


@dataclass(slots=True)
class Tally:
    """Counts stored events as they are told."""

    by_rule: Counter[str] = field(default_factory=Counter)
    signals: int = 0
    event_bytes: int = 0
    latencies_ms: list[int] = field(default_factory=list)

    def add(self, rule: str, phase: str, size_bytes: int, latency_ms: int) -> None:
        """Count one stored event."""
        self.by_rule[rule] += 1
        self.signals += phase == "start"
        self.event_bytes += size_bytes
        self.latencies_ms.append(latency_ms)

    def percentile_ms(self, percent: int) -> int | None:
        """The latency that `percent` of the events did not exceed; None without events."""
        if not self.latencies_ms:
            return None
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]
