"""The ring is bounded: by bytes, by the mandate's days, and a day ends with its key."""

from pathlib import Path

import pytest

from edge.vault.disk import SystemDisk
from edge.vault.fragment import GapReason
from edge.vault.index import Index
from edge.vault.keys import DayKeys
from edge.vault.places import day_of, day_text
from edge.vault.recorder import Recorder
from edge.vault.retention import Retention
from edge.vault.sealing import unseal
from edge.vault.segments import SegmentReader
from edge.vault.verify import verify
from tests.edge.vault.scenes import DAY_NS, FPS, Pole, invented, make_pole
from tests.fakes.mandates import CAMERA, adrift, make_room

QUOTA_BYTES = 2_000_000
GROUP = 2 * FPS


def play_seconds(pole: Pole, recorder: Recorder, count: int, size_bytes: int = 1_600) -> None:
    pole.play(recorder, invented(count * FPS, group=GROUP, size_bytes=size_bytes))
    recorder.end(CAMERA)
    assert recorder.settle(30)


def file_bytes(pole: Pole) -> int:
    return sum(each.stat().st_size for each in pole.segments())


def go_days(pole: Pole, days: float) -> None:
    pole.clock.advance(days * 86_400)


def test_the_ring_stays_below_its_quota_and_keeps_the_newest(pole: Pole) -> None:
    recorder = pole.record(quota_bytes=QUOTA_BYTES)
    for _ in range(10):
        play_seconds(pole, recorder, 20)
        assert file_bytes(pole) <= QUOTA_BYTES
        assert recorder.snapshot.ring_bytes == file_bytes(pole)
    recorder.close()
    headers = pole.headers()
    assert headers[-1].seq == 100
    assert [each.seq for each in headers] == list(range(headers[0].seq, 101))
    assert file_bytes(pole) > QUOTA_BYTES * 3 / 4
    assert verify(pole.places, lambda done, total: None).findings == []


def test_two_cameras_share_one_quota_oldest_first(tmp_path: Path) -> None:
    names = ("north", "south")
    cameras: list[object] = [{"camera": name, "zones": []} for name in names]
    pole = make_pole(tmp_path, cameras=cameras)
    recorder = pole.record(quota_bytes=QUOTA_BYTES)
    movies = [invented(20 * FPS, group=GROUP, size_bytes=1_600, camera=n) for n in names]
    for _ in range(5):
        for movie in movies:
            now = movie.from_moment(pole.clock.utc_ns(), pole.clock.monotonic_ns())
            recorder.begin(now.hello)
            for packet in now.packets:
                recorder.take(now.hello.camera, packet)
            recorder.end(now.hello.camera)
        pole.clock.advance(20)
        assert recorder.settle(30)
    recorder.close()
    oldest = [pole.headers(name)[0].first_utc_ns for name in names]
    assert abs(oldest[0] - oldest[1]) <= 20 * 10**9
    assert file_bytes(pole) + sum(p.stat().st_size for p in pole.segments("south")) <= QUOTA_BYTES


@pytest.fixture
def weeks(pole: Pole) -> Pole:
    """Ten seconds a day for ten days, under a mandate of seven."""
    recorder = pole.record()
    for _ in range(10):
        play_seconds(pole, recorder, 10)
        go_days(pole, 1)
    recorder.close()
    return pole


def test_nothing_older_than_the_mandates_days_is_held(weeks: Pole) -> None:
    recorder = weeks.record()
    play_seconds(weeks, recorder, 2)
    recorder.close()
    again = weeks.record()
    play_seconds(weeks, again, 2)
    again.close()
    limit_ns = weeks.clock.utc_ns() - 7 * DAY_NS
    assert weeks.headers()[0].first_utc_ns >= limit_ns - 10 * 10**9
    assert len(weeks.segments()) == 6 + 2
    report = verify(weeks.places, lambda done, total: None)
    assert report.findings == []
    days = report.cameras[0].days
    assert day_text(day_of(limit_ns) - 1) not in days
    assert len(days) <= 9


def test_a_days_key_goes_first_and_is_overwritten(pole: Pole) -> None:
    recorder = pole.record()
    play_seconds(pole, recorder, 4)
    recorder.close()
    day = day_of(pole.clock.utc_ns())
    path = pole.places.key(CAMERA, day)
    key = path.read_bytes()
    kept = path.with_name("kept")
    kept.hardlink_to(path)
    DayKeys(pole.places).destroy(CAMERA, day)
    assert not path.exists()
    assert kept.read_bytes() != key
    segment = pole.segments()[0]
    with SegmentReader(segment) as reader:
        (found, *_) = reader.walk()
        sealed = reader.sealed(found.place, found.header)
    assert unseal(key, found.header, sealed, CAMERA).rows
    findings = verify(pole.places, lambda done, total: None).findings
    assert [each.what for each in findings] == [
        f"the key is gone: nothing of {day_text(day)} can be opened"
    ]


def test_a_cut_between_key_and_files_is_finished_by_the_next_start(weeks: Pole) -> None:
    """The key of a past day is destroyed, its file is still there."""
    go_days(weeks, 30)
    keys = DayKeys(weeks.places)
    for day in keys.days(CAMERA):
        keys.destroy(CAMERA, day)
    recorder = weeks.record()
    play_seconds(weeks, recorder, 2)
    recorder.close()
    again = weeks.record()
    play_seconds(weeks, again, 2)
    again.close()
    assert len(weeks.segments()) == 2
    assert verify(weeks.places, lambda done, total: None).findings == []


def test_a_file_whose_row_is_gone_is_taken_in_again(pole: Pole) -> None:
    """The order of deletion: a cut after the rows and before the file loses nothing silently."""
    recorder = pole.record()
    play_seconds(pole, recorder, 4)
    recorder.close()
    index = Index(pole.places.index)
    with index.changing(is_synced=True):
        index.remove_segment(1)
    index.close()
    pole.record().close()
    assert [header.seq for header in pole.headers()] == [1, 2]


def test_a_clock_that_is_not_proven_deletes_nothing(weeks: Pole) -> None:
    before = weeks.segments()
    go_days(weeks, 1_000)
    unproven = make_room(weeks.data, weeks.clock, room="vault", kernel=adrift())
    recorder = weeks.record(permit=unproven.permit)
    weeks.play(recorder, invented(GROUP, group=GROUP))
    assert recorder.settle(30)
    recorder.close()
    assert weeks.segments() == before


def test_a_shorter_mandate_shortens_the_ring(weeks: Pole) -> None:
    held = len(weeks.segments())
    weeks.city.install(weeks.data, weeks.city.mandate(version=2, ring_days=2))
    for _ in range(2):
        recorder = weeks.record()
        play_seconds(weeks, recorder, 2)
        recorder.close()
    assert held > 5
    assert len(weeks.segments()) <= 4
    assert weeks.headers()[-1].mandate_version == 2


def test_without_a_mandate_the_last_ones_days_still_hold(weeks: Pole) -> None:
    index = Index(weeks.places.index)
    retention = Retention(weeks.places, index, DayKeys(weeks.places), SystemDisk(), 10**9)
    go_days(weeks, 100)
    retention.expire(weeks.clock.utc_ns())
    index.close()
    assert weeks.segments() == []
    assert DayKeys(weeks.places).days(CAMERA) == []


def test_after_an_empty_ring_recording_begins_anew(weeks: Pole) -> None:
    go_days(weeks, 100)
    for _ in range(2):
        recorder = weeks.record()
        play_seconds(weeks, recorder, 4)
        recorder.close()
        pole_gaps = [header.gap for header in weeks.headers()]
    assert pole_gaps[-1] is None or pole_gaps[-1].reason is not GapReason.DAMAGED
    assert verify(weeks.places, lambda done, total: None).findings == []
