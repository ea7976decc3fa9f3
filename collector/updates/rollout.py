"""What a rollout does next: canary, waves, office hours, a halt when poles fail. No I/O, no clock.

A rollout is its plan and its members. `decide` takes what is known at a moment and returns the
members that changed, whom to offer the update now, and why it halts if it does. All of it stands
in the members, so it goes on after a restart where it stood.

- A wave is open when in every wave before it nobody is under way, nobody who could be offered the
  update waits, and at least half are committed. Poles that are away hold up no wave; they are
  offered the update when they are back, before later waves.
- A wave bears failures up to a share of it, and five at most; with one more the rollout halts. So
  a canary, and a wave of ten, bear none.
- Nobody is offered anything outside the office hours of the pole's own zone. What is not fetched
  when they end is put back, and offered again when they begin.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from collector.updates.states import FAILED, RECALLABLE, TABLE, UNDER_WAY, WAITS, Happening, State
from edge.mandate.window import Window, is_open
from edge.wire.v1 import update_pb2

MAX_FAILURES = 5  # however large a wave is
DEFAULT_WAVES = (1, 10, 100)
DEFAULT_AT_MOST, DEFAULT_FAILURES_PERCENT = 20, 1
# How long a pole may stay in a state without a word. What only waits for a line is put back and
# offered again; what may have a slot in its hands is called silent, and counts as a failure.
_HOUR_MS = 3_600_000
OVERDUE_MS: dict[State, int] = {
    State.OFFERED: _HOUR_MS,
    State.FETCHING: _HOUR_MS,
    State.INSTALLING: 2 * _HOUR_MS,
    State.TRYING: _HOUR_MS,
}


@dataclass(frozen=True, slots=True)
class Member:
    """A pole in a rollout.

    wave: from 0. changed_utc_ms: when it last got on. offers: how often it was offered the update.
    is_forgiven: its failure counts no more, for somebody resumed the rollout after it.
    """

    device: str
    wave: int
    zone: str
    state: State = State.WAITING
    changed_utc_ms: int = 0
    offers: int = 0
    refusal: update_pb2.UpdateRefusal.ValueType = update_pb2.UPDATE_REFUSAL_UNSPECIFIED
    message: str = ""
    received_bytes: int = 0
    is_forgiven: bool = False

    @property
    def is_counted_failure(self) -> bool:
        """Whether it speaks against going on."""
        return self.state in FAILED and not self.is_forgiven


class Said(NamedTuple):
    """What a pole says of its update beside the phase."""

    received_bytes: int
    refusal: update_pb2.UpdateRefusal.ValueType = update_pb2.UPDATE_REFUSAL_UNSPECIFIED
    message: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What somebody decided when the rollout began. hours: in each pole's own zone."""

    hours: Window
    at_most: int = DEFAULT_AT_MOST
    failures_percent: int = DEFAULT_FAILURES_PERCENT


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at a moment. busy: under way in another rollout."""

    now_utc_ms: int
    connected: Collection[str]
    revoked: Collection[str] = frozenset()
    busy: Collection[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows. changed: members as they are from now on. offered: of these, whom to offer it.

    halt: why nothing more is offered; empty: it goes on. is_finished: all have come to an end.
    """

    changed: tuple[Member, ...] = ()
    offered: tuple[Member, ...] = ()
    halt: str = ""
    is_finished: bool = False


def deal(devices: Sequence[str], waves: Sequence[int]) -> list[int]:
    """The wave of each device, in order, from 0; what is left over comes in one more wave."""
    dealt = [wave for wave, size in enumerate(waves) for _ in range(size)]
    return (dealt + [len(waves)] * len(devices))[: len(devices)]


def tell(member: Member, happening: Happening, now_utc_ms: int, said: Said | None = None) -> Member:
    """The member after something happened; said: what the pole said with it."""
    state = TABLE[member.state].get(happening)
    if state is None:
        return member
    moved = replace(member, state=state, changed_utc_ms=now_utc_ms)
    if happening is Happening.OFFER:
        return replace(moved, offers=member.offers + 1, message="")
    return replace(moved, **said._asdict()) if said is not None else moved


def decide(plan: Plan, members: Sequence[Member], facts: Facts, *, is_halted: bool) -> Decision:
    """What a rollout does at this moment."""
    office = find_office(plan, members, facts.now_utc_ms)
    settled = {each.device: _settle(each, facts, office) for each in members}
    halt = "" if is_halted else find_halt(plan, tuple(settled.values()))
    if is_halted or halt:
        settled = {name: tell(each, Happening.HALT, facts.now_utc_ms)
                   for name, each in settled.items()}  # fmt: skip
        offered: tuple[Member, ...] = ()
    else:
        offered = tuple(
            tell(each, Happening.OFFER, facts.now_utc_ms)
            for each in _choose(plan, tuple(settled.values()), facts, office)
        )
        settled |= {each.device: each for each in offered}
    changed = tuple(settled[each.device] for each in members if settled[each.device] != each)
    is_finished = all(each.state not in WAITS | UNDER_WAY for each in settled.values())
    return Decision(changed, offered, halt, is_finished)


def _choose(
    plan: Plan, members: Sequence[Member], facts: Facts, office: Collection[str]
) -> list[Member]:
    """Whom to offer the update now: in order, at most as many as there are places."""
    places = plan.at_most - sum(each.state in UNDER_WAY for each in members)
    open_waves = find_open_waves(members, facts)
    able = (each for each in members if each.wave in open_waves and _is_able(each, facts, office))
    return list(islice(able, max(0, places)))


def find_open_waves(members: Sequence[Member], facts: Facts) -> set[int]:
    """The waves whose poles are offered the update, from the canary on."""
    waves: dict[int, list[Member]] = {}
    for each in members:
        waves.setdefault(each.wave, []).append(each)
    opened: set[int] = set()
    for wave in sorted(waves):
        opened.add(wave)
        if not _is_through(waves[wave], facts):
            break
    return opened


def find_halt(plan: Plan, members: Sequence[Member]) -> str:
    """Why the rollout must halt; empty: it need not."""
    sizes = Counter(each.wave for each in members)
    failures = Counter(each.wave for each in members if each.is_counted_failure)
    for wave, failed in sorted(failures.items()):
        if failed > count_bearable(plan, sizes[wave]):
            return f"{failed} of the {sizes[wave]} poles of wave {wave + 1} failed"
    return ""


def count_bearable(plan: Plan, wave_size: int) -> int:
    """How many failures a wave bears."""
    return min(MAX_FAILURES, wave_size * plan.failures_percent // 100)


def forgive(members: Sequence[Member]) -> Iterator[Member]:
    """Those whose failure counts no more when somebody resumes."""
    return (replace(each, is_forgiven=True) for each in members if each.is_counted_failure)


def count_states(members: Sequence[Member]) -> Mapping[int, Counter[State]]:
    """How many poles of each wave are in each state."""
    counts: dict[int, Counter[State]] = {}
    for each in members:
        counts.setdefault(each.wave, Counter())[each.state] += 1
    return counts


def find_office(plan: Plan, members: Sequence[Member], now_utc_ms: int) -> frozenset[str]:
    """The zones of these members in which it is an office hour now."""
    zones = {each.zone for each in members}
    return frozenset(zone for zone in zones if is_office_hour(plan, zone, now_utc_ms))


def is_office_hour(plan: Plan, zone: str, now_utc_ms: int) -> bool:
    """Whether the local clock of a zone shows an hour of the plan."""
    utc = datetime.fromtimestamp(now_utc_ms / 1000, UTC)
    return is_open((plan.hours,), ZoneInfo(zone), utc)


def _settle(member: Member, facts: Facts, office: Collection[str]) -> Member:
    """What time and revocation do to a member."""
    now_ms = facts.now_utc_ms
    if member.device in facts.revoked:
        return tell(member, Happening.LEAVES, now_ms)
    limit_ms = OVERDUE_MS.get(member.state)
    is_over = limit_ms is not None and now_ms - member.changed_utc_ms >= limit_ms
    if member.state in RECALLABLE and member.zone not in office:
        is_over = True
    return tell(member, Happening.OVERDUE, now_ms) if is_over else member


def _is_able(member: Member, facts: Facts, office: Collection[str]) -> bool:
    return (
        member.state in WAITS
        and member.device in facts.connected
        and member.device not in facts.busy
        and member.zone in office
    )


def _is_through(wave: Sequence[Member], facts: Facts) -> bool:
    """Whether the next wave may begin: half are committed, and the rest is away or at an end."""
    counted = [
        each
        for each in wave
        if each.state is not State.LEFT_OUT and not (each.state in FAILED and each.is_forgiven)
    ]
    if any(each.state in UNDER_WAY for each in counted):
        return False
    if any(each.state in WAITS and each.device in facts.connected for each in counted):
        return False
    return 2 * sum(each.state is State.COMMITTED for each in counted) >= len(counted)
