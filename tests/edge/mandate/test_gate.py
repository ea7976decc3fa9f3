"""The permit as a capability, and the windows of a mandate on nights when clocks change."""

import copy
import dataclasses
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.mandate.gate import PERMIT_NS, Facts, Permit, no_permit
from edge.mandate.reason import Reason
from edge.mandate.room import MandateRoom
from edge.wire.v1 import event_pb2
from tests.fakes.clock import FakeClock
from tests.fakes.mandates import CAMERA, EVERY_DAY, City, make_room
from tests.house.sources import product

HASH, OTHER = "0" * 64, "1" * 64


def clock_at(moment: datetime) -> FakeClock:
    return FakeClock(utc_ns=int(moment.timestamp()) * 10**9)


def room_of(data: Path, clock: FakeClock, **changes: object) -> MandateRoom:
    city = City()
    city.install(data, city.mandate(**changes))
    return make_room(data, clock)


def test_a_permit_cannot_be_made_copied_with_changes_or_written_to() -> None:
    with pytest.raises(TypeError):
        Permit(camera=CAMERA, zones={"*": frozenset({4})}, until_monotonic_ns=2**62)
    refusal = no_permit(CAMERA, Reason.NO_TRUST)
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(refusal, may_record=True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        refusal.may_record = True  # type: ignore[misc]
    assert copy.copy(refusal).reason is Reason.NO_TRUST
    assert not refusal.holds(0)


def test_nothing_but_the_gate_knows_the_seal_of_a_permit() -> None:
    word = re.compile(r"\b_SEAL\b")
    knowing = {source.name for source in product() if word.search(source.text)}
    assert knowing == {"edge/mandate/gate.py"}


def test_a_permit_runs_out_within_a_second_and_is_renewed_before(tmp_path: Path) -> None:
    clock = FakeClock()
    room = room_of(tmp_path, clock)
    first = room.permit(CAMERA)
    clock.advance(0.4)
    assert room.permit(CAMERA) is first
    clock.advance(0.2)
    second = room.permit(CAMERA)
    assert second is not first
    assert second.holds(clock.monotonic_ns())
    clock.advance(0.5)
    assert not first.holds(clock.monotonic_ns())
    assert first.until_monotonic_ns == PERMIT_NS


def test_what_is_not_named_is_not_allowed(tmp_path: Path) -> None:
    zones = [{"zone": "lawn", "functions": ["intrusion"]}, {"zone": "*", "functions": ["count"]}]
    room = room_of(tmp_path, FakeClock(), cameras=[{"camera": CAMERA, "zones": zones}])
    permit = room.permit(CAMERA)
    assert permit.allows(event_pb2.FUNCTION_INTRUSION, "lawn")
    assert not permit.allows(event_pb2.FUNCTION_INTRUSION, "road")
    assert permit.allows(event_pb2.FUNCTION_COUNT, "road")
    assert not permit.allows(event_pb2.FUNCTION_PERSON_DOWN, "lawn")
    assert room.permit("south").reason is Reason.CAMERA_NOT_NAMED


def test_the_vault_gets_no_function_and_the_eye_no_ring_that_is_not_named(tmp_path: Path) -> None:
    city = City()
    city.install(tmp_path / "a", city.mandate())
    vault = make_room(tmp_path / "a", FakeClock(), room="vault").permit(CAMERA)
    assert vault.may_record
    assert not vault.functions
    city.install(tmp_path / "b", city.mandate(ring_days=0))
    eye = make_room(tmp_path / "b", FakeClock()).permit(CAMERA)
    assert eye.functions
    assert not eye.may_record
    vault = make_room(tmp_path / "b", FakeClock(), room="vault").permit(CAMERA)
    assert vault.reason is Reason.RECORDING_NOT_NAMED


def test_other_rules_or_models_than_the_signed_ones_stop_the_function(tmp_path: Path) -> None:
    clock = FakeClock()
    room = room_of(tmp_path, clock, models=[HASH], rules_sha256={CAMERA: HASH})
    said = []
    for rules, models in ((HASH, HASH), (OTHER, HASH), (HASH, OTHER), (HASH, HASH)):
        room.set_facts(Facts({CAMERA: rules}, frozenset({models})))
        said.append(room.permit(CAMERA).reason)
    assert said == [None, Reason.RULES_CHANGED, Reason.MODEL_CHANGED, None]


def test_another_model_stops_what_is_computed_and_not_the_ring(tmp_path: Path) -> None:
    room = room_of(tmp_path, FakeClock(), models=[HASH], rules_sha256={CAMERA: HASH})
    room.set_facts(Facts({CAMERA: HASH}, frozenset({OTHER})))
    permit = room.permit(CAMERA)
    assert (permit.reason, permit.may_record) == (Reason.MODEL_CHANGED, True)
    assert not permit.functions
    assert not permit.holds(0)
    room.set_facts(Facts({CAMERA: OTHER}, frozenset({OTHER})))
    assert not room.permit(CAMERA).may_record


@pytest.mark.parametrize(
    ("signed", "site", "may_record"),
    [
        ({}, {}, True),
        ({CAMERA: HASH}, {CAMERA: HASH, "*": OTHER}, True),
        ({CAMERA: HASH}, {CAMERA: OTHER, "*": HASH}, False),
        ({"*": HASH}, {CAMERA: OTHER, "*": HASH}, True),
        ({"*": HASH}, {CAMERA: HASH, "*": OTHER}, False),
        ({CAMERA: HASH}, {"south": HASH}, False),
        ({CAMERA: HASH}, {}, False),
    ],
)
def test_the_vault_keeps_only_what_says_it_was_made_under_the_signed_rules(
    tmp_path: Path, signed: dict[str, str], site: dict[str, str], *, may_record: bool
) -> None:
    city = City()
    city.install(tmp_path, city.mandate(rules_sha256=signed))
    room = make_room(tmp_path, FakeClock(), room="vault")
    permit = room.permit(CAMERA, Facts(site))
    assert permit.may_record is may_record
    assert permit.reason is (None if may_record else Reason.RULES_CHANGED)
    # At once, though a permit lives for a second.
    assert room.permit(CAMERA, Facts({CAMERA: HASH, "*": HASH})).may_record


def test_calibration_and_bench_are_marked(tmp_path: Path) -> None:
    permit = room_of(tmp_path, FakeClock(), mode="calibration").permit(CAMERA)
    assert (permit.mode, permit.profile, permit.watermark) == ("calibration", "bench", "BENCH")


NIGHT = {"weekdays": ["sat"], "starts": "22:00", "ends": "06:00"}
EARLY = {"weekdays": EVERY_DAY, "starts": "02:15", "ends": "02:45"}


@pytest.mark.parametrize(
    ("zone", "window", "utc", "is_open"),
    [
        # Saturday's window passes midnight: Sunday morning is inside, Saturday morning is not.
        ("Europe/Paris", NIGHT, "2026-06-13T20:00:00", True),
        ("Europe/Paris", NIGHT, "2026-06-13T19:59:00", False),
        ("Europe/Paris", NIGHT, "2026-06-14T03:59:00", True),
        ("Europe/Paris", NIGHT, "2026-06-14T04:00:00", False),
        ("Europe/Paris", NIGHT, "2026-06-13T03:00:00", False),
        # 29 March 2026: 02:00 becomes 03:00; the window that is skipped never opens.
        ("Europe/Paris", EARLY, "2026-03-29T00:59:00", False),
        ("Europe/Paris", EARLY, "2026-03-29T01:20:00", False),
        ("Europe/Paris", NIGHT, "2026-03-29T03:59:00", True),
        ("Europe/Paris", NIGHT, "2026-03-29T04:00:00", False),
        # 25 October 2026: 02:15 comes twice, and both are inside.
        ("Europe/Paris", EARLY, "2026-10-25T00:30:00", True),
        ("Europe/Paris", EARLY, "2026-10-25T00:50:00", False),
        ("Europe/Paris", EARLY, "2026-10-25T01:30:00", True),
        # Half an hour of summer time, and zones far from Greenwich.
        ("Australia/Lord_Howe", EARLY, "2026-04-04T15:20:00", False),
        ("Asia/Kathmandu", NIGHT, "2026-06-13T16:15:00", True),
        ("Pacific/Kiritimati", NIGHT, "2026-06-13T08:00:00", True),
        ("Etc/GMT+12", NIGHT, "2026-06-14T10:00:00", True),
    ],
)
def test_the_clock_on_the_town_hall_decides(
    tmp_path: Path, zone: str, window: dict[str, object], utc: str, is_open: bool
) -> None:
    now = datetime.fromisoformat(utc).replace(tzinfo=UTC) + timedelta(seconds=20)
    permit = room_of(
        tmp_path,
        clock_at(now),
        time_zone=zone,
        windows=[window],
        not_before_utc="2026-01-01T00:00:00Z",
        expires_utc="2026-12-31T00:00:00Z",
    ).permit(CAMERA)
    assert permit.reason is (None if is_open else Reason.OUTSIDE_WINDOW)


def test_dates_bound_the_day_on_which_a_window_starts(tmp_path: Path) -> None:
    window = NIGHT | {"weekdays": EVERY_DAY, "first_date": "2026-06-13", "last_date": "2026-06-13"}
    is_open = {}
    for offset in range(-10, 20):
        now = datetime(2026, 6, 13, 20, tzinfo=UTC) + timedelta(hours=offset, minutes=1)
        folder = tmp_path / str(offset)
        permit = room_of(
            folder,
            clock_at(now),
            windows=[window],
            not_before_utc="2026-01-01T00:00:00Z",
            expires_utc="2026-12-31T00:00:00Z",
        ).permit(CAMERA)
        is_open[offset] = permit.reason is None
    assert [offset for offset, found in is_open.items() if found] == list(range(8))


def test_the_last_moments_that_a_clock_cannot_tell_apart_are_given_up(tmp_path: Path) -> None:
    ends = datetime(2026, 6, 13, 12, tzinfo=UTC)
    allowed = {}
    for seconds in (-3.0, -1.5, -1.0, 0.0):
        room = room_of(
            tmp_path / str(seconds),
            FakeClock(utc_ns=int((ends.timestamp() + seconds) * 1e9)),
            not_before_utc="2026-01-01T00:00:00Z",
            expires_utc="2026-06-13T12:00:00Z",
        )
        allowed[seconds] = room.permit(CAMERA).reason is None
    assert allowed == {-3.0: True, -1.5: True, -1.0: False, 0.0: False}
