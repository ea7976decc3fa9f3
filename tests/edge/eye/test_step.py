"""The whole eye on a drawn video: the same events, to the byte, fast or paced."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edge.eye.camera import frames
from edge.eye.camera.recording import Replay
from edge.eye.detections import Detections
from edge.eye.dictionary import make_dictionary
from edge.eye.replay import replay, with_source
from edge.eye.step import Analysis
from edge.mandate.gate import Permit, no_permit, recording_permit
from edge.mandate.reason import Reason
from edge.site.model import Camera, SiteFile
from edge.site.rules import Count, LineCrossing
from edge.wire.bounds import check_event
from edge.wire.codec import encode_event
from edge.wire.event import Event
from tests.edge.eye.drawn import BrightThings, draw_walkers, site_of
from tests.fakes.clock import FakeClock
from tests.fakes.mandates import City, make_room

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
    permit = recording_permit(camera.name)
    seen = [analysis.step(frame, permit, most_glances=0) for frame in frames(camera, Replay(0))]
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
    moved: SiteFile = replace(SITE, lines=(replace(SITE.lines[0], to_frac=(0.6, 0.0)),))
    before, after = make_dictionary(SITE, None), make_dictionary(moved, None)
    assert before.rules[0].version != after.rules[0].version


@pytest.fixture
def film(walkers: Path) -> tuple[SiteFile, Camera]:
    return with_source(SITE, SITE.cameras[0], f"file:{walkers}")


class CountedLooks(BrightThings):
    """Counts how often inference was started."""

    def __init__(self) -> None:
        self.looks = 0

    def find(self, rgb: npt.NDArray[np.uint8]) -> Detections:
        self.looks += 1
        return super().find(rgb)


def watch_under(permits: Callable[[int], Permit], film: tuple[SiteFile, Camera]) -> CountedLooks:
    """Look at the film under the permit that each frame's number is given."""
    site, camera = film
    detector = CountedLooks()
    analysis = Analysis(site, camera.name, detector, itertools.count(1))
    for frame in frames(camera, Replay(0)):
        seen = analysis.step(frame, permits(frame.number))
        if seen.found is not None:
            assert permits(frame.number).reason is None
    return detector


def test_without_a_permit_inference_is_never_started(film: tuple[SiteFile, Camera]) -> None:
    refused = no_permit("north", Reason.NO_MANDATE)
    assert watch_under(lambda _: refused, film).looks == 0


def test_inference_ends_with_the_permit_and_begins_with_the_next(
    film: tuple[SiteFile, Camera],
) -> None:
    granted, refused = recording_permit("north"), no_permit("north", Reason.REVOKED)
    all_looks = watch_under(lambda _: granted, film).looks
    some_looks = watch_under(lambda number: refused if 20 <= number < 40 else granted, film).looks
    assert 0 < some_looks < all_looks


def test_a_permit_that_names_no_rule_of_the_camera_starts_nothing(
    film: tuple[SiteFile, Camera], tmp_path: Path
) -> None:
    city = City()
    zones = [{"zone": "another-gate", "functions": ["line_crossing"]}]
    envelope = city.mandate(cameras=[{"camera": "north", "zones": zones}])
    city.install(tmp_path, envelope)
    permit = make_room(tmp_path, FakeClock()).permit("north")
    assert permit.reason is None
    assert watch_under(lambda _: permit, film).looks == 0


def test_boxes_of_a_class_that_no_permitted_rule_looks_for_do_not_exist(
    film: tuple[SiteFile, Camera],
) -> None:
    site, camera = film
    cars_only = replace(site, rules=(replace(site.rules[0], classes=("car",)),))
    analysis = Analysis(cars_only, camera.name, BrightThings(), itertools.count(1))
    permit = recording_permit(camera.name)
    looks = [analysis.step(frame, permit) for frame in frames(camera, Replay(0))]
    found = [look.found for look in looks if look.found is not None]
    assert found
    assert sum(len(each) for each in found) == 0
    assert all(len(look.tracks) == 0 for look in looks)
