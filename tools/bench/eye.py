"""The whole eye for each frame beside bare decode and invoke, and beside the usual parts.

Ours: decode, shrink, gate, detect, track, judge. Limit: decode every frame of the same clip and
run the same model on a still picture, nothing else. Usual parts, as one script: OpenCV's
VideoCapture, MOG2 at 320x180 and the same model through the same runtime; it has no tracker and
no rules, which is in its favour. "every frame": the detector looks at each; "gated": as in use.
CPU time, in turns, medians over rounds. The clip must be a file, because OpenCV reads no scene:
without --clip the simulator's first scene is written to one.

Usage: python -m tools.bench.eye [--models DIR] [--clip FILE] [--rounds N] [--frames N] [--json]
"""

import argparse
import itertools
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import av
import cv2
import numpy as np

from edge.eye.camera import frames
from edge.eye.camera.recording import Replay
from edge.eye.detector import Detector, Library, load
from edge.eye.detector.library import default_models_dir
from edge.eye.picture import rgb_picture
from edge.eye.replay import replay
from edge.eye.step import Analysis
from edge.site.model import Camera, Intrusion, Site, SiteFile, Zone

MADE_MODELS = Path(".cache/models")
LIMIT_GOAL, USUAL_GOAL, QUIET_GOAL = 1.25, 0.70, 1.25


def main() -> None:
    """Measure in turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path, help="a recording; left out: the simulator")
    made = MADE_MODELS if MADE_MODELS.is_dir() else default_models_dir()
    parser.add_argument("--models", type=Path, default=made)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    library = Library(asked.models)
    detector = load(library.card("ssd-coco15"), library)
    with tempfile.TemporaryDirectory() as folder:
        clip = asked.clip or _write_scene(Path(folder) / "scene.mp4", asked.frames)
        sides: dict[str, Callable[[], int]] = {
            "ours, every frame": lambda: _ours(clip, detector, asked.frames, is_gated=False),
            "ours, gated": lambda: _ours(clip, detector, asked.frames, is_gated=True),
            "decode + invoke": lambda: _limit(clip, detector, asked.frames),
            "decode alone": lambda: _decode(clip, asked.frames),
            "usual parts": lambda: _usual(clip, detector, asked.frames),
        }
        costs: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(asked.rounds):
            for name, run in sides.items():
                begun = time.process_time()
                looked = run()
                costs[name].append((time.process_time() - begun) / looked * 1e3)
    _print(costs, asked)


def _site(clip: Path) -> tuple[SiteFile, Camera]:
    camera = Camera("bench", f"file:{clip}", analysis_fps=60.0, analysis_width_px=640)
    zone = Zone("all", "bench", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    rule = Intrusion(function="intrusion", name="anybody", zone="all")
    return SiteFile(1, Site("bench"), (camera,), zones=(zone,), rules=(rule,)), camera


def _ours(clip: Path, detector: Detector, most: int, *, is_gated: bool) -> int:
    site, camera = _site(clip)
    if is_gated:
        return sum(1 for _ in itertools.islice(replay(site, camera, detector), most))
    analysis, looked = Analysis(site, camera.name, detector, itertools.count(1)), 0
    for frame in itertools.islice(frames(camera, Replay(0)), most):
        if analysis.step(frame).found is None:
            width_px, height_px = detector.input_width_px, detector.input_height_px
            detector.find(rgb_picture(frame, width_px, height_px))
        looked += 1
    return looked


def _limit(clip: Path, detector: Detector, most: int) -> int:
    still = np.zeros((detector.input_height_px, detector.input_width_px, 3), np.uint8)
    looked = 0
    with av.open(str(clip)) as container:
        for _ in itertools.islice(container.decode(video=0), most):
            detector.find(still)
            looked += 1
    return looked


def _decode(clip: Path, most: int) -> int:
    with av.open(str(clip)) as container:
        container.streams.video[0].thread_count = 1
        return sum(1 for _ in itertools.islice(container.decode(video=0), most))


def _usual(clip: Path, detector: Detector, most: int) -> int:
    capture, model = cv2.VideoCapture(str(clip)), cv2.createBackgroundSubtractorMOG2()
    looked = 0
    while looked < most:
        is_read, picture = capture.read()
        if not is_read:
            break
        model.apply(cv2.resize(picture, (320, 180)))
        rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        detector.find(np.asarray(rgb, np.uint8))
        looked += 1
    capture.release()
    return looked


def _write_scene(path: Path, most: int) -> Path:
    camera = Camera("bench", "sim:street", analysis_fps=60.0, analysis_width_px=1920)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        for frame in itertools.islice(frames(camera, Replay(0)), most):
            height_px, width_px = frame.luma.shape
            if not stream.codec_context.is_open:
                stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
            picture = rgb_picture(frame, width_px, height_px)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def _print(costs: dict[str, list[float]], asked: argparse.Namespace) -> None:
    middle = {name: statistics.median(spent) for name, spent in costs.items()}
    rows = [
        {
            "side": name,
            "ms_per_frame": round(middle[name], 2),
            "least": round(min(spent), 2),
            "most": round(max(spent), 2),
            "of_limit": round(middle[name] / middle["decode + invoke"], 2),
            "of_usual": round(middle[name] / middle["usual parts"], 2),
            "of_decode": round(middle[name] / middle["decode alone"], 2),
        }
        for name, spent in costs.items()
    ]
    about = {
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "opencv": version("opencv-python-headless"),
        "av": version("av"),
        "litert": version("ai-edge-litert"),
        "clip": asked.clip.name if asked.clip else "sim:street",
    }
    if asked.json:
        print(json.dumps({"about": about, "rows": rows}))
        return
    print(", ".join(f"{name} {text}" for name, text in about.items()))
    print(f"goals: every frame <= {LIMIT_GOAL:g}x the limit, <= {USUAL_GOAL:g}x the usual parts; "
          f"with nothing moving, gated <= {QUIET_GOAL:g}x decode alone")  # fmt: skip
    headings = ("ms/frame", "least", "most", "x limit", "x usual", "x decode")
    print(f"{'side':<20}" + "".join(f"{heading:>10}" for heading in headings))
    for row in rows:
        name, *figures = row.values()
        print(f"{name:<20}" + "".join(f"{figure:>10}" for figure in figures))


if __name__ == "__main__":
    main()
