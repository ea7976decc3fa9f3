"""A pattern that no street shows, and a search for it in pictures, in bytes and in memory.

Eight flat blocks of different colours in a row. In a plane, an interleaved picture or the input of
a detector they become eight flat runs of known levels at a known distance, whatever the codec
did to their edges; noise or another picture has no such run.
"""

import io
import os
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from tests.edge.eye.camera.films import Film, Picture, write_film

WIDTH_PX, HEIGHT_PX, BLOCK_PX = 640, 480, 32
LEFT_PX, TOP_PX, TALL_PX = 192, 160, 128
COLOURS = (
    (250, 30, 40), (20, 60, 250), (240, 240, 20), (10, 120, 20),
    (250, 250, 250), (140, 10, 160), (40, 230, 230), (250, 120, 10),
)  # fmt: skip
TOLERANCE = 16
MASK_FRAC = tuple(
    (x_px / WIDTH_PX, y_px / HEIGHT_PX)
    for x_px, y_px in (
        (LEFT_PX - 16, TOP_PX - 16),
        (LEFT_PX + 8 * BLOCK_PX + 16, TOP_PX - 16),
        (LEFT_PX + 8 * BLOCK_PX + 16, TOP_PX + TALL_PX + 16),
        (LEFT_PX - 16, TOP_PX + TALL_PX + 16),
    )
)
"""A polygon around the marker, as far as the codec smears it."""
MODEL_WIDTH_PX = 300
PIECE_BYTES = 64 << 20
OVERLAP_BYTES = 8 * BLOCK_PX * 4
_REGION = re.compile(
    r"^(?P<begins>[0-9a-f]+)-(?P<ends>[0-9a-f]+) (?P<mode>r\S+) \S+ \S+ \d+ *(?P<path>.*)$"
    r"(?:\n(?!Rss).*)*?\nRss: +(?P<rss>\d+) kB",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Look:
    """How the marker lies in bytes: a level for each block, and how far apart blocks are.

    stride: bytes from a pixel to the next. period: bytes from a block to the next.
    """

    name: str
    levels: tuple[int, ...]
    period: int
    stride: int


def planted(number: int, width_px: int, height_px: int) -> Picture:
    """A street of grey noise that changes, with the marker in its middle."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(40, 90, (height_px // 16, width_px // 16, 1), np.uint8)
    picture = coarse.repeat(16, 0).repeat(16, 1).repeat(3, 2)
    for block, colour in enumerate(COLOURS):
        left_px = LEFT_PX + block * BLOCK_PX
        picture[TOP_PX : TOP_PX + TALL_PX, left_px : left_px + BLOCK_PX] = colour
    return np.ascontiguousarray(picture)


def write_marked_film(path: Path, seconds: int = 4) -> Path:
    """Twenty-five pictures a second, a key picture each second."""
    options = {"crf": "4", "g": "25", "bf": "0", "preset": "ultrafast"}
    return write_film(path, Film(WIDTH_PX, HEIGHT_PX, seconds * 25, draw=planted, options=options))


def read_packets(film: Path) -> list[bytes]:
    """Every packet as the camera would send it."""
    with av.open(str(film)) as opened:
        return [bytes(packet) for packet in opened.demux(video=0) if packet.size]


def make_looks() -> tuple[Look, ...]:
    """Every form in which this product ever holds a picture."""
    frame = av.VideoFrame.from_ndarray(planted(0, WIDTH_PX, HEIGHT_PX), "rgb24")
    planes = _bytes_of(frame.reformat(format="yuv420p"))
    luma = planes[:HEIGHT_PX]
    chroma = planes[HEIGHT_PX:].reshape(2, HEIGHT_PX // 2, WIDTH_PX // 2)
    levels = [_levels(luma, 1), _levels(chroma[0], 2), _levels(chroma[1], 2)]
    green = tuple(colour[1] for colour in COLOURS)
    model_px = BLOCK_PX * MODEL_WIDTH_PX // WIDTH_PX
    signed = tuple(level ^ 0x80 for level in green)
    return (
        Look("luma", levels[0], BLOCK_PX, 1),
        Look("luma of half size", levels[0], BLOCK_PX // 2, 1),
        Look("chroma u", levels[1], BLOCK_PX // 2, 1),
        Look("chroma v", levels[2], BLOCK_PX // 2, 1),
        Look("colours", green, BLOCK_PX * 3, 3),
        Look("a detector's input", green, model_px * 3, 3),
        Look("a detector's signed input", signed, model_px * 3, 3),
    )


def find_looks(content: bytes | npt.NDArray[np.uint8], looks: Sequence[Look]) -> set[str]:
    """Names of the forms in which the marker lies in some bytes."""
    held = np.frombuffer(content, np.uint8)
    return {look.name for look in looks if _is_in(held, look)}


def find_in_planes(film: Path | io.BytesIO, looks: Sequence[Look]) -> set[str]:
    """The same for every decoded picture of a film."""
    found: set[str] = set()
    with av.open(film, "r") as opened:
        count = 0
        for frame in opened.decode(video=0):
            count += 1
            found |= find_looks(_bytes_of(frame).ravel(), looks)
    assert count, "there is a picture to look at"
    return found


def find_in_file(path: Path, looks: Sequence[Look], needles: Sequence[bytes]) -> set[str]:
    """The marker, or a needle (named by its number), in a file of any size."""
    found: set[str] = set()
    with path.open("rb") as file:
        tail = b""
        while piece := file.read(PIECE_BYTES):
            found |= _search(tail + piece, looks, needles)
            tail = piece[-OVERLAP_BYTES:]
    return found


def find_in_memory(process_id: int, looks: Sequence[Look], needles: Sequence[bytes]) -> set[str]:
    """The same in all memory of a process, shared memory too: what a core of it would show.

    It stands still only while its memory is copied: who is silent for long is given up.
    """
    with _held_still(process_id):
        regions = list(_read_regions(process_id))
    found: set[str] = set()
    while regions:
        found |= _search(regions.pop(), looks, needles)
    return found


def make_needles(packets: Sequence[bytes]) -> list[bytes]:
    """A stretch of forty bytes out of each of the four largest packets."""
    largest = sorted(packets, key=len)[-4:]
    return [packet[len(packet) // 2 :][:40] for packet in largest]


def _search(content: bytes, looks: Sequence[Look], needles: Sequence[bytes]) -> set[str]:
    found = {"a packet" for needle in needles if needle in content}
    return found | find_looks(content, looks)


def _bytes_of(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    """Planes one below the other, as `to_ndarray` lays them out."""
    return np.ascontiguousarray(frame.to_ndarray(), np.uint8)


def _levels(plane: npt.NDArray[np.uint8], shrunk: int) -> tuple[int, ...]:
    row = (TOP_PX + TALL_PX // 2) // shrunk
    middles = ((LEFT_PX + BLOCK_PX * number + BLOCK_PX // 2) // shrunk for number in range(8))
    return tuple(int(plane[row, middle]) for middle in middles)


def _is_in(held: npt.NDArray[np.uint8], look: Look) -> bool:
    """Looked for at a quarter of a block's distance, so that one try hits the middle of all."""
    pixels = look.period // look.stride
    step = look.stride * max(1, next(n for n in (4, 3, 2, 1) if pixels % n == 0 and n * 3 < pixels))
    shift = look.period // step
    for offset in range(look.stride):
        sparse = held[offset::step]
        places = len(sparse) - 7 * shift - 1
        if places <= 0:
            continue
        candidates = np.flatnonzero(_near(sparse[:places], look.levels[0]))
        # Two places in each block: sixteen levels that have to be right.
        for number, level in enumerate(look.levels):
            for place in (number * shift, number * shift + 1):
                candidates = candidates[_near(sparse[candidates + place], level)]
        if len(candidates):
            return True
    return False


def _near(values: npt.NDArray[np.uint8], level: int) -> npt.NDArray[np.bool_]:
    low = max(0, level - TOLERANCE)
    within: npt.NDArray[np.bool_] = (values - np.uint8(low)) <= np.uint8(
        min(255, level + TOLERANCE) - low
    )
    return within


@contextmanager
def _held_still(process_id: int) -> Iterator[None]:
    os.kill(process_id, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process_id, signal.SIGCONT)


def _read_regions(process_id: int) -> Iterator[bytes]:
    """Every region of which something is in memory, but what is only mapped from a file."""
    text = Path(f"/proc/{process_id}/smaps").read_text()
    with Path(f"/proc/{process_id}/mem").open("rb", 0) as memory:
        for found in _REGION.finditer(text):
            is_file = found["path"].startswith("/") and not found["path"].startswith("/memfd:")
            if found["rss"] == "0" or (is_file and "w" not in found["mode"]):
                continue
            begins, ends = int(found["begins"], 16), int(found["ends"], 16)
            for place in range(begins, ends, PIECE_BYTES):
                memory.seek(max(begins, place - OVERLAP_BYTES))
                yield _read_what_is_there(memory, min(ends, place + PIECE_BYTES) - memory.tell())


def _read_what_is_there(memory: io.FileIO, size_bytes: int) -> bytes:
    try:
        return memory.read(size_bytes) or b""
    except OSError:
        return b""  # a page of a device, or one that nobody ever touched
