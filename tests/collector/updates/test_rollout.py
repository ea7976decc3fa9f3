"""A rollout as such: waves, hours, places, halts. Whole fleets are simulated, minute by minute."""

import json
import statistics
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.updates.rollout import (
    Decision,
    Facts,
    Member,
    Plan,
    deal,
    decide,
    find_open_waves,
    forgive,
    is_office_hour,
    tell,
)
from collector.updates.states import FAILED, UNDER_WAY, WAITS, Happening, State
from edge.mandate.window import Window
from tests.collector.updates.fleet import ALWAYS, MONDAY, OFFICE, WORKDAYS, make_fleet, pick

DAY = 24 * 60


def test_waves_are_dealt_in_order_and_the_rest_comes_last() -> None:
    assert deal(["a", "b", "c", "d", "e"], [1, 2]) == [0, 1, 1, 2, 2]
    assert deal(["a"], [1, 10, 100]) == [0]
    assert deal([], [1]) == []


def test_a_healthy_fleet_finishes_and_keeps_every_bound() -> None:
    fleet = make_fleet(1000)
    fleet.pass_minutes(7 * DAY, step=4)
    assert fleet.is_finished
    assert fleet.count(State.COMMITTED) == 1000
    assert fleet.most_under_way == 20
    assert len(fleet.offered) == 1000
    hours = (fleet.now - MONDAY).total_seconds() / 3600
    print(f"1,000 healthy poles, 20 at a time, 23 minutes each: {hours:.1f} h")


def test_with_three_in_a_hundred_failing_a_rollout_of_a_thousand_halts_within_one_wave(
    capsys: pytest.CaptureFixture[str],
) -> None:
    touched, failed, own_wave = [], [], 0
    for seed in range(20):
        fleet = make_fleet(1000)
        fleet.failing = pick(fleet, 0.03, seed)
        fleet.pass_minutes(7 * DAY, step=4)
        assert fleet.halt, f"seed {seed} went on to the end"
        waves = fleet.failed_by_wave()
        halted_in, first_in = max(waves), min(waves)
        assert halted_in - first_in <= 1, "it went beyond the wave after the first failure"
        assert fleet.count(State.COMMITTED, State.RETURNED) < 1000
        # No later wave was begun.
        assert all(each.offers == 0 for each in fleet.members.values() if each.wave > halted_in)
        own_wave += halted_in == first_in
        touched.append(len({name for _, name in fleet.offered}))
        failed.append(sum(waves.values()))
    with capsys.disabled():
        print(
            f"\n1,000 poles, 3 % failing, 20 seeds: halted in all, in the wave of the first "
            f"failure in {own_wave}; offered to {statistics.median(touched):.0f} poles "
            f"(median; {max(touched)} at most), {statistics.median(failed):.0f} had failed "
            f"({max(failed)} at most)"
        )


def test_what_is_under_way_at_a_halt_is_not_more_than_the_places() -> None:
    fleet = make_fleet(1000, waves=(), at_most=20)
    fleet.failing = set(list(fleet.members)[:40])
    fleet.pass_minutes(DAY)
    assert fleet.halt == "20 of the 1000 poles of wave 1 failed"
    fleet.halt = "it stands"
    before = len(fleet.offered)
    for _ in range(120):
        fleet.work()
        fleet.decide()
        fleet.now += timedelta(minutes=1)
    assert len(fleet.offered) == before
    assert fleet.count(*UNDER_WAY) == 0
    assert fleet.count(*FAILED) <= 40


def test_one_failing_canary_halts_at_once() -> None:
    fleet = make_fleet(1000)
    fleet.failing = {"pole-0000"}
    fleet.pass_minutes(DAY)
    assert fleet.halt == "1 of the 1 poles of wave 1 failed"
    assert len(fleet.offered) == 1


def test_after_a_resume_old_failures_count_no_more_and_new_ones_do() -> None:
    fleet = make_fleet(200)
    fleet.failing = {"pole-0000", "pole-0003"}
    fleet.pass_minutes(DAY)
    fleet.members |= {each.device: each for each in forgive(tuple(fleet.members.values()))}
    fleet.halt = ""
    fleet.pass_minutes(DAY)
    assert fleet.halt == "1 of the 10 poles of wave 2 failed"
    fleet.members |= {each.device: each for each in forgive(tuple(fleet.members.values()))}
    fleet.halt = ""
    fleet.pass_minutes(7 * DAY)
    assert fleet.is_finished
    assert fleet.count(State.COMMITTED) == 198


def test_a_pole_that_is_never_heard_of_again_counts_as_a_failure() -> None:
    fleet = make_fleet(50)
    fleet.silent = {"pole-0004"}
    fleet.pass_minutes(DAY)
    assert fleet.halt == "1 of the 10 poles of wave 2 failed"
    assert fleet.count(State.SILENT) == 1
    fleet.hear("pole-0004", Happening.COMMITS)
    assert fleet.count(State.SILENT) == 0


def test_poles_that_are_away_for_days_hold_up_no_wave_and_catch_up() -> None:
    fleet = make_fleet(300)
    away = [name for name in fleet.members if int(name[-4:]) % 7 == 3]
    fleet.away = {name: MONDAY + timedelta(days=9) for name in away}
    fleet.pass_minutes(9 * DAY - 60, step=12)
    assert fleet.count(State.COMMITTED) == 300 - len(away)
    assert not fleet.is_finished
    fleet.pass_minutes(2 * DAY, step=4)
    assert fleet.is_finished
    assert fleet.count(State.COMMITTED) == 300


def test_a_canary_that_is_away_is_waited_for() -> None:
    fleet = make_fleet(20)
    fleet.away = {"pole-0000": MONDAY + timedelta(days=2)}
    fleet.pass_minutes(2 * DAY - 60)
    assert fleet.offered == []
    fleet.pass_minutes(2 * DAY)
    assert fleet.is_finished


@pytest.mark.parametrize(
    ("zone", "change", "offset_hours"),
    [
        ("Europe/Paris", datetime(2026, 3, 29, tzinfo=UTC), (1, 2)),
        ("Europe/Paris", datetime(2026, 10, 25, tzinfo=UTC), (2, 1)),
        ("America/Santiago", datetime(2026, 9, 6, tzinfo=UTC), (-4, -3)),
        ("America/Lima", datetime(2026, 3, 29, tzinfo=UTC), (-5, -5)),
    ],
)
def test_nothing_is_offered_outside_office_hours_also_when_clocks_change(
    zone: str, change: datetime, offset_hours: tuple[int, int]
) -> None:
    fleet = make_fleet(150, zone=zone, hours=OFFICE, at_most=1)
    fleet.now = change - timedelta(days=4)
    fleet.pass_minutes(11 * DAY, step=4)
    assert len(fleet.offered) >= 90
    opened = set()
    for when, _ in fleet.offered:
        offset = offset_hours[0] if when < change + timedelta(hours=12) else offset_hours[1]
        local = when + timedelta(hours=offset)
        assert local.weekday() < 5
        assert 9 <= local.hour < 16, (when, local)
        opened.add((local.hour, local.minute))
    assert (9, 0) in opened, "the first minute of a day is used, before and after the change"


def test_a_window_in_the_hour_that_comes_twice_is_open_twice() -> None:
    plan = Plan(Window((*WORKDAYS, "sat", "sun"), 2 * 60, 3 * 60))
    night = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    minutes = [night + timedelta(minutes=each) for each in range(180)]
    opened = [each for each in minutes if is_office_hour(plan, "Europe/Paris", ms(each))]
    assert len(opened) == 120


def test_what_is_not_fetched_at_the_end_of_the_day_goes_on_the_next() -> None:
    fleet = make_fleet(1, hours=OFFICE)
    fleet.now = datetime(2026, 6, 1, 13, 57, tzinfo=UTC)
    fleet.pass_minutes(10)
    assert fleet.members["pole-0000"].state is State.PUT_BACK
    fleet.pass_minutes(DAY)
    assert [when.hour for when, _ in fleet.offered] == [13, 7]
    assert fleet.is_finished


def test_a_pole_that_works_for_another_rollout_is_not_offered_this_one() -> None:
    fleet = make_fleet(1)
    facts = Facts(fleet.now_ms, {"pole-0000"}, busy={"pole-0000"})
    assert decide(fleet.plan, tuple(fleet.members.values()), facts, is_halted=False) == Decision()


def test_a_revoked_pole_leaves_and_the_rest_finishes() -> None:
    members = (Member("a", 0, "UTC"), Member("b", 1, "UTC", State.COMMITTED))
    decision = decide(Plan(ALWAYS), members, Facts(0, {"a", "b"}, revoked={"a"}), is_halted=False)
    assert [each.state for each in decision.changed] == [State.LEFT_OUT]
    assert decision.is_finished


def test_a_rollout_goes_on_where_it_stood_after_a_restart() -> None:
    fleet, again = make_fleet(120), make_fleet(120)
    for each in (fleet, again):
        each.failing = {"pole-0050", "pole-0070"}
    for _ in range(600):
        for each in (fleet, again):
            each.pass_minutes(1)
        # Nothing but what a database keeps goes on from here.
        kept = json.loads(json.dumps([member_record(each) for each in again.members.values()]))
        again.members = {each["device"]: read_member(each) for each in kept}
    assert again.members == fleet.members
    assert again.offered == fleet.offered
    assert again.halt == fleet.halt != ""


def member_record(member: Member) -> dict[str, object]:
    return asdict(member) | {"state": member.state.value}


def read_member(record: dict[str, object]) -> Member:
    return Member(**(record | {"state": State(record["state"])}))  # type: ignore[arg-type]


def ms(when: datetime) -> int:
    return round(when.timestamp() * 1000)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[int], int, list[tuple[int, Happening, int, int]]]:
    """Waves, places, and what happens: pole, happening, minutes that pass, who is here (bits)."""
    waves = draw(st.lists(st.integers(1, 4), max_size=3))
    happenings = [each for each in Happening if each not in {Happening.OFFER, Happening.OVERDUE}]
    steps = st.tuples(
        st.integers(0, 11), st.sampled_from(happenings), st.integers(0, 90), st.integers(0, 4095)
    )
    return waves, draw(st.integers(1, 5)), draw(st.lists(steps, max_size=60))


@given(histories())
@example(
    (
        [2],
        1,
        [(0, Happening.TAKEN, 60, 0), (0, Happening.COMMITS, 0, 2), (0, Happening.TAKEN, 60, 4)],
    )
)
@settings(max_examples=150, deadline=None)
def test_whatever_poles_say_and_whenever_the_bounds_hold(
    history: tuple[list[int], int, list[tuple[int, Happening, int, int]]],
) -> None:
    waves, at_most, steps = history
    names = [f"p{number:02}" for number in range(12)]
    plan = Plan(OFFICE, at_most, failures_percent=25)
    members = {
        name: Member(name, wave, "Europe/Paris")
        for name, wave in zip(names, deal(names, waves), strict=True)
    }
    now, halted = MONDAY, False
    for pole, happening, minutes, here in steps:
        now += timedelta(minutes=minutes)
        name = names[pole]
        members[name] = tell(members[name], happening, ms(now))
        connected = {each for place, each in enumerate(names) if here >> place & 1}
        before = dict(members)
        facts = Facts(ms(now), connected)
        decision = decide(plan, tuple(members.values()), facts, is_halted=halted)
        members |= {each.device: each for each in decision.changed}
        halted = halted or bool(decision.halt)
        check_offers(plan, before, members, decision, facts)
        if halted:
            assert not decision.offered
            assert not any(each.state is State.OFFERED for each in members.values())
        again = decide(plan, tuple(members.values()), facts, is_halted=halted)
        assert again.changed == (), "a decision that is taken leaves nothing to decide"


def check_offers(
    plan: Plan,
    before: dict[str, Member],
    members: dict[str, Member],
    decision: Decision,
    facts: Facts,
) -> None:
    if not decision.offered:
        return
    assert not decision.halt
    local = datetime.fromtimestamp(facts.now_utc_ms / 1000, UTC) + timedelta(hours=2)
    assert local.weekday() < 5
    assert 9 <= local.hour < 16
    under_way = [each for each in members.values() if each.state in UNDER_WAY]
    assert len(under_way) <= max(
        plan.at_most, sum(each.state in UNDER_WAY for each in before.values())
    )
    # Who was given up at this moment, because nothing was heard for too long, holds up no wave.
    settled = before | {
        each.device: each for each in decision.changed if each not in decision.offered
    }
    opened = find_open_waves(tuple(settled.values()), facts)
    for each in decision.offered:
        assert before[each.device].state in WAITS | {State.OFFERED, State.FETCHING}
        assert each.device in facts.connected
        assert each.offers == before[each.device].offers + 1
        assert each.wave in opened
