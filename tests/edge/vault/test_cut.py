"""A cut: the camera's own samples in a plain MP4, nothing encoded again, every gap named."""

import hashlib
import io
from dataclasses import replace
from typing import BinaryIO

import av
import numpy as np
import pytest

from edge.errors import Kind, VigieError
from edge.evidence.pieces import Gap as ManifestGap
from edge.evidence.sealed import Sealer, open_sealed
from edge.vault.cut import Cut, cut_clip, cut_still, find_gaps
from edge.vault.cut_timeline import CutError
from edge.vault.fragment import Gap, GapReason
from tests.fakes.evidence import make_reader
from tests.fakes.footage import BEGINS_NS, FPS, Footage, encode, gather, record, record_again

READER = make_reader()
MS = 1_000_000


def _cut(footage: Footage, **how: str) -> tuple[Cut, bytes]:
    target = io.BytesIO()
    cut = cut_clip(footage, footage.headers, _sealer(target), **how)
    return cut, _open(target)


def _sealer(target: BinaryIO) -> Sealer:
    return Sealer(target, "clip-1", {READER.keyid: READER.raw})


def _open(sealed: io.BytesIO) -> bytes:
    sealed.seek(0)
    return b"".join(open_sealed(sealed, READER.private))


def _decode(mp4: bytes) -> list[tuple[float, np.ndarray]]:
    with av.open(io.BytesIO(mp4), "r") as container:
        return [
            (float(frame.time or 0), frame.to_ndarray(format="gray"))
            for frame in container.decode(video=0)
        ]


def _boxes(mp4: bytes) -> list[bytes]:
    found, place = [], 0
    while place < len(mp4):
        found.append(mp4[place + 4 : place + 8])
        place += int.from_bytes(mp4[place : place + 4], "big")
    return found


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"b_frames": 2},
        {"codec": "libx265"},
        {"group_frames": 3 * FPS},
        {"group_frames": 3},
    ],
    ids=["h264", "b frames", "h265", "long groups", "short groups"],
)
def test_the_clip_is_the_camera_s_own_samples_and_plays_as_they_did(how: dict[str, object]) -> None:
    footage = record(7, **how)
    _, packets = encode(7, **how)  # type: ignore[arg-type]
    cut, mp4 = _cut(footage)
    samples = b"".join(fragment.samples for _, fragment in footage.fragments)
    assert mp4.endswith(samples)
    assert samples == b"".join(packet.encoded for packet in packets)
    frames = _decode(mp4)
    assert [time for time, _ in frames] == pytest.approx([n / FPS for n in range(70)], abs=0.001)
    # The drawn pictures grow lighter, so a picture out of its place would show.
    assert abs(int(frames[5][1][-1, -1]) - int(frames[45][1][-1, -1])) > 20
    assert cut.mp4_bytes == len(mp4)


def test_it_is_a_plain_mp4_with_its_index_first() -> None:
    _, mp4 = _cut(record(4))
    boxes = _boxes(mp4)
    assert boxes[:2] == [b"ftyp", b"moov"]
    assert boxes[-1] == b"mdat"
    assert set(boxes[2:-1]) == {b"free"}


def test_the_hashes_cover_the_file_without_a_hole_and_are_the_ring_s_own() -> None:
    footage = record(7)
    cut, mp4 = _cut(footage)
    place = cut.header.size_bytes
    assert hashlib.sha256(mp4[:place]).digest() == cut.header.sha256
    for piece, header in zip(cut.fragments, footage.headers, strict=True):
        stretch = mp4[place : place + piece.size_bytes]
        assert hashlib.sha256(stretch).digest() == piece.sha256 == header.samples_sha256
        assert piece.seq == header.seq
        assert piece.first_utc_ms == header.first_utc_ns // MS
        assert piece.clock_error_ms == 12
        place += piece.size_bytes
    assert place == len(mp4) == cut.mp4_bytes
    assert cut.chain_before == footage.headers[0].chain_before
    assert cut.chain_after == footage.headers[-1].chain


def test_clock_and_mandate_are_named_where_they_change() -> None:
    footage = Footage()
    for number, fragment in enumerate(gather(*encode(8))):
        source = "collector" if number >= 2 else "kernel_ntp"
        footage.add(replace(fragment, clock_source=source), mandate_version=3 + (number >= 3))
    cut, _ = _cut(footage)
    assert [(each.from_seq, each.clock_source, each.mandate_version) for each in cut.spans] == [
        (1, "kernel_ntp", 3),
        (3, "collector", 3),
        (4, "collector", 4),
    ]


def test_across_a_gap_the_clip_goes_on_with_the_time_of_day() -> None:
    footage = record(4)
    record_again(footage, 4, Gap(GapReason.KILLED, 1), after_s=30)
    cut, mp4 = _cut(footage)
    times = [time for time, _ in _decode(mp4)]
    assert times[39] == pytest.approx(3.9)
    assert times[40] == pytest.approx(33.9)
    assert len(times) == 80
    first, last = footage.headers[0].first_utc_ns // MS, footage.headers[-1].last_utc_ns // MS
    (gap,) = find_gaps(footage.headers, first, last)
    assert gap.reason == "killed"
    assert gap.to_utc_ms - gap.from_utc_ms == 30_000
    assert len(cut.fragments) == len(footage.headers)


def test_a_step_of_the_clock_moves_no_picture() -> None:
    footage = Footage()
    for number, fragment in enumerate(gather(*encode(6))):
        gap = Gap(GapReason.CLOCK_STEPPED) if number == 2 else None
        rows = tuple(
            replace(row, captured_utc_ns=row.captured_utc_ns + 3_600_000_000_000 * (number >= 2))
            for row in fragment.rows
        )
        footage.add(replace(fragment, gap=gap, rows=rows))
    _, mp4 = _cut(footage)
    times = [time for time, _ in _decode(mp4)]
    assert times == pytest.approx([number / FPS for number in range(60)], abs=0.001)


def test_what_the_ring_does_not_hold_at_either_end_is_named() -> None:
    footage = record(4)
    begins, ends = BEGINS_NS // MS, footage.headers[-1].last_utc_ns // MS
    assert find_gaps(footage.headers, begins - 1_000, ends + 1_000) == ()
    assert find_gaps(footage.headers, begins - 10_000, ends + 10_000) == (
        ManifestGap(begins - 10_000, begins, "ring_begins"),
        ManifestGap(ends, ends + 10_000, "ring_ends"),
    )


def test_a_fragment_that_is_not_in_its_place_is_a_gap_too() -> None:
    footage = record(8)
    headers = [header for header in footage.headers if header.seq != 2]
    (gap,) = find_gaps(headers, BEGINS_NS // MS, BEGINS_NS // MS + 8_000)
    assert gap.reason == "damaged"


def test_a_damaged_fragment_ends_the_cut() -> None:
    footage = record(8)
    footage.damaged.add(3)
    with pytest.raises(VigieError, match="its seal is broken") as refused:
        _cut(footage)
    assert refused.value.kind is Kind.DATA_LOSS


def test_a_camera_that_changes_its_coding_gives_two_clips() -> None:
    footage = record(4)
    record_again(footage, 4, Gap(GapReason.CAMERA_SILENT), after_s=1, side_px=128)
    with pytest.raises(CutError, match="coding changes within the asked time") as refused:
        _cut(footage)
    assert "as two clips" in str(refused.value)
    assert refused.value.kind is Kind.FAILED_PRECONDITION


def test_more_fragments_than_a_manifest_names_are_refused_before_any_is_opened() -> None:
    footage = record(2)
    with pytest.raises(CutError, match="does not fit into one clip: it has 911 fragments"):
        cut_clip(footage, footage.headers[:1] * 911, _sealer(io.BytesIO()))
    assert footage.opened == 0


def test_a_mark_is_the_title_that_players_show() -> None:
    _, mp4 = _cut(record(2), mark="BENCH")
    with av.open(io.BytesIO(mp4)) as container:
        assert container.metadata["title"] == "BENCH"
        assert container.metadata["creation_time"].startswith("2026-09-21T")


@pytest.mark.parametrize("group_frames", [FPS, 3, 3 * FPS])
def test_a_still_is_the_key_picture_of_the_moment_and_nothing_more(group_frames: int) -> None:
    footage = record(7, group_frames=group_frames)
    moment = 3_450
    headers = footage.list_headers(BEGINS_NS + moment * MS, BEGINS_NS + moment * MS)
    target = io.BytesIO()
    cut = cut_still(footage, headers, BEGINS_NS // MS + moment, _sealer(target))
    mp4 = _open(target)
    (piece,) = cut.fragments
    wanted = moment * FPS // 1_000 // group_frames * group_frames
    assert piece.first_utc_ms == BEGINS_NS // MS + wanted * 1_000 // FPS
    assert piece.duration_ms == 0
    assert hashlib.sha256(mp4[cut.header.size_bytes :]).digest() == piece.sha256
    ((_, picture),) = _decode(mp4)
    _, whole = _cut(footage)
    assert np.array_equal(picture, _decode(whole)[wanted][1])


def test_no_clip_is_made_of_a_codec_that_no_mp4_holds() -> None:
    footage = record(2)
    header, fragment = footage.fragments[0]
    footage.fragments = [(header, replace(fragment, stream=replace(fragment.stream, codec="xyz")))]
    with pytest.raises(VigieError, match="no clip can be made of the camera's codec xyz"):
        _cut(footage)
