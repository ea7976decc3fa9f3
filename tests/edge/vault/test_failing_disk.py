"""P6 and P13 in the ring: whatever the disk does, a fragment is kept or its loss is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.spool.places import spool_path
from edge.spool.spool import Spool
from edge.vault.duties import Duties
from edge.vault.fragment import Gap, GapReason
from edge.vault.recorder import Recorder
from edge.vault.verify import verify
from edge.wire.ring_report import read_ring_report, ring_report_path
from edge.wire.v1 import event_pb2
from tests.edge.vault.scenes import FPS, Pole, invented
from tests.edge.vault.sick_disk import DENIED, FAILING, FULL, READ_ONLY, SickDisk
from tests.fakes.mandates import CAMERA, make_room

WAIT_S = 30
GROUP = 2 * FPS


@pytest.fixture
def disk() -> SickDisk:
    return SickDisk()


def seconds(count: int) -> int:
    return count * FPS


def check_all_is_told(pole: Pole, fed_fragments: int) -> None:
    """What is in the ring and what its gaps name are all that was recorded."""
    headers = pole.headers()
    assert [header.seq for header in headers] == list(range(1, len(headers) + 1))
    named = sum(header.gap.lost_fragments for header in headers if header.gap)
    with pole.reading() as reader:
        still_open = [each for each in reader.gaps(CAMERA) if each.to_utc_ns is None]
    named += sum(each.gap.lost_fragments for each in still_open)
    assert len(headers) + named == fed_fragments
    assert verify(pole.places, lambda done, total: None).findings == []


@pytest.mark.parametrize("step", ["write", "sync"])
@pytest.mark.parametrize("error", [FULL, FAILING, READ_ONLY])
def test_one_failure_costs_a_segment_and_no_fragment(
    pole: Pole, disk: SickDisk, step: str, error: int
) -> None:
    recorder = pole.record(disk=disk)
    movie = invented(seconds(20), group=GROUP)
    pole.play(recorder, movie)
    assert recorder.settle(WAIT_S)
    disk.refuse(step, error, times=1)
    pole.play(recorder, movie)
    recorder.close()
    assert len(pole.segments()) == 2
    assert pole.samples() == [packet.encoded for packet in movie.packets] * 2
    check_all_is_told(pole, 20)


@pytest.mark.parametrize("step", ["create", "write", "sync"])
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FULL, GapReason.DISK_FULL),
        (FAILING, GapReason.DISK_FAILING),
        (READ_ONLY, GapReason.DISK_READ_ONLY),
        (DENIED, GapReason.DISK_FAILING),
    ],
)
def test_a_disk_that_fails_for_a_while_loses_nothing_that_fits_the_queue(
    pole: Pole, disk: SickDisk, step: str, error: int, reason: GapReason
) -> None:
    recorder = pole.record(disk=disk)
    movie = invented(seconds(20), group=GROUP)
    disk.refuse(step, error)
    pole.play(recorder, movie)
    for _ in range(3):
        assert disk.refused.acquire(timeout=WAIT_S)
    assert recorder.trouble is reason
    disk.heal()
    assert recorder.settle(WAIT_S)
    assert recorder.trouble is None
    recorder.close()
    assert pole.samples() == [packet.encoded for packet in movie.packets]
    check_all_is_told(pole, 10)


def test_what_a_long_failure_costs_is_counted_in_the_next_fragment(
    pole: Pole, disk: SickDisk
) -> None:
    fragment_bytes = GROUP * 400
    recorder = pole.record(disk=disk, queue_bytes=3 * fragment_bytes)
    disk.refuse("write", FAILING)
    pole.play(recorder, invented(seconds(2), group=GROUP))
    recorder.end(CAMERA)
    assert disk.refused.acquire(timeout=WAIT_S)
    pole.play(recorder, invented(seconds(40), group=GROUP))
    disk.heal()
    recorder.end(CAMERA)
    assert recorder.settle(WAIT_S)
    recorder.close()
    headers = pole.headers()
    assert recorder.snapshot.dropped_fragments == 21 - len(headers)
    # The first was in the writer's hands all the time; the next stands behind the hole.
    assert headers[1].gap is not None
    assert headers[1].gap.lost_fragments == recorder.snapshot.dropped_fragments
    check_all_is_told(pole, 21)


def test_a_disk_slower_than_the_cameras_drops_whole_fragments_and_names_them(
    pole: Pole, disk: SickDisk
) -> None:
    """A throttled disk: it takes one fragment while the cameras give ten."""
    recorder = pole.record(disk=disk, queue_bytes=2 * GROUP * 400)
    disk.hang()
    for _ in range(4):
        pole.play(recorder, invented(seconds(20), group=GROUP))
        disk.go_on()
        assert recorder.settle(WAIT_S)
        disk.hang()
    disk.go_on()
    recorder.close()
    assert recorder.snapshot.dropped_fragments > 20
    reasons = {header.gap.reason for header in pole.headers() if header.gap}
    assert reasons <= {GapReason.DISK_SLOW, GapReason.CAMERA_SILENT}
    assert GapReason.DISK_SLOW in reasons
    check_all_is_told(pole, 40)


def test_a_vault_that_ends_on_a_slow_disk_ends_in_time_and_names_what_it_gave_up(
    pole: Pole, disk: SickDisk
) -> None:
    """What waits is 40 s of work for this disk; who ends a vault waits 20 s."""
    recorder = pole.record(disk=disk, queue_bytes=10**9)
    disk.hang()
    pole.play(recorder, invented(seconds(200), group=GROUP, size_bytes=16_000))
    begun_ns = pole.clock.monotonic_ns()
    disk.slow_down(2e6, pole.clock.advance)
    disk.go_on()
    recorder.close()
    assert pole.clock.monotonic_ns() - begun_ns < 20e9
    assert 50 < recorder.snapshot.dropped_fragments < 90
    check_all_is_told(pole, 100)


def test_a_vault_that_ends_while_the_disk_fails_names_what_it_takes_with_it(
    pole: Pole, disk: SickDisk
) -> None:
    recorder = pole.record(disk=disk)
    pole.play(recorder, invented(seconds(10), group=GROUP))
    assert recorder.settle(WAIT_S)
    stored = recorder.snapshot.sealed_fragments
    disk.refuse("write", FAILING)
    pole.play(recorder, invented(seconds(6), group=GROUP))
    recorder.close()
    with pole.reading() as reader:
        (gap,) = (each for each in reader.gaps(CAMERA) if each.to_utc_ns is None)
    assert gap.gap.lost_fragments == 5 + 3 - stored
    assert gap.after_seq == stored
    pole.clock.advance(60)
    again = pole.record()
    pole.play(again, invented(seconds(2), group=GROUP))
    again.close()
    assert pole.headers()[-1].gap == gap.gap


def test_a_full_disk_makes_the_ring_give_way(pole: Pole, disk: SickDisk) -> None:
    recorder = pole.record(disk=disk, quota_bytes=16 * 200_000)
    pole.play(recorder, invented(seconds(40), group=GROUP, size_bytes=1_600))
    assert recorder.settle(WAIT_S)
    before = pole.segments()
    disk.refuse("write", FULL, times=1)
    pole.play(recorder, invented(seconds(2), group=GROUP))
    recorder.close()
    assert before[0] not in pole.segments()
    assert before[1] in pole.segments()
    assert verify(pole.places, lambda done, total: None).findings == []


def test_each_fragment_is_one_write_and_one_sync(pole: Pole, disk: SickDisk) -> None:
    recorder = pole.record(disk=disk)
    assert recorder.settle(WAIT_S)
    disk.writes.clear()
    disk.syncs = 0
    pole.play(recorder, invented(seconds(10), group=GROUP))
    recorder.close()
    (_, at), *fragments = disk.writes
    assert at == 0
    assert len(fragments) == disk.syncs == 5
    assert [place for _, place in fragments] == sorted({place for _, place in fragments})


@pytest.fixture
def watched(pole: Pole, disk: SickDisk) -> Iterator[tuple[Recorder, Duties]]:
    recorder = pole.record(disk=disk)
    room = make_room(pole.data, pole.clock, room="vault")
    ring_report_path(pole.data).parent.mkdir(parents=True, exist_ok=True)
    duties = Duties(pole.data, room, recorder, pole.clock)
    yield recorder, duties
    recorder.close()


def told(data: Path) -> list[tuple[int, str, str]]:
    with Spool(spool_path(data)) as spool:
        found: list[tuple[int, str, str]] = []
        for batch in spool.read(0):
            dictionary = spool.dictionary(batch.batch.dictionary)
            assert dictionary is not None
            rules = [rule.name for rule in dictionary.rules]
            found += [
                (each.phase, rules[each.rule - 1], each.reason) for each in batch.batch.events
            ]
        return found


def test_trouble_with_the_ring_is_one_event_and_its_end_another(
    pole: Pole, disk: SickDisk, watched: tuple[Recorder, Duties]
) -> None:
    recorder, duties = watched
    duties.do()
    disk.refuse("write", FAILING)
    pole.play(recorder, invented(seconds(4), group=GROUP))
    for _ in range(4):
        assert disk.refused.acquire(timeout=WAIT_S)
    duties.do()
    duties.do()
    disk.heal()
    assert recorder.settle(WAIT_S)
    duties.do()
    duties.close()
    rule = "health/storage/ring"
    assert told(pole.data) == [
        (event_pb2.PHASE_START, rule, "ring_disk_failing"),
        (event_pb2.PHASE_END, rule, "ring_disk_failing"),
    ]
    report = read_ring_report(pole.data)
    assert report is not None
    assert report.ring_bytes > 0
    assert report.newest_utc_ms is not None


def test_a_disk_that_is_only_slow_is_one_event_until_it_has_kept_up_for_a_minute(
    pole: Pole, disk: SickDisk
) -> None:
    recorder = pole.record(disk=disk, queue_bytes=2 * GROUP * 400)
    ring_report_path(pole.data).parent.mkdir(parents=True, exist_ok=True)
    duties = Duties(pole.data, make_room(pole.data, pole.clock, room="vault"), recorder, pole.clock)
    duties.do()
    assert recorder.trouble is None
    for _ in range(3):
        disk.hang()
        pole.play(recorder, invented(seconds(20), group=GROUP))
        duties.do()
        disk.go_on()
        assert recorder.settle(WAIT_S)
        duties.do()
        assert recorder.trouble is GapReason.DISK_SLOW
    pole.clock.advance(59)
    duties.do()
    pole.clock.advance(2)
    duties.do()
    assert recorder.trouble is None
    duties.close()
    recorder.close()
    rule = "health/storage/ring"
    assert told(pole.data) == [
        (event_pb2.PHASE_START, rule, "ring_disk_slow"),
        (event_pb2.PHASE_END, rule, "ring_disk_slow"),
    ]


def test_a_permit_is_needed_and_its_lack_is_named(pole: Pole) -> None:
    recorder = pole.record()
    pole.play(recorder, invented(seconds(4), group=GROUP))
    assert recorder.settle(WAIT_S)
    recorder.close()
    revoked = Pole(pole.data, pole.city, pole.clock)
    (pole.data / "trust.json").unlink()
    refused = revoked.record()
    revoked.play(refused, invented(seconds(4), group=GROUP))
    refused.close()
    assert len(pole.headers()) == 2
    pole.city.install(pole.data)
    again = pole.record()
    pole.play(again, invented(seconds(4), group=GROUP))
    again.close()
    assert pole.headers()[2].gap == Gap(GapReason.STOPPED)


def test_a_disk_that_fails_for_long_is_not_filled_with_what_was_abandoned(
    pole: Pole, disk: SickDisk
) -> None:
    recorder = pole.record(disk=disk)
    disk.refuse("sync", FAILING)
    pole.play(recorder, invented(seconds(2), group=GROUP))
    recorder.end(CAMERA)
    for _ in range(20):
        assert disk.refused.acquire(timeout=WAIT_S)
    disk.heal()
    assert recorder.settle(WAIT_S)
    recorder.close()
    assert len(pole.segments()) == 1
    assert len(pole.headers()) == 1
