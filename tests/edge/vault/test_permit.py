"""P7 at the ring: one call writes, it takes a permit, and there is no other way."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import Kind
from edge.mandate.gate import Permit, no_permit
from edge.mandate.reason import Reason
from edge.vault.disk import RingError, SystemDisk
from edge.vault.fragment import Fragment, GapReason
from edge.vault.gathering import Context, Gatherer
from edge.vault.keys import DayKeys
from edge.vault.recovery import recover
from edge.vault.retention import Retention
from edge.vault.writer import RingWriter
from tests.edge.vault.scenes import FPS, Pole, invented
from tests.fakes.mandates import CAMERA, adrift, make_room

OTHER = "south"


@pytest.fixture
def writer(pole: Pole) -> Iterator[RingWriter]:
    recovered = recover(pole.places, SystemDisk(), pole.clock.utc_ns())
    keys = DayKeys(pole.places)
    retention = Retention(pole.places, recovered.index, keys, SystemDisk(), 10**9)
    writer = RingWriter(
        pole.places,
        recovered.index,
        SystemDisk(),
        retention,
        directory_id=recovered.directory_id,
        tails={},
    )
    yield writer
    writer.close()
    recovered.index.close()


def fragment_of(pole: Pole, camera: str = CAMERA) -> Fragment:
    movie = invented(FPS).from_moment(pole.clock.utc_ns(), pole.clock.monotonic_ns())
    gatherer = Gatherer(camera)
    gatherer.begin(movie.hello)
    for packet in movie.packets:
        gatherer.take(packet, Context(packet.captured_utc_ns, "kernel_ntp", 1))
    return gatherer.flush()[0]


def test_with_a_permit_a_fragment_is_in_the_ring(pole: Pole, writer: RingWriter) -> None:
    header = writer.write(fragment_of(pole), pole.permits()(CAMERA))
    assert [each.seq for each in pole.headers()] == [header.seq] == [1]
    assert header.mandate_version == 1


def refused_permits(pole: Pole) -> dict[str, Permit]:
    ring_off = Pole(pole.data / "off", pole.city, pole.clock)
    ring_off.data.mkdir()
    ring_off.city.install(ring_off.data, ring_off.city.mandate(ring_days=0))
    unproven = make_room(pole.data, pole.clock, room="vault", kernel=adrift())
    return {
        "no_mandate": no_permit(CAMERA, Reason.NO_MANDATE),
        "camera_not_named": pole.permits()(OTHER),
        "recording_not_named": ring_off.permits()(CAMERA),
        "clock_unproven": unproven.permit(CAMERA),
    }


@pytest.mark.parametrize(
    "reason", ["no_mandate", "camera_not_named", "recording_not_named", "clock_unproven"]
)
def test_without_one_nothing_is_written_and_the_reason_is_said(
    pole: Pole, writer: RingWriter, reason: str
) -> None:
    permit = refused_permits(pole)[reason]
    with pytest.raises(RingError) as refused:
        writer.write(fragment_of(pole), permit)
    assert refused.value.kind is Kind.PERMISSION_DENIED
    assert str(refused.value) == (
        f"camera {CAMERA}: nothing may be recorded of this camera: {reason}\n"
        "  Run 'vigie mandate show' to see what is in force."
    )
    assert pole.segments() == []
    assert DayKeys(pole.places).days(CAMERA) == []


def test_a_permit_of_one_camera_records_no_other(pole: Pole, writer: RingWriter) -> None:
    with pytest.raises(RingError, match="nothing may be recorded"):
        writer.write(fragment_of(pole, OTHER), pole.permits()(CAMERA))


def test_a_permit_that_ran_out_before_the_capture_records_nothing(
    pole: Pole, writer: RingWriter
) -> None:
    permit = pole.permits()(CAMERA)
    pole.clock.advance(2)
    with pytest.raises(RingError, match="nothing may be recorded"):
        writer.write(fragment_of(pole), permit)


def test_a_window_that_closes_ends_recording_and_the_next_one_names_the_gap(pole: Pole) -> None:
    """The mandate's window ends in the middle of a group; what came before it is kept."""
    pole.city.install(
        pole.data,
        pole.city.mandate(
            version=2,
            time_zone="UTC",
            windows=[{"weekdays": ["mon", "tue"], "starts": "14:13", "ends": "14:14"}],
        ),
    )
    recorder = pole.record()
    movie = invented(60 * FPS, group=50)
    pole.play(recorder, movie)
    assert recorder.settle(30)
    pole.clock.advance(86_400 - 60 - 20)
    pole.play(recorder, movie)
    recorder.close()
    headers = pole.headers()
    assert [header.seq for header in headers] == list(range(1, 20 + 30 + 1))
    gaps = [header.gap.reason for header in headers if header.gap]
    assert gaps == [GapReason.NO_PERMIT]
    ends = [header.last_utc_ns for header in headers]
    assert all(end // 10**9 % 86_400 < 14 * 3_600 + 14 * 60 for end in ends)


def calls(repository: Path, name: str) -> set[str]:
    """Files of the vault in which something of this name is called."""
    return {
        path.name
        for path in (repository / "edge" / "vault").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
    }


def test_nothing_else_makes_a_segment_or_a_fragments_header(repository: Path) -> None:
    assert calls(repository, "write_segment_head") == {"writer.py"}
    assert calls(repository, "write_header") == {"writer.py"}
    assert calls(repository, "describe") == {"writer.py"}
