"""The whole eye on a drawn video: the same events, to the byte, fast or paced."""

import itertools
from pathlib import Path

import pytest

from edge.eye.budget import Budget
from edge.eye.camera import frames
from edge.eye.camera.recording import Replay
from edge.eye.dictionary import make_dictionary
from edge.eye.replay import replay, with_source
from edge.eye.step import Analysis
from edge.site.model import Count, LineCrossing, SiteFile
from edge.wire.bounds import check_event
from edge.wire.codec import encode_event
from edge.wire.event import Event
from tests.edge.eye.drawn import BrightThings, draw_walkers, site_of

SITE = site_of(
    LineCrossing(function="line_crossing", name="cross", line="gate"),
    Count(function="count", name="through", line="gate", period_seconds=10.0),
)


@pytest.fixture(scope="module")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("drawn") / "walkers.mp4"
    draw_walkers(path)
    return path


def encoded(events: list[Event]) -> list[bytes]:
    messages = [
        encode_event(event, rule=1, captured_utc_ms=event.captured_utc_ms) for event in events
    ]
    assert not [problem for message in messages for problem in check_event(message)]
    return [message.SerializeToString(deterministic=True) for message in messages]


def replayed(path: Path, waits: list[int] | None = None) -> list[Event]:
    site, camera = with_source(SITE, SITE.cameras[0], f"file:{path}")
    wait = None if waits is None else waits.append
    looks = replay(site, camera, BrightThings(), wait_until_ns=wait)
    return [event for look in looks for event in look.seen.events]


def test_each_drawn_walker_crosses_the_line_once(walkers: Path) -> None:
    events = replayed(walkers)
    assert [event.rule for event in events] == ["cross", "cross"]
    assert all(event.trace and event.box for event in events)


def test_a_recording_replays_to_the_same_bytes_fast_or_paced(walkers: Path) -> None:
    waits: list[int] = []
    fast, paced = replayed(walkers), replayed(walkers, waits)
    assert encoded(fast) == encoded(paced)
    assert len(waits) == 60
    assert waits == sorted(waits)


def test_without_budget_nothing_is_detected_and_what_was_due_is_said(walkers: Path) -> None:
    site, camera = with_source(SITE, SITE.cameras[0], f"file:{walkers}")
    analysis = Analysis(site, camera.name, BrightThings(), itertools.count(1))
    seen = [analysis.step(frame, may_detect=False) for frame in frames(camera, Replay(0))]
    assert not [look for look in seen if look.found is not None]
    assert any(look.is_due for look in seen)


def test_every_event_names_a_rule_of_the_dictionary(walkers: Path) -> None:
    site, _ = with_source(SITE, SITE.cameras[0], f"file:{walkers}")
    dictionary = make_dictionary(site, None)
    names = [rule.name for rule in dictionary.rules]
    assert {event.rule for event in replayed(walkers)} <= set(names)
    assert len(set(names)) == len(names)
    assert "health/camera_lost/north" in names
    assert "health/spool_gap" in names
    assert dictionary.rules[0].place == "gate"
    assert len(dictionary.rules[0].version) == 8


def test_a_moved_line_is_another_version(walkers: Path) -> None:
    from dataclasses import replace  # noqa: PLC0415

    moved: SiteFile = replace(SITE, lines=(replace(SITE.lines[0], to_frac=(0.6, 0.0)),))
    before, after = make_dictionary(SITE, None), make_dictionary(moved, None)
    assert before.rules[0].version != after.rules[0].version


def test_the_budget_is_kept_and_shared_fairly() -> None:
    """Two busy cameras at 50 looks a second each, 20 ms a look, 400 ms a second in all."""
    budget, looks = Budget(400.0, ["north", "south"]), {"north": 0, "south": 0}
    for tick in range(500):
        for camera in budget.order(["north", "south"]):
            if budget.allows(tick * 20_000_000):
                budget.spend(camera, 20_000_000)
                looks[camera] += 1
    assert abs(looks["north"] - looks["south"]) <= 1
    assert 190 <= sum(looks.values()) <= 215


def test_what_a_quiet_camera_leaves_is_not_lost_to_the_other() -> None:
    budget, looks = Budget(400.0, ["north", "south"]), 0
    for tick in range(500):
        if budget.allows(tick * 20_000_000):
            budget.spend("north", 20_000_000)
            looks += 1
    assert 190 <= looks <= 215
    assert budget.order(["north", "south"]) == ["south", "north"]
