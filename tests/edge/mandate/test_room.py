"""The shell: what the link brings, what survives a restart, and what a damaged file costs."""

import dataclasses
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from edge.mandate.mailbox import MAX_INCOMING, write_incoming
from edge.mandate.places import RoomName, trust_path
from edge.mandate.reason import Reason
from edge.mandate.register import NewsKind
from edge.mandate.statement import utc_text
from edge.mandate.trust import write_trust
from edge.wire.v1 import event_pb2
from tests.fakes.clock import FakeClock
from tests.fakes.mandates import CAMERA, FAKE_NOW, City, adrift, make_room, statement


@pytest.fixture(scope="module")
def city() -> City:
    return City()


def from_day(days: int, version: int, city: City) -> bytes:
    """A mandate that begins some days from now."""
    return city.mandate(version=version, not_before_utc=utc_text(FAKE_NOW + timedelta(days=days)))


def version_of(data: Path, clock: FakeClock) -> int:
    """What a pole that starts now holds by."""
    return make_room(data, clock).permit(CAMERA).version


def test_a_room_without_trust_allows_nothing(tmp_path: Path) -> None:
    permit = make_room(tmp_path, FakeClock()).permit(CAMERA)
    assert permit.reason is Reason.NO_TRUST
    assert not permit.functions
    assert not permit.may_record


def test_a_room_takes_trust_that_comes_while_it_runs(tmp_path: Path, city: City) -> None:
    room = make_room(tmp_path, FakeClock())
    city.install(tmp_path, city.mandate())
    assert [news.kind for news in room.poll()] == [NewsKind.ACCEPTED]
    assert room.permit(CAMERA).reason is None


def test_a_signed_mandate_allows_what_it_names_and_survives_a_restart(
    tmp_path: Path, city: City
) -> None:
    clock = FakeClock()
    city.install(tmp_path, city.mandate())
    for _ in range(2):
        permit = make_room(tmp_path, clock).permit(CAMERA)
        assert permit.reason is None
        assert permit.may_record
        assert permit.functions == {event_pb2.FUNCTION_INTRUSION, event_pb2.FUNCTION_LOITERING}
        (tmp_path / "mandate" / "incoming-000001.json").unlink(missing_ok=True)


def test_eye_and_vault_each_take_the_mandate_and_keep_it_by_themselves(
    tmp_path: Path, city: City
) -> None:
    city.install(tmp_path, city.mandate())
    rooms: tuple[RoomName, ...] = ("eye", "vault")
    for room in rooms:
        assert make_room(tmp_path, FakeClock(), room=room).permit(CAMERA).may_record
        assert (tmp_path / room / "mandate.json").is_file()


def test_a_revocation_ends_the_permit_at_the_next_look_and_for_good(
    tmp_path: Path, city: City
) -> None:
    text, clock = statement(), FakeClock()
    city.install(tmp_path, city.sign(text))
    room = make_room(tmp_path, clock)
    assert room.permit(CAMERA).reason is None
    write_incoming(tmp_path, city.revocation(text))
    clock.advance(0.1)
    assert [news.what for news in room.poll()] == ["version 1 is revoked: withdrawn"]
    assert room.permit(CAMERA).reason is Reason.REVOKED
    for path in (tmp_path / "mandate").glob("*.json"):
        path.unlink()
    write_incoming(tmp_path, city.sign(text))
    assert make_room(tmp_path, clock).permit(CAMERA).reason is Reason.REVOKED


def test_a_revocation_that_comes_first_keeps_its_mandate_out(tmp_path: Path, city: City) -> None:
    text = statement(version=5)
    city.install(tmp_path, city.revocation(text), city.sign(text))
    room = make_room(tmp_path, FakeClock())
    assert room.permit(CAMERA).reason is Reason.NO_MANDATE


def test_every_earlier_mandate_is_refused_when_it_comes_again(tmp_path: Path, city: City) -> None:
    clock = FakeClock()
    earlier = [city.mandate(version=version) for version in (1, 2, 3)]
    city.install(tmp_path, *earlier)
    room = make_room(tmp_path, clock)
    assert room.permit(CAMERA).version == 3
    for again in (room, make_room(tmp_path, clock)):
        for number, envelope in enumerate(earlier[:2]):
            write_incoming(tmp_path, envelope + b" " * number)
        again.poll()
        assert again.permit(CAMERA).version == 3


def test_the_next_mandate_waits_for_its_first_day_and_then_ends_the_one_before(
    tmp_path: Path, city: City
) -> None:
    clock = FakeClock()
    city.install(tmp_path, city.mandate(version=1), from_day(2, 2, city))
    assert version_of(tmp_path, clock) == 1
    clock.advance(2 * 86400 + 5)
    assert version_of(tmp_path, clock) == 2
    # The clock falls back, by less than the floor would notice after a lost file.
    for name in ("clock-floor", "floor.bak.json"):
        (tmp_path / "eye" / name).unlink(missing_ok=True)
    clock.step_utc(-86400.0)
    assert version_of(tmp_path, clock) in {0, 2}


Damage = Callable[[Path], None]


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


def flip_a_digit(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"highest": 2', b'"highest": 1'))


def put_earlier(path: Path) -> None:
    path.write_bytes((path.parent.parent / "earlier" / path.name).read_bytes())


@pytest.mark.parametrize("damage", [Path.unlink, cut_short, flip_a_digit, put_earlier])
@pytest.mark.parametrize("name", ["floor.json", "floor.bak.json"])
def test_a_floor_that_is_lost_damaged_or_replaced_is_made_good_from_the_other(
    tmp_path: Path, city: City, name: str, damage: Damage
) -> None:
    clock = FakeClock()
    earlier, later = city.mandate(version=1), city.mandate(version=2)
    city.install(tmp_path, earlier)
    make_room(tmp_path, clock)
    (tmp_path / "eye").rename(tmp_path / "earlier")
    (tmp_path / "eye").mkdir()
    for path in (tmp_path / "earlier").iterdir():
        (tmp_path / "eye" / path.name).write_bytes(path.read_bytes())
    write_incoming(tmp_path, later)
    assert version_of(tmp_path, clock) == 2
    damage(tmp_path / "eye" / name)
    (tmp_path / "mandate" / "incoming-000002.json").unlink()
    assert version_of(tmp_path, clock) == 2
    both = [(tmp_path / "eye" / each).read_bytes() for each in ("floor.json", "floor.bak.json")]
    assert both[0] == both[1]


def test_an_earlier_file_of_mandates_brings_nothing_back(tmp_path: Path, city: City) -> None:
    clock = FakeClock()
    city.install(tmp_path, city.mandate(version=1))
    make_room(tmp_path, clock)
    kept = (tmp_path / "eye" / "mandate.json").read_bytes()
    write_incoming(tmp_path, city.mandate(version=2))
    assert version_of(tmp_path, clock) == 2
    for path in (tmp_path / "mandate").glob("*.json"):
        path.unlink()
    (tmp_path / "eye" / "mandate.json").write_bytes(kept)
    room = make_room(tmp_path, clock)
    assert room.permit(CAMERA).reason is Reason.NO_MANDATE
    write_incoming(tmp_path, city.mandate(version=1))
    room.poll()
    assert room.permit(CAMERA).reason is Reason.NO_MANDATE


def test_two_damaged_floors_stop_the_room(tmp_path: Path, city: City) -> None:
    city.install(tmp_path, city.mandate())
    make_room(tmp_path, FakeClock())
    for name in ("floor.json", "floor.bak.json"):
        (tmp_path / "eye" / name).unlink()
    assert make_room(tmp_path, FakeClock()).permit(CAMERA).reason is Reason.FLOOR_LOST


def test_a_pinned_floor_refuses_older_mandates_on_a_fresh_disk(tmp_path: Path, city: City) -> None:
    city.install(tmp_path, city.mandate(version=6))
    trust_path(tmp_path).write_bytes(write_trust(dataclasses.replace(city.trust, version_floor=7)))
    assert make_room(tmp_path, FakeClock()).permit(CAMERA).reason is Reason.NO_MANDATE


def test_a_cut_between_floor_and_mandate_is_healed_when_the_envelope_comes_again(
    tmp_path: Path, city: City
) -> None:
    clock = FakeClock()
    city.install(tmp_path, city.mandate(version=1))
    make_room(tmp_path, clock)
    before = (tmp_path / "eye" / "mandate.json").read_bytes()
    write_incoming(tmp_path, city.mandate(version=2))
    make_room(tmp_path, clock)
    (tmp_path / "eye" / "mandate.json").write_bytes(before)
    assert version_of(tmp_path, clock) == 2


def test_a_mandate_that_cannot_be_written_down_does_not_hold(tmp_path: Path, city: City) -> None:
    city.install(tmp_path)
    room = make_room(tmp_path, FakeClock())
    # A file where the room's folder should be: even root cannot write below it.
    (tmp_path / "eye").mkdir(exist_ok=True)
    for path in (tmp_path / "eye").iterdir():
        path.unlink()
    (tmp_path / "eye").rmdir()
    (tmp_path / "eye").write_text("")
    write_incoming(tmp_path, city.mandate())
    (news,) = room.poll()
    assert news.what.startswith("the mandate cannot be kept: ")
    assert room.poll() == ()
    assert room.permit(CAMERA).reason is Reason.NO_MANDATE
    (tmp_path / "eye").unlink()
    assert [news.kind for news in room.poll()] == [NewsKind.ACCEPTED]
    assert room.permit(CAMERA).reason is None


def test_what_the_link_puts_there_is_neither_followed_nor_waited_for(
    tmp_path: Path, city: City
) -> None:
    city.install(tmp_path, city.mandate())
    folder = tmp_path / "mandate"
    os.mkfifo(folder / "incoming-000002.json")
    (folder / "incoming-000003.json").symlink_to("/dev/zero")
    (folder / "incoming-000004.json").mkdir()
    assert make_room(tmp_path, FakeClock()).permit(CAMERA).reason is None


def test_the_link_keeps_the_newest_envelopes_and_each_once(tmp_path: Path) -> None:
    for number in range(MAX_INCOMING + 5):
        write_incoming(tmp_path, b"%d" % number)
        write_incoming(tmp_path, b"%d" % number)
    kept = sorted(path.name for path in (tmp_path / "mandate").iterdir())
    assert len(kept) == MAX_INCOMING
    assert kept[-1] == f"incoming-{MAX_INCOMING + 5:06}.json"


def test_files_of_a_room_are_closed_to_others_but_the_question(tmp_path: Path, city: City) -> None:
    city.install(tmp_path, city.mandate())
    make_room(tmp_path, FakeClock()).close()
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "eye").iterdir()}
    assert modes == {
        "mandate.json": 0o640,
        "floor.json": 0o640,
        "floor.bak.json": 0o640,
        "clock-floor": 0o640,
        "time-question": 0o644,
    }


def test_without_a_proven_clock_nothing_holds_and_the_pole_says_so(
    tmp_path: Path, city: City
) -> None:
    city.install(tmp_path, city.mandate())
    room = make_room(tmp_path, FakeClock(), kernel=adrift())
    assert room.permit(CAMERA).reason is Reason.CLOCK_UNPROVEN
    assert room.standing().reason is Reason.CLOCK_UNPROVEN
    assert room.mandate is None


def test_a_pole_says_as_a_whole_what_holds(tmp_path: Path, city: City) -> None:
    city.install(tmp_path, city.mandate(version=4))
    room = make_room(tmp_path, FakeClock())
    standing = room.standing()
    assert (standing.version, standing.mode, standing.reason) == (4, "operation", None)
    assert standing.clock is not None
    assert standing.clock.source == "kernel_ntp"
    assert room.mandate is not None
    assert room.trust == city.trust
