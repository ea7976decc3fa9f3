"""A clip cut from the ring beside `ffmpeg -c copy` and a bare copy.

Cut: ten seconds of 1080p at 4 Mbit/s from a real ring on this disk. In turns: ours (open, mux once,
hash, seal, write), `ffmpeg -c copy` joining the same seconds from 2 s segments, and a bare copy of
the bytes. CPU is user + system time, children's too. Hashing and sealing are measured in the same
turns on the same bytes.

Usage: python -m tools.bench.clip [--rounds N] [--json]
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import numpy as np
from blake3 import blake3

from edge.evidence.sealed import Sealer
from edge.vault.clips_search import find_headers
from edge.vault.cut import cut_clip
from edge.vault.places import VaultPlaces
from edge.vault.reader import RingReader
from tests.edge.vault.scenes import Movie, make_pole
from tests.fakes.evidence import NOW_UTC_MS, make_reader, make_request
from tests.fakes.footage import demux
from tests.fakes.mandates import CAMERA

SECONDS, FPS, BITS_PER_SECOND = 10, 25, 4_000_000
WIDTH, HEIGHT = 1920, 1080
SEGMENT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Found:
    """Medians; *_ms: CPU milliseconds for ten seconds of video."""

    ours_ms: float
    ffmpeg_ms: float
    copy_ms: float
    hash_ms: float
    seal_ms: float
    times_real: float
    times_ffmpeg: float
    times_copy: float
    hash_and_seal_share: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cut = measure_cut(Path(folder), asked.rounds)
    medians = {name: statistics.median(each) for name, each in cut.items()}
    ratios = _ratios(cut)
    found = Found(
        **{f"{name}_ms": value for name, value in medians.items()},
        **{name: statistics.median(each) for name, each in ratios.items()},
    )
    print(json.dumps(asdict(found)) if asked.json else _table(found, ratios))


def measure_cut(folder: Path, rounds: int) -> dict[str, list[float]]:
    """CPU milliseconds of each way, a figure a round."""
    movie = _encode(folder)
    places = _record(folder, movie)
    segments = _write_segments(folder)
    reader, out = make_reader(), folder / "out"
    content = b"".join(packet.encoded for packet in movie.packets)
    request = make_request(from_utc_ms=NOW_UTC_MS, to_utc_ms=NOW_UTC_MS + SECONDS * 1_000)

    def ours() -> None:
        with RingReader(places) as ring, out.open("wb") as file:
            sealer = Sealer(file, "clip-1", {reader.keyid: reader.raw})
            cut_clip(ring.footage(CAMERA), find_headers(ring, request, 0), sealer)

    def ffmpeg() -> None:
        command = ["ffmpeg", "-v", "error", "-y", "-f", "concat", "-safe", "0", "-i"]
        subprocess.run(
            [*command, segments, "-c", "copy", "-movflags", "+faststart", folder / "ff.mp4"],
            check=True,
        )

    def copy() -> None:
        paths = sorted((places.ring / CAMERA).iterdir())
        out.write_bytes(b"".join(path.read_bytes() for path in paths))

    def hash_it() -> None:
        # What a cut hashes: the sealed file. Its samples' hashes are the ring's.
        blake3(content).digest()

    def seal() -> None:
        # With its own hash of the sealed file, which is taken off below.
        with Path(os.devnull).open("wb") as nowhere:
            sealer = Sealer(nowhere, "clip-1", {reader.keyid: reader.raw})
            sealer.write(content)
            sealer.finish()

    ways: dict[str, Callable[[], None]] = {
        "ours": ours, "ffmpeg": ffmpeg, "copy": copy, "hash": hash_it, "seal": seal,
    }  # fmt: skip
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            spent[name].append(_cpu_ms(way))
    # The first round warms caches and loads libraries.
    spent = {name: each[1:] for name, each in spent.items()}
    spent["seal"] = [
        max(0.0, both - hashing) for both, hashing in zip(spent["seal"], spent["hash"], strict=True)
    ]
    return spent


def _encode(folder: Path) -> Movie:
    source = folder / "source.mp4"
    options = {"preset": "ultrafast", "bf": "0", "nal-hrd": "cbr", "x264-params": "scenecut=0"}
    rng = np.random.default_rng(1)
    with av.open(source, "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = BITS_PER_SECOND
        context = stream.codec_context
        context.gop_size = FPS * SEGMENT_SECONDS
        context.options |= {"maxrate": str(BITS_PER_SECOND), "bufsize": str(BITS_PER_SECOND)}
        noise = rng.integers(0, 255, (HEIGHT * 2, WIDTH), np.uint8)
        for number in range(SECONDS * FPS):
            luma = noise[number * 4 : number * 4 + HEIGHT]
            frame = av.VideoFrame.from_ndarray(luma, format="gray").reformat(format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(source, "r") as container:
        hello, packets = demux(container, 0, FPS)
    return Movie(hello, tuple(packets))


def _record(folder: Path, movie: Movie) -> VaultPlaces:
    """The seconds in a real ring, as a vault writes them."""
    pole = make_pole(folder)
    recorder = pole.record()
    pole.play(recorder, movie)
    recorder.close()
    return pole.places


def _write_segments(folder: Path) -> Path:
    """The same seconds as MP4 segments of 2 s, and ffmpeg's list of them."""
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-i", folder / "source.mp4", "-c", "copy", "-f", "segment",
         "-segment_time", str(SEGMENT_SECONDS), "-reset_timestamps", "1",
         folder / "segment-%03d.mp4"],
        check=True,
    )  # fmt: skip
    listed = folder / "segments.txt"
    paths = sorted(folder.glob("segment-*.mp4"))
    listed.write_text("".join(f"file '{path}'\n" for path in paths))
    return listed


def _cpu_ms(way: Callable[[], None]) -> float:
    before = _cpu_seconds()
    way()
    return (_cpu_seconds() - before) * 1000


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


# What is printed.


def _ratios(cut: dict[str, list[float]]) -> dict[str, list[float]]:
    return {
        "times_real": [SECONDS * 1000 / ours for ours in cut["ours"]],
        "times_ffmpeg": _each(cut["ffmpeg"], cut["ours"]),
        "times_copy": _each(cut["ours"], cut["copy"]),
        "hash_and_seal_share": [
            (hashing + sealing) / ours
            for hashing, sealing, ours in zip(cut["hash"], cut["seal"], cut["ours"], strict=True)
        ],
    }


def _each(above: list[float], below: list[float]) -> list[float]:
    return [one / other for one, other in zip(above, below, strict=True)]


def _table(found: Found, ratios: dict[str, list[float]]) -> str:
    goals = {
        "times_real": ">= 200", "times_ffmpeg": ">= 5", "times_copy": "<= 8",
        "hash_and_seal_share": "<= 0.15",
    }  # fmt: skip
    head = (
        "CPU ms for 10 s of 1080p at 4 Mbit/s: "
        f"ours {found.ours_ms:.1f} (hash {found.hash_ms:.1f}, seal {found.seal_ms:.1f}), "
        f"ffmpeg -c copy {found.ffmpeg_ms:.0f}, bare copy {found.copy_ms:.1f}"
    )
    lines = [head]
    for name, goal in goals.items():
        each = ratios[name]
        lines.append(
            f"{name:20} {statistics.median(each):8.2f}  ({min(each):.2f} to {max(each):.2f})"
            f"  goal {goal}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
