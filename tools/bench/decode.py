"""From 1080p H.264 to small planes and RGB: ours beside what a user would take instead.

CPU time per picture, that of child processes too, on a synthetic street of 1920x1080 at 4 Mbit/s
without B frames, then of 768x432 at 1 Mbit/s; one decoder thread everywhere, every picture
converted to 320 pixels width. Variants in turns, medians over rounds. `--film FILE` measures that
file instead.

Usage: python -m tools.bench.decode [--rounds N] [--seconds N] [--film FILE] [--json]
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from edge.eye.camera import Replay, frames
from edge.eye.sim.street import Street
from edge.site.model import Camera

WIDTH_PX, HEIGHT_PX, FPS, BITS_PER_SECOND = 1920, 1080, 25, 4_000_000
_BUSY, _EMPTY = 300, 0  # pictures of the scene: people pass; nobody is there
_GRAIN_LEVEL, _GRAIN_SHIFT_PX = 2.5, 64
# What cameras send as their second stream.
LESSER_WIDTH_PX, LESSER_HEIGHT_PX, LESSER_BITS_PER_SECOND = 768, 432, 1_000_000
SMALL_WIDTH_PX = 320
OURS, DECODE = "ours: planes, then RGB", "PyAV decode alone (limit)"
RGB, OPENCV = "PyAV rgb24 + cv2.resize", "cv2.VideoCapture + resize"
PIPE = "ffmpeg pipe rgb24 + cv2.resize"
GOALS = {DECODE: 1.20, OPENCV: 0.85, RGB: 0.72, PIPE: 0.50}
ONE_MEGAPIXEL = 1_000_000
GOALS_UNDER_1_MP = {DECODE: 1.40, OPENCV: 0.95}


class Row(NamedTuple):
    """One variant: CPU milliseconds per picture over the rounds."""

    name: str
    median_ms: float
    least_ms: float
    most_ms: float


class Table(NamedTuple):
    """One film: its size, its rate, and what each variant took of it."""

    width_px: int
    height_px: int
    mbit_s: float
    rows: list[Row]

    @property
    def goals(self) -> dict[str, float]:
        """At most so much of each other way."""
        return GOALS_UNDER_1_MP if self.width_px * self.height_px < ONE_MEGAPIXEL else GOALS


def main() -> None:
    """Make the films, measure in turns, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8, help="length of the films")
    parser.add_argument("--film", type=Path, help="measure this file instead")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.film is not None:
            films = [arguments.film]
        else:
            lesser = (LESSER_WIDTH_PX, LESSER_HEIGHT_PX, LESSER_BITS_PER_SECOND)
            films = [
                make_film(Path(folder) / "street.mp4", arguments.seconds),
                make_film(Path(folder) / "lesser.mp4", arguments.seconds, *lesser),
            ]
        tables = [measure(film, arguments.rounds) for film in films]
    if arguments.json:
        told = [table._asdict() | {"rows": [r._asdict() for r in table.rows]} for table in tables]
        print(json.dumps({"versions": describe(), "films": told}))
        return
    print(", ".join(f"{name} {value}" for name, value in describe().items()))
    for table in tables:
        print_table(table)


def measure(film: Path, rounds: int) -> Table:
    """All ways through one film, in turns."""
    variants: dict[str, Callable[[Path], int]] = {
        DECODE: decode_alone,
        OURS: ours,
        RGB: by_rgb,
        OPENCV: by_opencv,
        PIPE: by_pipe,
    }
    taken: dict[str, list[float]] = {name: [] for name in variants}
    for round_number in range(rounds + 1):
        for name, variant in variants.items():
            started = cpu_seconds()
            count = variant(film)
            if round_number:  # the first round warms caches
                taken[name].append((cpu_seconds() - started) / count * 1000)
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        mbit_s = container.bit_rate / 1e6
        rows = [Row(name, statistics.median(ms), min(ms), max(ms)) for name, ms in taken.items()]
        return Table(stream.width, stream.height, mbit_s, rows)


def cpu_seconds() -> float:
    """User and system time of this process and of children that have ended."""
    usages = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def make_film(
    path: Path,
    seconds: int,
    width_px: int = WIDTH_PX,
    height_px: int = HEIGHT_PX,
    bits_per_second: int = BITS_PER_SECOND,
    *,
    is_still: bool = False,
) -> Path:
    """H.264 without B frames, with a sensor's grain that moves.

    is_still: an empty street, the same in every picture but for the grain.
    """
    street = Street()
    chance = np.random.default_rng(1)
    size = (height_px + _GRAIN_SHIFT_PX, width_px + _GRAIN_SHIFT_PX, 1)
    grain = chance.normal(0, _GRAIN_LEVEL, size).astype(np.float32)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
        stream.bit_rate, stream.gop_size, stream.max_b_frames = bits_per_second, 2 * FPS, 0
        for number in range(seconds * FPS):
            x, y = chance.integers(0, _GRAIN_SHIFT_PX, 2)
            drawn = street.draw(_EMPTY if is_still else _BUSY + number // 2)
            large = cv2.resize(drawn, (width_px, height_px))
            noisy = large + grain[y : y + height_px, x : x + width_px]
            picture = np.clip(noisy, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        container.mux(stream.encode())
    return path


def decode_alone(film: Path) -> int:
    """Demux and decode, look at nothing."""
    count = 0
    with av.open(str(film)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for _ in container.decode(video=0):
            count += 1
    return count


def ours(film: Path) -> int:
    """The product's own way in, and its planes to the RGB that a detector wants."""
    count = 0
    camera = Camera("bench", f"file:{film}", analysis_fps=60.0, analysis_width_px=SMALL_WIDTH_PX)
    for frame in frames(camera, Replay(0)):
        planes = (frame.luma.ravel(), frame.chroma_u.ravel(), frame.chroma_v.ravel())
        height_px, width_px = frame.luma.shape
        stacked = np.concatenate(planes).reshape(height_px * 3 // 2, width_px)
        cv2.cvtColor(stacked, cv2.COLOR_YUV2RGB_I420)
        count += 1
    return count


def by_rgb(film: Path) -> int:
    """What PyAV's own examples do."""
    count = 0
    with av.open(str(film)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for frame in container.decode(container.streams.video[0]):
            picture = frame.to_ndarray(format="rgb24")
            cv2.resize(picture, small(frame.width, frame.height), interpolation=cv2.INTER_AREA)
            count += 1
    return count


def by_opencv(film: Path) -> int:
    """What OpenCV's own examples do."""
    count = 0
    capture = cv2.VideoCapture(str(film), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    while True:
        is_read, picture = capture.read()
        if not is_read:
            break
        cv2.resize(picture, small(picture.shape[1], picture.shape[0]))
        count += 1
    capture.release()
    return count


def by_pipe(film: Path) -> int:
    """What those do who start ffmpeg and read its pictures from a pipe."""
    with av.open(str(film)) as container:
        width_px, height_px = container.streams.video[0].width, container.streams.video[0].height
    words = ["ffmpeg", "-v", "error", "-threads", "1", "-i", str(film)]
    words += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    size_bytes = width_px * height_px * 3
    count = 0
    with subprocess.Popen(words, stdout=subprocess.PIPE, bufsize=size_bytes) as ffmpeg:
        assert ffmpeg.stdout is not None
        while len(raw := ffmpeg.stdout.read(size_bytes)) == size_bytes:
            picture = np.frombuffer(raw, np.uint8).reshape(height_px, width_px, 3)
            cv2.resize(picture, small(width_px, height_px))
            count += 1
    return count


def small(width_px: int, height_px: int) -> tuple[int, int]:
    """Width and height of what analysis looks at."""
    return SMALL_WIDTH_PX, round(height_px * SMALL_WIDTH_PX / width_px / 2) * 2


def describe() -> dict[str, str]:
    """What the figures depend on."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "av": version("av"),
        "opencv": cv2.__version__,
    }


def print_table(table: Table) -> None:
    """The rows, and our ratios beside the goals."""
    size = f"{table.width_px}x{table.height_px}"
    print(f"{size}, {table.mbit_s:.1f} Mbit/s; CPU ms per picture, median (range)")
    limit = next(row.median_ms for row in table.rows if row.name == DECODE)
    for row in table.rows:
        spread = f"({row.least_ms:.2f} to {row.most_ms:.2f})"
        print(
            f"{row.name:32} {row.median_ms:6.2f} {spread:18} {row.median_ms / limit:5.2f} x decode"
        )
    mine = next(row.median_ms for row in table.rows if row.name == OURS)
    for row in table.rows:
        if row.name in table.goals:
            ratio = mine / row.median_ms
            print(f"ours / {row.name:32} {ratio:5.2f}   goal <= {table.goals[row.name]:.2f}")


if __name__ == "__main__":
    main()
