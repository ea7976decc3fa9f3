"""A ring that was damaged, mixed up or moved: the exact message, and all that is whole stays."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from edge.errors import Kind
from edge.vault.disk import RingError, SystemDisk
from edge.vault.findings import Report
from edge.vault.fragment import Gap, GapReason
from edge.vault.places import DAY_NS, VaultPlaces, day_of, day_text
from edge.vault.recovery import recover
from edge.vault.run import hold_lock
from edge.vault.segments import SegmentReader
from edge.vault.verify import verify
from tests.edge.vault.scenes import FPS, Pole, invented, make_pole
from tests.fakes.mandates import CAMERA

GROUP = 2 * FPS
FRAGMENTS = 6
SIZE_BYTES = 800


def fill(pole: Pole, fragments: int = FRAGMENTS) -> None:
    recorder = pole.record()
    pole.play(recorder, invented(fragments * GROUP, group=GROUP, size_bytes=SIZE_BYTES))
    recorder.close()


@pytest.fixture
def pole(tmp_path: Path) -> Pole:
    """Six fragments in one segment."""
    pole = make_pole(tmp_path)
    fill(pole)
    return pole


def check(pole: Pole, *, opens_seals: bool = True) -> Report:
    return verify(pole.places, lambda done, total: None, opens_seals=opens_seals)


def found(pole: Pole) -> list[tuple[str, str]]:
    return [(each.where, each.what) for each in check(pole).findings]


def places_of(pole: Pole) -> dict[int, tuple[int, int]]:
    """By seq: where a fragment begins and ends in the only segment."""
    with SegmentReader(pole.segments()[0]) as reader:
        return {each.header.seq: (each.place, each.end) for each in reader.walk()}


def flip(path: Path, place: int, bit: int = 1) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        (before,) = file.read(1)
        file.seek(place)
        file.write(bytes([before ^ bit]))


def test_flipped_bytes_in_a_seal_are_named_and_cost_that_fragment(pole: Pole) -> None:
    path, (begin, end) = pole.segments()[0], places_of(pole)[3]
    for place in (end - 1, end - 17, end - 200, begin + 20_000):
        flip(path, place)
        message = "fragment 3: its seal is broken: a byte was changed, or the key is another"
        assert found(pole) == [(f"{path}: byte {begin}", message)]
        flip(path, place)
    assert found(pole) == []


def test_every_flipped_byte_of_a_header_is_named(pole: Pole) -> None:
    path, (begin, _) = pole.segments()[0], places_of(pole)[3]
    message = "the header of fragment 3 is not as it was written"
    for place in range(begin, begin + 220, 7):
        flip(path, place, 0x10)
        assert found(pole) == [(f"{path}: byte {begin}", message)]
        flip(path, place, 0x10)


def test_two_hundred_random_flips_are_all_seen(pole: Pole) -> None:
    rng = random.Random(5)
    path = pole.segments()[0]
    size_bytes = path.stat().st_size
    for _ in range(200):
        place, bit = rng.randrange(size_bytes), 1 << rng.randrange(8)
        flip(path, place, bit)
        report = check(pole)
        assert not report.is_whole, f"byte {place}, bit {bit}"
        flip(path, place, bit)


def test_a_truncated_segment_is_named_then_taken_out_and_recording_goes_on(pole: Pole) -> None:
    path, (begin, end) = pole.segments()[0], places_of(pole)[FRAGMENTS]
    os.truncate(path, end - 100)
    assert found(pole) == [(f"{path}: byte {begin}", f"fragment {FRAGMENTS} is cut off")]
    pole.clock.advance(10)
    fill(pole, 2)
    headers = pole.headers()
    assert [header.seq for header in headers] == list(range(1, FRAGMENTS + 2))
    assert headers[FRAGMENTS - 1].gap == Gap(GapReason.DAMAGED, 1)
    assert found(pole) == []


def test_a_segment_that_is_gone_is_named(pole: Pole) -> None:
    path = pole.segments()[0]
    fill(pole)
    path.unlink()
    assert found(pole) == [(str(path), "the segment is gone")]
    pole.record().close()
    assert [header.seq for header in pole.headers()] == list(range(FRAGMENTS + 1, 13))
    assert found(pole) == []


def test_a_corrupt_index_is_said_set_aside_and_rebuilt(pole: Pole) -> None:
    pole.places.index.write_bytes(b"this is no database" * 1_000)
    assert found(pole) == [(str(pole.places.index), "the ring's index is damaged")]
    before = check(pole).cameras[0]
    assert before.opened_fragments == FRAGMENTS
    pole.record().close()
    (aside,) = pole.places.vault.glob("ring.db.damaged-*Z")
    assert aside.read_bytes().startswith(b"this is no database")
    assert [header.seq for header in pole.headers()] == list(range(1, FRAGMENTS + 1))
    assert found(pole) == []


def damage_quietly(pole: Pole) -> None:
    """The index opens and has all its rows, but one of its trees does not hang together."""
    index = pole.places.index
    with closing(sqlite3.connect(index)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'fragment_time'"
        page = connection.execute(query).fetchone()[0]
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    with index.open("r+b") as file:
        # Where a leaf's header says how many cells it has.
        file.seek((page - 1) * page_bytes + 3)
        file.write(b"\x00\x01")


@pytest.mark.parametrize("told_by", ["kill", "verify"])
def test_quiet_damage_in_the_index_is_found_after_a_kill_and_when_it_was_met(
    pole: Pole, told_by: str
) -> None:
    damage_quietly(pole)
    match told_by:
        case "kill":
            with closing(sqlite3.connect(pole.places.index)) as connection, connection:
                connection.execute("UPDATE about SET content='no' WHERE name='ended_cleanly'")
        case "verify":
            assert found(pole) == [(str(pole.places.index), "the ring's index is damaged")]
    pole.record().close()
    assert list(pole.places.vault.glob("ring.db.damaged-*Z"))
    assert not pole.places.suspect.exists()
    assert [header.seq for header in pole.headers()] == list(range(1, FRAGMENTS + 1))
    assert found(pole) == []


def test_damage_that_a_reader_meets_is_noted_for_the_next_start(pole: Pole) -> None:
    index = pole.places.index
    with closing(sqlite3.connect(index)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = bytearray(index.read_bytes())
    # All but the first page, which says what tables there are.
    stored[4_096:] = b"\xff" * (len(stored) - 4_096)
    index.write_bytes(stored)
    with pole.reading() as reader, pytest.raises(RingError, match="the ring's index is damaged"):
        reader.footage(CAMERA).list_headers(0, 2**62)
    assert pole.places.suspect.exists()


def test_a_lost_index_is_rebuilt_and_a_hole_is_named_from_the_seqs(pole: Pole) -> None:
    fill(pole)
    fill(pole)
    pole.segments()[1].unlink()
    pole.places.index.write_bytes(b"")
    for name in ("ring.db-wal", "ring.db-shm"):
        (pole.places.vault / name).unlink(missing_ok=True)
    pole.places.index.unlink()
    assert found(pole)[0] == (str(pole.places.index), "the ring's index is missing")
    pole.places.index.write_bytes(b"x" * 5_000)
    pole.record().close()
    with pole.reading() as reader:
        gaps = {gap.after_seq: gap.gap for gap in reader.gaps(CAMERA)}
    assert gaps[FRAGMENTS] == Gap(GapReason.DAMAGED, FRAGMENTS)
    assert found(pole) == []


def test_an_index_that_lost_its_last_commits_is_completed(pole: Pole) -> None:
    older = pole.data / "older.db"
    shutil.copy(pole.places.index, older)
    fill(pole)
    shutil.copy(older, pole.places.index)
    told = [what for _, what in found(pole)]
    assert told[0] == "fragment 7 is not in the index yet; the next start adds it"
    assert check(pole).is_whole
    pole.record().close()
    assert [header.seq for header in pole.headers()] == list(range(1, 2 * FRAGMENTS + 1))


def test_foreign_files_are_named_and_left_alone(pole: Pole) -> None:
    strange = pole.places.ring / "holiday.jpg"
    strange.write_bytes(b"beach")
    other = pole.places.ring / CAMERA / "notes.txt"
    other.write_text("hello")
    whole = [(str(other), "this is no file of the ring; it is left alone")]
    whole.insert(0, (str(strange), "this is no file of the ring; it is left alone"))
    assert sorted(found(pole)) == sorted(whole)
    assert check(pole).is_whole
    fill(pole)
    assert strange.exists()
    assert other.exists()


def test_a_segment_of_another_ring_is_named_and_not_taken(pole: Pole, tmp_path: Path) -> None:
    other = make_pole(tmp_path / "other")
    fill(other, 2)
    stray = pole.places.segment(CAMERA, day_of(pole.clock.utc_ns()), 77)
    shutil.copy(other.segments()[0], stray)
    name = other.places.ring_id.read_text()[:8]
    assert found(pole) == [(str(stray), f"this segment is of ring {name}; it is left alone")]
    pole.record().close()
    assert len(pole.headers()) == FRAGMENTS
    assert stray.exists()


@pytest.fixture
def mixed_up(pole: Pole, tmp_path: Path) -> tuple[VaultPlaces, str, str]:
    """The folder of another ring where the index expects its own, as after a mix-up of disks."""
    other = make_pole(tmp_path / "other")
    fill(other, 1)
    shutil.rmtree(pole.places.ring)
    shutil.copytree(other.places.ring, pole.places.ring)
    index = check(other).directory_id[:8]
    return pole.places, index, str(pole.places.ring)


def test_another_rings_folder_is_refused(mixed_up: tuple[VaultPlaces, str, str]) -> None:
    places, folder_id, folder = mixed_up
    with pytest.raises(RingError) as refused:
        recover(places, SystemDisk(), 0)
    assert refused.value.kind is Kind.FAILED_PRECONDITION
    assert str(refused.value).startswith(f"{folder}: this folder is ring {folder_id}, the index is")
    assert "Another disk is mounted there" in str(refused.value)


def test_a_disk_that_is_not_mounted_is_refused(pole: Pole) -> None:
    shutil.rmtree(pole.places.ring)
    with pytest.raises(RingError) as refused:
        pole.record()
    assert "but this folder is no ring" in str(refused.value)
    assert "The ring's disk is not mounted: mount it" in str(refused.value)


def test_an_id_that_is_none_is_refused(pole: Pole) -> None:
    pole.places.ring_id.write_text("not hexadecimal")
    with pytest.raises(RingError, match="this is no directory id of a ring"):
        pole.record()


def test_another_key_opens_nothing_and_says_so(pole: Pole) -> None:
    path = pole.places.key(CAMERA, day_of(pole.clock.utc_ns()))
    path.write_bytes(bytes(32))
    told = {what for _, what in found(pole)}
    assert told == {
        f"fragment {seq}: its seal is broken: a byte was changed, or the key is another"
        for seq in range(1, FRAGMENTS + 1)
    }
    with pole.reading() as reader:
        footage = reader.footage(CAMERA)
        first = footage.list_headers(0, 2**62)[0]
        with pytest.raises(RingError) as refused:
            footage.open_fragment(first)
    assert refused.value.kind is Kind.DATA_LOSS
    assert ": fragment 1 at byte " in str(refused.value)


def test_a_key_that_was_cut_off_is_said(pole: Pole) -> None:
    path = pole.places.key(CAMERA, day_of(pole.clock.utc_ns()))
    path.write_bytes(b"short")
    message = "the key is 5 bytes, not 32: what it sealed cannot be opened"
    assert found(pole) == [(str(path), message)]


def test_without_keys_the_chain_is_checked_alone(pole: Pole) -> None:
    flip(pole.segments()[0], places_of(pole)[3][1] - 1)
    report = check(pole, opens_seals=False)
    assert report.findings == []
    assert (report.cameras[0].fragments, report.cameras[0].opened_fragments) == (FRAGMENTS, 0)


def cut_out(path: Path, begin: int, end: int) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:begin] + content[end:])


def doubled(path: Path, begin: int, end: int) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:end] + content[begin:end] + content[end:])


@pytest.mark.parametrize("spoil", [cut_out, doubled])
def test_a_fragment_taken_out_or_doubled_is_named(
    pole: Pole, spoil: Callable[[Path, int, int], None]
) -> None:
    spoil(pole.segments()[0], *places_of(pole)[3])
    assert not check(pole).is_whole


def test_fragments_swapped_with_their_index_break_the_chain(pole: Pole) -> None:
    """An attacker with the index and no key puts fragment 4 where 3 was."""
    path, where = pole.segments()[0], places_of(pole)
    content = bytearray(path.read_bytes())
    content[slice(*where[3])] = content[slice(*where[4])]
    path.write_bytes(content)
    told = [what for _, what in found(pole)]
    assert "the index says otherwise of fragment 3" in told


def test_with_the_clock_set_back_a_day_nothing_is_recorded(pole: Pole) -> None:
    pole.clock.step_utc(-86_400)
    fill(pole, 1)
    assert len(pole.headers()) == FRAGMENTS
    with pole.reading() as reader:
        assert reader.gaps(CAMERA)[-1].to_utc_ns is None
    assert found(pole) == []


def test_a_gate_that_lost_its_floor_takes_no_label_back(pole: Pole, tmp_path: Path) -> None:
    """The clock is a day behind and the gate remembers nothing; the ring's own labels do."""
    newest_ns = pole.headers()[-1].last_utc_ns
    forgetful = Pole(tmp_path / "elsewhere", pole.city, pole.clock)
    forgetful.data.mkdir()
    forgetful.city.install(forgetful.data, pole.city.mandate())
    pole.clock.step_utc(-86_400)
    recorder = pole.record(permit=forgetful.permits())
    pole.play(recorder, invented(GROUP, group=GROUP))
    recorder.close()
    header = pole.headers()[-1]
    assert header.seq == FRAGMENTS + 1
    assert header.first_utc_ns > newest_ns
    assert header.clock_error_ms is not None
    assert header.clock_error_ms >= 86_390_000
    assert found(pole) == []


def test_a_clock_set_forwards_an_hour_while_recording_is_named(pole: Pole) -> None:
    recorder = pole.record()
    movie = invented(4 * GROUP, group=GROUP)
    pole.play(recorder, movie)
    pole.clock.step_utc(3_600)
    packets = movie.from_moment(pole.clock.utc_ns(), pole.clock.monotonic_ns()).packets
    pole.go_on(recorder, packets)
    recorder.close()
    headers = pole.headers()[FRAGMENTS:]
    (stepped,) = (h for h in headers if h.gap and h.gap.reason is GapReason.CLOCK_STEPPED)
    assert stepped.first_utc_ns == packets[0].captured_utc_ns
    assert headers[-1].last_utc_ns == packets[-1].captured_utc_ns
    assert headers[-1].clock_error_ms == packets[-1].clock_error_ms
    assert found(pole) == []


def test_a_clock_set_back_an_hour_while_recording_ends_it_and_is_named(pole: Pole) -> None:
    """What was proven before is a floor: the mandate's gate believes no clock that is behind it."""
    recorder = pole.record()
    movie = invented(4 * GROUP, group=GROUP)
    pole.play(recorder, movie)
    pole.clock.step_utc(-3_600)
    pole.play(recorder, movie)
    pole.clock.step_utc(3_600)
    pole.play(recorder, movie)
    recorder.close()
    headers = pole.headers()[FRAGMENTS:]
    assert len(headers) == 8
    assert [h.gap.reason for h in headers if h.gap] == [GapReason.STOPPED, GapReason.NO_PERMIT]
    assert [h.first_utc_ns for h in headers] == sorted(h.first_utc_ns for h in headers)
    assert found(pole) == []


def test_a_clock_in_1970_records_nothing_and_deletes_nothing(pole: Pole) -> None:
    pole.clock.step_utc(-pole.clock.utc_ns() / 1e9)
    fill(pole, 2)
    assert len(pole.headers()) == FRAGMENTS
    assert found(pole) == []


def test_a_camera_that_claims_the_next_century_makes_no_key_for_it(pole: Pole) -> None:
    recorder = pole.record()
    movie = invented(GROUP, group=GROUP)
    now = movie.from_moment(pole.clock.utc_ns(), pole.clock.monotonic_ns())
    recorder.begin(now.hello)
    for packet in now.packets:
        late_ns = packet.captured_utc_ns + 40_000 * DAY_NS
        recorder.take(CAMERA, replace(packet, captured_utc_ns=late_ns))
    recorder.close()
    with pole.reading() as reader:
        assert reader.days(CAMERA) == [day_text(day_of(pole.clock.utc_ns()))]


def test_a_second_vault_is_refused(pole: Pole) -> None:
    descriptor = hold_lock(pole.places)
    try:
        with pytest.raises(RingError) as refused:
            hold_lock(pole.places)
    finally:
        os.close(descriptor)
    assert str(refused.value) == (
        f"{pole.places.vault}: another vault runs on this ring\n"
        "  One vault a pole: end the other first."
    )


def vigie(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_whole_ring_verifies_with_code_zero_and_its_gaps(pole: Pole) -> None:
    pole.clock.advance(60)
    fill(pole, 1)
    answer = vigie("vault", "verify", "--data", pole.data)
    assert answer.returncode == 0
    first, second, third = answer.stdout.splitlines()
    assert first.startswith(f"camera {CAMERA}: gap after fragment {FRAGMENTS}, 2026-09-21T")
    assert first.endswith(": stopped")
    assert "until now: stopped" in second
    assert third.startswith(f"camera {CAMERA}: 7 fragments, 7 opened, 0.3 MB, 2026-09-21T14:13:20")
    assert answer.stderr == ""


def test_damage_ends_with_code_seven_and_is_told_to_machines(pole: Pole) -> None:
    flip(pole.segments()[0], places_of(pole)[2][1] - 1)
    answer = vigie("vault", "verify", "--data", pole.data, "--json")
    assert answer.returncode == 7
    record = json.loads(answer.stdout)
    assert not record["is_whole"]
    assert [each["what"] for each in record["findings"]] == [
        "fragment 2: its seal is broken: a byte was changed, or the key is another"
    ]


def test_listing_shows_cameras_fragments_and_gaps(pole: Pole) -> None:
    record = json.loads(vigie("vault", "ls", "--data", pole.data, "--json").stdout)
    assert (record["camera"], record["fragments"], record["keys"]) == (CAMERA, FRAGMENTS, 1)
    lines = vigie("vault", "ls", "--data", pole.data, "--fragments").stdout.splitlines()
    assert len(lines) == 1 + FRAGMENTS
    assert "stopped" in vigie("vault", "ls", "--data", pole.data, "--gaps").stdout


def test_no_ring_and_no_such_camera_are_said(pole: Pole, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for verb in ("ls", "verify"):
        answer = vigie("vault", verb, "--data", empty)
        assert answer.returncode == 4
        assert answer.stderr.startswith(f"vigie: {empty}/vault: there is no ring\n")
    answer = vigie("vault", "ls", "--data", pole.data, "--camera", "west")
    assert answer.returncode == 4
    assert "the ring holds nothing of a camera 'west'" in answer.stderr
    assert "It holds: north." in answer.stderr
