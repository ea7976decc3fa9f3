"""P13 with the power cut: of what was not synced anything may be left, and the index may be older.

Each fragment was synced before the next was written, so a cut can tear the last one only. Of that
any sectors may be on the medium, in any order; and the index may have lost its last commits.
"""

import random
import shutil
from pathlib import Path

import pytest

from edge.vault.fragment import GapReason
from edge.vault.segments import SegmentReader
from edge.vault.verify import verify
from tests.edge.vault.scenes import FPS, Pole, invented
from tests.fakes.mandates import CAMERA

SECTOR_BYTES = 512
FRAGMENTS = 5
GROUP = 2 * FPS
CUTS = 40


@pytest.fixture
def recorded(pole: Pole) -> tuple[Pole, list[Path]]:
    """A ring, and its index as it was after each fragment."""
    recorder = pole.record()
    older = []
    for number in range(FRAGMENTS):
        pole.play(recorder, invented(GROUP, group=GROUP, size_bytes=400))
        recorder.end(CAMERA)
        assert recorder.settle(30)
        copy = pole.data / f"index-{number}"
        copy.mkdir()
        for path in pole.places.vault.glob("ring.db*"):
            shutil.copy(path, copy)
        older.append(copy)
    recorder.close()
    return pole, older


def tear(path: Path, begin: int, rng: random.Random) -> None:
    """Of what was written from `begin` on leave all, or some sectors, or a shorter file."""
    content = bytearray(path.read_bytes())
    end = rng.choice([len(content), rng.randrange(begin, len(content))])
    torn_frac = rng.choice([0.0, 0.02, 0.3])
    for place in range(begin, end, SECTOR_BYTES):
        if rng.random() < torn_frac:
            stop = min(place + SECTOR_BYTES, end)
            content[place:stop] = bytes(stop - place)
    path.write_bytes(content[:end])


def test_a_cut_while_the_last_fragment_is_written_costs_that_one_at_most(
    recorded: tuple[Pole, list[Path]],
) -> None:
    pole, older = recorded
    segment = pole.segments()[0]
    whole = segment.read_bytes()
    with SegmentReader(segment) as reader:
        last_place = [each.place for each in reader.walk()][-1]
    rng = random.Random(11)
    kept_all = 0
    for _ in range(CUTS):
        segment.write_bytes(whole)
        tear(segment, last_place, rng)
        for path in pole.places.vault.glob("ring.db*"):
            path.unlink()
        # The row comes after the sync: of a torn fragment there is none.
        index = older[rng.randrange(FRAGMENTS - 1)]
        for path in index.iterdir():
            shutil.copy(path, pole.places.vault)
        pole.record().close()
        headers = pole.headers()
        kept_all += len(headers) == FRAGMENTS
        assert [each.seq for each in headers[: FRAGMENTS - 1]] == list(range(1, FRAGMENTS))
        with pole.reading() as reader_of_ring:
            gap = reader_of_ring.gaps(CAMERA)[-1]
        assert (gap.after_seq, gap.to_utc_ns) == (len(headers), None)
        assert gap.gap.reason is not GapReason.DAMAGED
        assert [f for f in verify(pole.places, lambda a, b: None).findings if f.is_damage] == []
    assert 0 < kept_all < CUTS
