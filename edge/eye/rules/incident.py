"""An incident's life: a table, and the bookkeeping that makes one incident one signal.

A *subject* (a track, a zone, a camera) meets a rule's condition or does not. The table says what
follows; the documentation's diagram is drawn from it, and a test walks every pair.

Two things keep one incident one signal. A subject that vanished while it met the condition is
SPENT: if it shows again in the same place, nothing new is told until it was seen not to meet it.
And a new subject that begins where one has just vanished takes over its incident, because
trackers change numbers where people pass behind lamp posts. The time that one has only waited is
taken over from nearer and sooner, and by nobody who comes in over the frame's edge: at a busy
place somebody always comes as somebody goes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from edge.eye.rules.scene import Scene, Sighting
from edge.wire.event import Phase

START, UPDATE, END = Phase.PHASE_START, Phase.PHASE_UPDATE, Phase.PHASE_END
# While an incident lasts it is told again this often, so that a screen can show that it lasts.
UPDATE_NS = 10_000_000_000
# Where and when a new subject may begin that takes over a waiting time, in heights of the larger
# one and in time since the other was met. Found on real paths of a tram stop and a campus: of
# the signals that a whole height and three seconds gave there, a fifth was somebody else's.
_WAITING_REACH = 0.5
_WAITING_NS = 2_000_000_000
# Who begins this near to the frame's edge has come in there.
_EDGE_FRAC = 0.01


class State(Enum):
    """Where a subject stands."""

    ABSENT = auto()
    WAITING = auto()
    LASTING = auto()
    LEAVING = auto()
    SPENT = auto()


class Signal(Enum):
    """What a look says about a subject.

    MET: it meets the condition. RIPE: and has for long enough to be told.
    UNMET: it does not, or was not seen. LEFT: so for leave_seconds, and seen elsewhere.
    GONE: so for leave_seconds, and not seen at all. BEAT: it is time to say that it lasts.
    """

    MET = auto()
    RIPE = auto()
    UNMET = auto()
    LEFT = auto()
    GONE = auto()
    BEAT = auto()


TRANSITIONS: dict[tuple[State, Signal], tuple[State, Phase.ValueType | None]] = {
    (State.ABSENT, Signal.MET): (State.WAITING, None),
    (State.WAITING, Signal.RIPE): (State.LASTING, START),
    (State.WAITING, Signal.LEFT): (State.ABSENT, None),
    (State.WAITING, Signal.GONE): (State.ABSENT, None),
    (State.LASTING, Signal.BEAT): (State.LASTING, UPDATE),
    (State.LASTING, Signal.UNMET): (State.LEAVING, None),
    (State.LEAVING, Signal.MET): (State.LASTING, None),
    (State.LEAVING, Signal.RIPE): (State.LASTING, None),
    (State.LEAVING, Signal.LEFT): (State.ABSENT, END),
    (State.LEAVING, Signal.GONE): (State.SPENT, END),
    (State.SPENT, Signal.LEFT): (State.ABSENT, None),
}


def next_state(state: State, signal: Signal) -> tuple[State, Phase.ValueType | None]:
    """The table, with every pair that it does not name changing nothing."""
    return TRANSITIONS.get((state, signal), (state, None))


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a condition must hold, and must fail; cool-down; time between updates. In ns."""

    min_ns: int
    leave_ns: int
    cool_down_ns: int = 0
    update_ns: int = UPDATE_NS


def limits_of(min_seconds: float, leave_seconds: float, cool_down_seconds: float) -> Limits:
    """Limits from a rule's seconds."""
    return Limits(
        round(min_seconds * 1e9), round(leave_seconds * 1e9), round(cool_down_seconds * 1e9)
    )


@dataclass(slots=True)
class Stay:
    """One subject's history with one rule.

    sighting: the last at which the condition was met. deciding_score: the confidence that began
    the incident, 0 to 1; it stays with the incident, whatever later looks are worth.
    """

    since_ns: int
    met_ns: int
    sighting: Sighting | None
    state: State = State.ABSENT
    told_ns: int = 0
    incident: int = 0
    deciding_score: float = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be told of a subject at this look."""

    phase: Phase.ValueType
    stay: Stay
    duration_ms: int


@dataclass(slots=True)
class Incidents:
    """All subjects of one rule. numbers: gives each incident its number, shared by all rules."""

    limits: Limits
    numbers: Iterator[int]
    stays: dict[int, Stay]
    last_start_ns: int | None = None

    def look(
        self,
        scene: Scene,
        met: dict[int, Sighting | None],
        may_decide: Callable[[int], bool],
        elsewhere: Sequence[int] = (),
    ) -> list[Told]:
        """Advance every subject and say what is to be told, in the order of subjects.

        met: subjects that meet the condition now. may_decide: whether a subject's detection is
        good enough to begin an incident. elsewhere: subjects seen not to meet it.
        """
        now_ns = scene.monotonic_ns
        for subject, sighting in met.items():
            if subject not in self.stays:
                self.stays[subject] = self._take_over(sighting, met, now_ns) or Stay(
                    now_ns, now_ns, sighting
                )
        told: list[Told] = []
        for subject in sorted(self.stays):
            stay = self.stays[subject]
            if subject in met:
                told += self._meet(stay, met[subject], may_decide(subject), now_ns)
            else:
                told += self._miss(stay, subject in elsewhere, now_ns)
        return told

    def forget(self, alive: Sequence[int]) -> None:
        """Drop subjects that neither last nor can come back."""
        known = set(alive)
        over = [
            subject
            for subject, stay in self.stays.items()
            if stay.state is State.ABSENT or (stay.state is State.SPENT and subject not in known)
        ]
        for subject in over:
            del self.stays[subject]

    def restart(self, subject: int, now_ns: int) -> None:
        """Let a waiting subject's time begin anew."""
        stay = self.stays.get(subject)
        if stay is not None and stay.state is State.WAITING:
            stay.since_ns = now_ns

    def _meet(
        self, stay: Stay, sighting: Sighting | None, may_decide: bool, now_ns: int
    ) -> list[Told]:
        if stay.state is State.ABSENT:
            stay.since_ns = now_ns
        stay.met_ns, stay.sighting = now_ns, sighting
        told = self._signal(stay, Signal.MET, now_ns)
        is_ripe = now_ns - stay.since_ns >= self.limits.min_ns and may_decide
        if is_ripe and (stay.state is not State.WAITING or self._is_cool(now_ns)):
            told += self._signal(stay, Signal.RIPE, now_ns)
        if now_ns - stay.told_ns >= self.limits.update_ns and not told:
            told += self._signal(stay, Signal.BEAT, now_ns)
        return told

    def _miss(self, stay: Stay, is_elsewhere: bool, now_ns: int) -> list[Told]:
        told = self._signal(stay, Signal.UNMET, now_ns)
        if now_ns - stay.met_ns >= self.limits.leave_ns:
            told += self._signal(stay, Signal.LEFT if is_elsewhere else Signal.GONE, now_ns)
        return told

    def _signal(self, stay: Stay, signal: Signal, now_ns: int) -> list[Told]:
        stay.state, phase = next_state(stay.state, signal)
        if phase is None:
            return []
        if phase == START:
            stay.incident, self.last_start_ns = next(self.numbers), now_ns
            stay.deciding_score = stay.sighting.score if stay.sighting else 0.0
        stay.told_ns = now_ns
        return [Told(phase, stay, (stay.met_ns - stay.since_ns) // 1_000_000)]

    def _is_cool(self, now_ns: int) -> bool:
        last = self.last_start_ns
        return last is None or now_ns - last >= self.limits.cool_down_ns

    def _take_over(
        self, sighting: Sighting | None, met: dict[int, Sighting | None], now_ns: int
    ) -> Stay | None:
        """The stay of a subject that vanished here a moment ago, now the new subject's."""
        if sighting is None:
            return None
        for subject, stay in sorted(self.stays.items()):
            gone = stay.sighting
            if subject in met or gone is None or stay.state in {State.ABSENT, State.SPENT}:
                continue
            is_visible = subject in sighting.tracks.numbers[sighting.tracks.is_seen]
            if is_visible or now_ns - stay.met_ns > self.limits.leave_ns:
                continue
            if _continues(sighting, gone, stay):
                return self.stays.pop(subject)
        return None


def _continues(sighting: Sighting, gone: Sighting, stay: Stay) -> bool:
    """Whether a new subject may be one that vanished: it began after, and where that was."""
    after_ns = sighting.first_seen_ns - stay.met_ns
    reach = max(gone.height_frac, sighting.height_frac)
    if stay.state is State.WAITING:
        reach *= _WAITING_REACH
        if after_ns > _WAITING_NS or sighting.is_at_edge(_EDGE_FRAC):
            return False
    (x_frac, y_frac), (gone_x, gone_y) = sighting.foot_frac, gone.foot_frac
    return after_ns > 0 and max(abs(x_frac - gone_x), abs(y_frac - gone_y)) <= reach
