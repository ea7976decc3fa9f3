"""A fleet that a rollout is tried on: time passes in minutes, poles come, go, install and fail."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from collector.updates.rollout import (
    DEFAULT_WAVES,
    Decision,
    Facts,
    Member,
    Plan,
    deal,
    decide,
    is_office_hour,
    tell,
)
from collector.updates.states import FAILED, UNDER_WAY, Happening, State
from edge.mandate.window import Window

WORKDAYS = ("mon", "tue", "wed", "thu", "fri")
OFFICE = Window(WORKDAYS, 9 * 60, 16 * 60)
ALWAYS = Window((*WORKDAYS, "sat", "sun"), 0, 24 * 60)
MONDAY = datetime(2026, 6, 1, 6, 0, tzinfo=UTC)
# What a pole does after it was offered the update, and for how many minutes.
WAY = (
    (Happening.TAKEN, 1),
    (Happening.FETCHES, 12),
    (Happening.INSTALLS, 3),
    (Happening.TRIES, 6),
)


@dataclass
class Fleet:
    """Poles in a rollout.

    failing: those whose new slot goes back. away: until when a pole is away.
    silent: those that are never heard of again once they install.
    """

    plan: Plan
    members: dict[str, Member]
    failing: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    away: dict[str, datetime] = field(default_factory=dict)
    now: datetime = MONDAY
    halt: str = ""
    is_finished: bool = False
    offered: list[tuple[datetime, str]] = field(default_factory=list)
    most_under_way: int = 0
    _due: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    @property
    def now_ms(self) -> int:
        return round(self.now.timestamp() * 1000)

    def pass_minutes(self, minutes: int, step: int = 1) -> None:
        """Let time pass until it is over, halted or finished."""
        for _ in range(0, minutes, step):
            self.work()
            self.decide()
            if self.halt or self.is_finished:
                return
            self.now += timedelta(minutes=step)

    def decide(self) -> Decision:
        here = {name for name in self.members if self.is_here(name)}
        members = tuple(self.members.values())
        decision = decide(self.plan, members, Facts(self.now_ms, here), is_halted=bool(self.halt))
        for each in decision.changed:
            self.members[each.device] = each
        for each in decision.offered:
            assert each.device not in self._due, "offered twice at once"
            self._due[each.device] = (self.now + timedelta(minutes=WAY[0][1]), 0)
            self.offered.append((self.now, each.device))
        self.halt = self.halt or decision.halt
        self.is_finished = decision.is_finished
        self.most_under_way = max(self.most_under_way, self.count(*UNDER_WAY))
        return decision

    def work(self) -> None:
        """Every pole that is here goes on for itself."""
        for name, (due, place) in list(self._due.items()):
            if self.members[name].state not in UNDER_WAY:
                del self._due[name]  # put back: the pole forgot it, or goes on when it is offered
            elif due <= self.now and self.is_here(name):
                self._go_on(name, place)

    def _go_on(self, name: str, place: int) -> None:
        if place == len(WAY):
            is_bad = name in self.failing
            self.hear(name, Happening.RETURNS if is_bad else Happening.COMMITS)
            del self._due[name]
            return
        happening, _ = WAY[place]
        if happening is Happening.INSTALLS and name in self.silent:
            self.hear(name, happening)
            self.away[name] = datetime.max.replace(tzinfo=UTC)
            return
        is_fetch = happening is Happening.FETCHES
        if is_fetch and not is_office_hour(self.plan, self.members[name].zone, self.now_ms):
            return
        self.hear(name, happening)
        minutes = WAY[place + 1][1] if place + 1 < len(WAY) else 1
        self._due[name] = (self.now + timedelta(minutes=minutes), place + 1)

    def hear(self, name: str, happening: Happening) -> None:
        self.members[name] = tell(self.members[name], happening, self.now_ms)

    def is_here(self, name: str) -> bool:
        return self.now >= self.away.get(name, MONDAY - timedelta(days=9999))

    def count(self, *states: State) -> int:
        return sum(each.state in states for each in self.members.values())

    def failed_by_wave(self) -> Counter[int]:
        return Counter(each.wave for each in self.members.values() if each.state in FAILED)


def make_fleet(
    count: int,
    *,
    waves: Sequence[int] = DEFAULT_WAVES,
    hours: Window = ALWAYS,
    zone: str = "Europe/Paris",
    at_most: int = 20,
) -> Fleet:
    names = [f"pole-{number:04}" for number in range(count)]
    members = {
        name: Member(name, wave, zone) for name, wave in zip(names, deal(names, waves), strict=True)
    }
    return Fleet(Plan(hours, at_most), members)


def pick(fleet: Fleet, share: float, seed: int) -> set[str]:
    """Each pole with this probability, by a seed."""
    chance = random.Random(seed)
    return {name for name in fleet.members if chance.random() < share}
