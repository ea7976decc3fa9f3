"""From 1080p H.264 to small planes and RGB: ours beside what a user would take instead.

Process CPU time per picture on a synthetic street of 1920x1080 at 4 Mbit/s without B frames, one
decoder thread everywhere, every picture converted to 320 pixels width. Variants in turns, medians
over rounds. Goals: at most 1.20 of decoding alone, 0.85 of OpenCV, 0.72 of the RGB path.

Usage: python -m tools.bench.decode [--rounds N] [--seconds N] [--json]
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
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
SMALL = (320, 180)
OURS, DECODE = "ours: planes, then RGB", "PyAV decode alone (limit)"
RGB, OPENCV = "PyAV rgb24 + cv2.resize", "cv2.VideoCapture + resize"
GOALS = {DECODE: 1.20, OPENCV: 0.85, RGB: 0.72}


class Row(NamedTuple):
    """One variant: CPU milliseconds per picture over the rounds."""

    name: str
    median_ms: float
    least_ms: float
    most_ms: float


def main() -> None:
    """Make the film, measure in turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8, help="length of the film")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    variants: dict[str, Callable[[Path], int]] = {
        DECODE: decode_alone,
        OURS: ours,
        RGB: by_rgb,
        OPENCV: by_opencv,
    }
    taken: dict[str, list[float]] = {name: [] for name in variants}
    with tempfile.TemporaryDirectory() as folder:
        film = make_film(Path(folder) / "street.mp4", arguments.seconds)
        mbit = film.stat().st_size * 8 / arguments.seconds / 1e6
        for round_number in range(arguments.rounds + 1):
            for name, variant in variants.items():
                started = time.process_time()
                count = variant(film)
                if round_number:  # the first round warms caches
                    taken[name].append((time.process_time() - started) / count * 1000)
    rows = [Row(name, statistics.median(ms), min(ms), max(ms)) for name, ms in taken.items()]
    if arguments.json:
        print(
            json.dumps(
                {"versions": describe(), "mbit_s": mbit, "rows": [r._asdict() for r in rows]}
            )
        )
    else:
        print_table(rows, mbit)


def make_film(path: Path, seconds: int, *, is_still: bool = False) -> Path:
    """1920x1080 H.264 at 4 Mbit/s without B frames, with a sensor's grain that moves.

    is_still: an empty street, the same in every picture but for the grain.
    """
    street = Street()
    chance = np.random.default_rng(1)
    size = (HEIGHT_PX + _GRAIN_SHIFT_PX, WIDTH_PX + _GRAIN_SHIFT_PX, 1)
    grain = chance.normal(0, _GRAIN_LEVEL, size).astype(np.float32)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        stream.bit_rate, stream.gop_size, stream.max_b_frames = BITS_PER_SECOND, 2 * FPS, 0
        for number in range(seconds * FPS):
            x, y = chance.integers(0, _GRAIN_SHIFT_PX, 2)
            drawn = street.draw(_EMPTY if is_still else _BUSY + number // 2)
            large = cv2.resize(drawn, (WIDTH_PX, HEIGHT_PX))
            noisy = large + grain[y : y + HEIGHT_PX, x : x + WIDTH_PX]
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
    camera = Camera("bench", f"file:{film}", analysis_fps=60.0, analysis_width_px=SMALL[0])
    for frame in frames(camera, Replay(0)):
        planes = (frame.luma.ravel(), frame.chroma_u.ravel(), frame.chroma_v.ravel())
        cv2.cvtColor(
            np.concatenate(planes).reshape(SMALL[1] * 3 // 2, SMALL[0]), cv2.COLOR_YUV2RGB_I420
        )
        count += 1
    return count


def by_rgb(film: Path) -> int:
    """What PyAV's own examples do."""
    count = 0
    with av.open(str(film)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for frame in container.decode(container.streams.video[0]):
            cv2.resize(frame.to_ndarray(format="rgb24"), SMALL, interpolation=cv2.INTER_AREA)
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
        cv2.resize(picture, SMALL)
        count += 1
    capture.release()
    return count


def describe() -> dict[str, str]:
    """What the figures depend on."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "av": version("av"),
        "opencv": cv2.__version__,
    }


def print_table(rows: list[Row], mbit: float) -> None:
    """The rows, and our ratios beside the goals."""
    print(", ".join(f"{name} {value}" for name, value in describe().items()))
    print(f"{WIDTH_PX}x{HEIGHT_PX} H.264, {mbit:.1f} Mbit/s; CPU ms per picture, median (range)")
    limit = next(row.median_ms for row in rows if row.name == DECODE)
    for row in rows:
        spread = f"({row.least_ms:.2f} to {row.most_ms:.2f})"
        print(
            f"{row.name:28} {row.median_ms:6.2f} {spread:18} {row.median_ms / limit:5.2f} x decode"
        )
    mine = next(row.median_ms for row in rows if row.name == OURS)
    for row in rows:
        if row.name in GOALS:
            ratio = mine / row.median_ms
            print(f"ours / {row.name:28} {ratio:5.2f}   goal <= {GOALS[row.name]:.2f}")


if __name__ == "__main__":
    main()
