"""P21: a marker under a privacy mask is found nowhere but where the camera is decoded.

The capture child has to hold what its camera sends; its memory is looked into as well, so that each
run proves that the search finds what is there. Memory is read while the process stands still, as
a debugger that dumps a core does; where this machine writes cores, a real one is searched too.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.evidence.sealed import Sealer, open_sealed
from edge.vault.cut import cut_clip
from edge.vault.reader import RingReader
from edge.wire import clip_talk as said
from tests.fakes.evidence import make_reader
from tests.fakes.mandates import CAMERA
from tests.system.living_pole import LivingPole
from tests.system.marker import (
    HEIGHT_PX,
    MASK_FRAC,
    WIDTH_PX,
    find_in_file,
    find_in_memory,
    find_in_planes,
    find_looks,
    make_looks,
    make_needles,
    planted,
    read_packets,
    write_marked_film,
)

LOOKS = make_looks()

RECORDED_MS = 4_000
ANALYSED_FRAMES = 20
SITE = """
version = 1
[site]
name = "town"
[[camera]]
name = "north"
source = "file:marked.mp4"
analysis_width_px = 640
{recording}
[[zone]]
name = "yard"
camera = "north"
polygon_frac = [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]]
[[rule]]
name = "nobody-in-the-yard"
function = "intrusion"
zone = "yard"
"""
MASK = f"""
[[camera.mask]]
name = "window"
polygon_frac = {[list(corner) for corner in MASK_FRAC]}
"""


@dataclass
class Searched:
    """A pole that has run, and the film that its camera showed."""

    pole: LivingPole
    needles: list[bytes]

    def look_into(self, name: str) -> set[str]:
        """The memory of a process."""
        return find_in_memory(self.pole.get_process(name), LOOKS, self.needles)

    def look_into_child(self) -> set[str]:
        return find_in_memory(self.pole.get_capture_child(), LOOKS, self.needles)

    def look_into_files(self) -> set[str]:
        """Everything that the processes left under DATA, and what they said."""
        files = [path for path in self.pole.data.rglob("*") if path.is_file()]
        assert len(files) > 5
        return self.look_into_each([*files, *self.pole.logs])

    def look_into_each(self, files: list[Path]) -> set[str]:
        found: set[str] = set()
        for path in files:
            found |= find_in_file(path, LOOKS, self.needles)
        return found

    def look_into_ring(self) -> set[str]:
        """The ring, opened with the keys of its days and decoded."""
        with RingReader(self.pole.places) as ring:
            footage = ring.footage(CAMERA)
            sealed, reader = io.BytesIO(), make_reader()
            sealer = Sealer(sealed, "all", {reader.keyid: reader.raw})
            cut_clip(footage, footage.list_headers(0, 2**62), sealer)
        sealed.seek(0)
        opened = b"".join(open_sealed(sealed, reader.private))
        in_bytes = {"a packet" for needle in self.needles if needle in opened}
        return in_bytes | find_in_planes(io.BytesIO(opened), LOOKS)

    def look_into_clip(self, name: str, **changes: object) -> set[str]:
        """A clip or a still, asked for and opened as the control room does."""
        first_ms, last_ms = self.pole.read_span()
        changes = {"from_utc_ms": first_ms + 500, "to_utc_ms": last_ms - 500, **changes}
        heard = self.pole.ask_clip(name, **changes)
        assert isinstance(heard, said.Ready), heard
        return find_in_planes(self.pole.open_clip(name), LOOKS)

    def look_into_still(self) -> set[str]:
        moment_ms = self.pole.read_span()[0] + 1_500
        return self.look_into_clip("still-1", kind="still", to_utc_ms=moment_ms,
                                   from_utc_ms=moment_ms)  # fmt: skip

    def look_into_core(self) -> set[str]:
        """The core of the eye; empty where this machine keeps none."""
        return self.look_into_each(self.pole.abort("eye"))

    def has_recorded(self) -> bool:
        first_ms, last_ms = self.pole.read_span()
        return last_ms - first_ms >= RECORDED_MS

    def has_analysed(self) -> bool:
        return self.pole.count_analysed() >= ANALYSED_FRAMES


@contextmanager
def watching(folder: Path, repository: Path, camera: str) -> Iterator[Searched]:
    """Eye and vault on the marked film until twenty frames were analysed."""
    film = write_marked_film(folder / "marked.mp4")
    site = SITE.format(recording=camera)
    with LivingPole(folder, site, repository / ".cache" / "models") as pole:
        searched = Searched(pole, make_needles(read_packets(film)))
        pole.wait_until(searched.has_analysed, "frames are analysed")
        yield searched


def test_the_search_knows_every_form_of_the_marker(tmp_path: Path) -> None:
    picture = planted(3, WIDTH_PX, HEIGHT_PX)
    assert find_looks(picture.tobytes(), LOOKS) == {"colours"}
    (tmp_path / "x").write_bytes(b"\0" * 4097 + picture.tobytes() + b"needle" * 7)
    assert find_in_file(tmp_path / "x", LOOKS, [b"needle"]) == {"colours", "a packet"}
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, 50_000_000, np.uint8)
    assert find_looks(noise, LOOKS) == set()
    assert find_in_planes(write_marked_film(tmp_path / "f.mp4", 1), LOOKS) == {
        "luma", "chroma u", "chroma v",
    }  # fmt: skip


def test_without_a_mask_the_marker_is_found_wherever_pictures_are(
    tmp_path: Path, repository: Path
) -> None:
    with watching(tmp_path, repository, "") as searched:
        searched.pole.wait_until(searched.has_recorded, "there is video")
        assert {"luma", "chroma u", "chroma v"} <= searched.look_into("eye")
        assert "luma" in searched.look_into_child()
        assert "luma" in searched.look_into_clip("clip-1")
        assert "luma" in searched.look_into_still()
        cores = searched.pole.abort("eye")
        assert not cores or "luma" in searched.look_into_each(cores)
        searched.pole.end()
        assert {"luma", "a packet"} <= searched.look_into_ring()
        # The ring is sealed: not even this marker lies on the disk in clear.
        assert searched.look_into_files() == set()


def test_under_a_mask_nothing_is_recorded_and_the_marker_is_nowhere(
    tmp_path: Path, repository: Path
) -> None:
    with watching(tmp_path, repository, MASK) as searched:
        assert "luma" in searched.look_into_child(), "it decodes, so it must hold it"
        assert searched.look_into("eye") == set()
        assert searched.look_into("vault") == set()
        refused = searched.pole.ask_clip("clip-1", camera=CAMERA)
        assert isinstance(refused, said.Answer)
        assert refused.code == "refused"
        assert searched.look_into_core() == set()
        searched.pole.end()
        assert list(searched.pole.places.ring.rglob("*.seg")) == []
        assert searched.look_into_files() == set()


def test_a_masked_recording_holds_masked_pixels_only(tmp_path: Path, repository: Path) -> None:
    with watching(tmp_path, repository, f'recording = "masked"{MASK}') as searched:
        searched.pole.wait_until(searched.has_recorded, "there is video")
        assert "luma" in searched.look_into_child()
        assert searched.look_into("eye") == set()
        assert searched.look_into_clip("clip-1") == set()
        assert searched.look_into_still() == set()
        assert searched.look_into("vault") == set()
        assert searched.look_into_core() == set()
        searched.pole.end()
        assert searched.look_into_ring() == set()
        assert searched.look_into_files() == set()
