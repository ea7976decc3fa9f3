"""The whole eye for each frame beside bare decode and invoke, and beside the usual parts.

Ours: decode, shrink, gate, detect, track, judge, health. Limit: decode every frame of the same
clip with one thread and invoke the bare model after each, nothing else. Usual parts:
tools/peers/usual_parts.py in its own environment (.venv-peers), with our own model file in LiteRT,
and `ssd-coco15` also in onnxruntime; with --peers also with YOLOX nano's published file in
onnxruntime, as one would put them together who has no detector of ours. "every frame": the
detector is shown each frame once, whole. "live": the same, but at the clip's own pace through the
capture process, which is counted with it. "gated": each frame is analysed, the gate decides
whether the detector sees it. "as in use": as a pole does it where the site file says nothing else,
10 frames a second analysed, and of what matters in them up to four looks of the detector; the
usual parts have nothing like it. "settled": the same from the fifth second on, over a whole round
of the site's places, which are all of the frame here; "beginning": the first four seconds, in
which each place is seen first.

CPU time, in turns; medians over rounds, ratios taken round by round. Without --clip two drawn
films of 1920x1080 are made: a street with passers-by, and an empty one where only grain moves.

Usage: python -m tools.bench.eye [--model NAME] [--models DIR] [--clip FILE] [--rounds N]
       [--frames N] [--settled-seconds N] [--still] [--peers DIR] [--json]
"""

import argparse
import functools
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import IO, Literal

import av
import cv2
from ai_edge_litert.interpreter import Interpreter

from edge.eye.camera import Capture, frames, wait_any
from edge.eye.camera.recording import Replay
from edge.eye.detector import Detector, Library, load
from edge.eye.detector.library import default_models_dir
from edge.eye.frame import Frame
from edge.eye.picture import rgb_picture
from edge.eye.replay import replay
from edge.eye.step import Analysis
from edge.mandate.gate import recording_permit
from edge.site.model import DEFAULT_DETECTOR, Camera, Detection, Site, SiteFile, Zone
from edge.site.rules import Intrusion
from tools.bench.decode import FPS, make_film
from tools.resident import sum_bytes

MADE_MODELS = Path(".cache/models")
PEER_PYTHON = Path(".venv-peers/bin/python")
CAMERA = "bench"
EVERY, IN_USE, LIVE = "ours, every frame", "ours, as in use", "ours, every frame, live"
SETTLED, BEGINNING = "ours, as in use, settled", "ours, as in use, beginning"
SETTLED_LIVE = "ours, as in use, settled, live"
QUIET = "ours, gated, every frame"
LIMIT, DECODE = "decode + invoke (limit)", "decode alone"
DECODE_LIVE = "decode alone, live"
ONNX, LITERT = "usual parts, onnxruntime", "usual parts, LiteRT"
YOLOX, YOLOX_FILE = "usual parts, YOLOX nano", "yolox_nano_416.onnx"
_RUNTIMES = {ONNX: "onnxruntime", LITERT: "litert", YOLOX: "yolox"}
# (ours, other, most) that hold for a clip in which things move, and for one in which nothing does.
BUSY_GOALS = (
    (EVERY, LIMIT, 1.25),
    (LIVE, LIMIT, 1.25),
    (EVERY, ONNX, 0.70),
    (EVERY, LITERT, 0.70),
    (EVERY, YOLOX, 0.70),
)
STILL_GOALS = (
    (QUIET, DECODE, 1.25),
    (SETTLED, DECODE, 1.25),
    (SETTLED_LIVE, DECODE, 1.25),
    (SETTLED_LIVE, DECODE_LIVE, 1.25),
)
# As long a beginning is left out of "settled".
BEGINNING_SECONDS = 4
Costs = dict[str, list[float]]


class Peer:
    """The usual parts, in their own process. runtimes: in which it has the detector."""

    def __init__(self, models: Path, clip: Path, card_dir: Path, yolox: Path | None = None) -> None:
        command = [str(PEER_PYTHON), "-m", "tools.peers.usual_parts"]
        published = [] if yolox is None else [str(yolox)]
        self._process = subprocess.Popen(
            [*command, str(card_dir), str(models), str(clip), *published],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.runtimes = self._ready()

    def run(self, clip: Path, most: int, runtime: str) -> float:
        """CPU milliseconds a frame."""
        job: dict[str, str | int] = {"clip": str(clip), "frames": most, "runtime": runtime}
        return self.ask(job)["ms_per_frame"]

    def ask(self, job: "dict[str, str | int]") -> "dict[str, float]":
        """One job, one answer; see tools/peers/usual_parts.py."""
        _pipe(self._process.stdin).write(json.dumps(job) + "\n")
        _pipe(self._process.stdin).flush()
        return self._read()

    def resident_bytes(self) -> int:
        """What it holds in memory now, both runtimes loaded."""
        return sum_bytes([self._process.pid])

    def close(self) -> None:
        """Let it end."""
        _pipe(self._process.stdin).close()
        self._process.wait()

    def _ready(self) -> list[str]:
        told: dict[str, list[str]] = json.loads(self._line())
        return told["runtimes"]

    def _read(self) -> "dict[str, float]":
        answer: dict[str, float] = json.loads(self._line())
        return answer

    def _line(self) -> str:
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise SystemExit("the peer ended; make .venv-peers from requirements/peers.lock")
        return line


class Ours:
    """The real eye on one clip, and what its work costs bare."""

    def __init__(self, clip: Path, library: Library, detector: Detector, most: int) -> None:
        self._clip, self._detector, self._most = clip, detector, most
        content = library.read_model(detector.card)
        self._bare = Interpreter(model_content=content, num_threads=1)
        self._bare.allocate_tensors()
        self._permit = recording_permit(CAMERA)

    def every_frame(self) -> float:
        """Each frame analysed and detected in."""
        with _Spent() as spent:
            site, camera = _site(self._clip, 60.0)
            analysis = Analysis(site, camera.name, self._detector, itertools.count(1))
            for frame in itertools.islice(frames(camera, Replay(0)), self._most):
                self._look(analysis, frame)
                spent.frames += 1
        return spent.ms_per_frame

    def gated(self) -> float:
        """Each frame analysed; the gate decides what the detector is shown."""
        return self._replayed(*_site(self._clip, 60.0))

    def in_use(self, begins: int = 0, most: int | None = None) -> float:
        """What a pole does; counted per decoded frame, from one of them on."""
        return self._replayed(*_site(self._clip, 10.0, "regions"), begins, most)

    def settled(self) -> float:
        """What a pole does once it has seen every place, to the end of the clip."""
        return self.in_use(BEGINNING_SECONDS * FPS, sys.maxsize)

    def beginning(self) -> float:
        """What a pole does before."""
        return self.in_use(most=BEGINNING_SECONDS * FPS)

    def _replayed(
        self, site: SiteFile, camera: Camera, begins: int = 0, most: int | None = None
    ) -> float:
        ends = most or self._most
        looks = replay(site, camera, self._detector)
        while begins and next(looks).frame.number + 1 < begins:
            pass
        with _Spent() as spent:
            for looked in looks:
                spent.frames = looked.frame.number + 1 - begins
                if spent.frames + begins >= ends:
                    break
        return spent.ms_per_frame

    def live(self) -> float:
        """Through the capture process, at the clip's pace; its imports do not count."""
        return self._live(*_site(self._clip, 60.0), 0, self._most, self._look)

    def settled_live(self) -> float:
        """What a pole does once it has seen every place, capture process included."""
        return self._live(
            *_site(self._clip, 10.0, "regions"),
            BEGINNING_SECONDS * FPS,
            sys.maxsize,
            lambda analysis, frame: analysis.step(frame, self._permit),
        )

    def _live(
        self,
        site: SiteFile,
        camera: Camera,
        begins: int,
        most: int,
        look: Callable[[Analysis, Frame], object],
    ) -> float:
        """A decoded frame's cost: of looking at as many as are analysed, and of the capture.

        begins: the first frame that counts. most: as many analysed ones count.
        """
        analysis = Analysis(site, camera.name, self._detector, itertools.count(1))
        share = min(1.0, camera.analysis_fps / FPS)
        capture = Capture(camera)
        capture.start()
        try:
            while not wait_any([capture], 1.0):
                pass
            before, looked, spent = capture.get_counts(), 0, time.process_time()
            while not capture.is_finished and looked < most:
                wait_any([capture], 0.5)
                frame = capture.latest()
                if frame is None:
                    continue
                look(analysis, frame)
                looked += 1
                if frame.number < begins:
                    before, looked, spent = capture.get_counts(), 0, time.process_time()
            spent = time.process_time() - spent
            counts = capture.get_counts()
            child_ms = counts.child_cpu_ms - before.child_cpu_ms
            captured = counts.frames_captured - before.frames_captured
        finally:
            capture.close()
        return share * spent * 1e3 / looked + child_ms / captured

    def limit(self) -> float:
        """Decode and invoke, with nothing between them."""
        with _Spent() as spent:
            for _ in self._decoded():
                self._bare.invoke()
                spent.frames += 1
        return spent.ms_per_frame

    def decode(self) -> float:
        """Decode alone."""
        with _Spent() as spent:
            for _ in self._decoded():
                spent.frames += 1
        return spent.ms_per_frame

    def decode_live(self) -> float:
        """Decode alone, at the clip's pace: between pictures the caches are somebody else's."""
        begun = time.monotonic()
        with _Spent() as spent:
            for _ in self._decoded():
                spent.frames += 1
                time.sleep(max(0.0, begun + spent.frames / FPS - time.monotonic()))
        return spent.ms_per_frame

    def _decoded(self) -> "itertools.islice[av.VideoFrame]":
        container = av.open(str(self._clip))
        container.streams.video[0].thread_count = 1
        return itertools.islice(container.decode(video=0), self._most)

    def _look(self, analysis: Analysis, frame: Frame) -> None:
        """A step, and the detector's call all the same if the gate saved it."""
        if analysis.step(frame, self._permit).found is None:
            width_px, height_px = self._detector.input_width_px, self._detector.input_height_px
            self._detector.find(rgb_picture(frame, width_px, height_px))


class _Spent:
    """CPU time of this process between its two ends."""

    def __init__(self) -> None:
        self.frames, self._begun = 0, 0.0
        self.ms_per_frame = 0.0

    def __enter__(self) -> "_Spent":
        self._begun = time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.ms_per_frame = (time.process_time() - self._begun) * 1e3 / max(1, self.frames)


def main() -> None:
    """Measure in turns, print a table for each clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path, help="a recording; left out: two drawn films")
    made = MADE_MODELS if MADE_MODELS.is_dir() else default_models_dir()
    parser.add_argument("--model", default=DEFAULT_DETECTOR, metavar="NAME")
    parser.add_argument("--models", type=Path, default=made)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--settled-seconds", type=int, default=30)
    parser.add_argument("--still", action="store_true", help="the empty street alone")
    parser.add_argument("--peers", type=Path, help=f"folder that holds {YOLOX_FILE}")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    cv2.setNumThreads(1)  # as each camera's own process has it
    library = Library(asked.models)
    detector = load(library.card(asked.model), library)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name, clip, is_still in _clips(asked, Path(folder)):
            sides = _sides(Ours(clip, library, detector, asked.frames), is_still=is_still)
            peer = None
            if PEER_PYTHON.exists() and not is_still:
                yolox = None if asked.peers is None else asked.peers / YOLOX_FILE
                peer = Peer(asked.models, clip, detector.card.path.parent, yolox)
                sides |= _peer_sides(peer, clip, asked.frames)
            costs = _measure(sides, asked.rounds)
            if peer:
                peer.close()
            results.append(_result(name, costs, STILL_GOALS if is_still else BUSY_GOALS))
    _print(results, asked.model, as_json=asked.json)


def _clips(asked: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Path, bool]]:
    if asked.clip is not None:
        yield asked.clip.name, asked.clip, False
        return
    if not asked.still:
        busy = make_film(folder / "busy.mp4", -(-asked.frames // FPS))
        yield "drawn street, 1920x1080", busy, False
    seconds = BEGINNING_SECONDS + asked.settled_seconds
    seconds = max(seconds, -(-asked.frames // FPS))
    yield "empty street, 1920x1080", make_film(folder / "still.mp4", seconds, is_still=True), True


def _site(
    clip: Path, analysis_fps: float, looks: Literal["regions", "whole"] = "whole"
) -> tuple[SiteFile, Camera]:
    camera = Camera(CAMERA, f"file:{clip}", analysis_fps=analysis_fps)
    zone = Zone("all", CAMERA, ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    rule = Intrusion(function="intrusion", name="anybody", zone="all")
    detection = Detection(looks=looks)
    site = SiteFile(1, Site("bench"), (camera,), zones=(zone,), rules=(rule,), detection=detection)
    return site, camera


def _sides(ours: Ours, *, is_still: bool) -> dict[str, Callable[[], float]]:
    sides: dict[str, Callable[[], float]] = {
        EVERY: ours.every_frame,
        QUIET: ours.gated,
        LIMIT: ours.limit,
        DECODE: ours.decode,
    }
    if is_still:
        settled: dict[str, Callable[[], float]] = {
            SETTLED: ours.settled,
            SETTLED_LIVE: ours.settled_live,
            DECODE_LIVE: ours.decode_live,
            BEGINNING: ours.beginning,
        }
        return sides | settled
    return sides | {IN_USE: ours.in_use, LIVE: ours.live}


def _peer_sides(peer: Peer, clip: Path, most: int) -> dict[str, Callable[[], float]]:
    return {
        side: functools.partial(peer.run, clip, most, runtime)
        for side, runtime in _RUNTIMES.items()
        if runtime in peer.runtimes
    }


def _measure(sides: dict[str, Callable[[], float]], rounds: int) -> Costs:
    """Milliseconds a frame, one value a round; the first round warms up and does not count."""
    costs: Costs = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, run in sides.items():
            cost = run()
            if number:
                costs[name].append(cost)
    return costs


def _result(
    clip: str, costs: Costs, goals: tuple[tuple[str, str, float], ...]
) -> dict[str, object]:
    rows = [
        {
            "side": name,
            "ms_per_frame": round(statistics.median(spent), 2),
            "least": round(min(spent), 2),
            "most": round(max(spent), 2),
        }
        for name, spent in costs.items()
    ]
    ratios = [
        {"ratio": f"{ours} / {other}", **_ratio(costs[ours], costs[other]), "goal": most}
        for ours, other, most in goals
        if other in costs
    ]
    return {"clip": clip, "rows": rows, "ratios": ratios}


def _ratio(ours: list[float], other: list[float]) -> dict[str, float]:
    ratios = [one / two for one, two in zip(ours, other, strict=True)]
    spread = {"figure": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}
    return {name: round(value, 2) for name, value in spread.items()}


def _print(results: list[dict[str, object]], model: str, *, as_json: bool) -> None:
    about = {
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "opencv": version("opencv-python-headless"),
        "av": version("av"),
        "litert": version("ai-edge-litert"),
        "detector": model,
    }
    if as_json:
        print(json.dumps({"about": about, "clips": results}))
        return
    print(", ".join(f"{name} {text}" for name, text in about.items()))
    if not PEER_PYTHON.exists():
        print("the usual parts were left out: make .cache/peers-environment")
    for result in results:
        print(f"\n{result['clip']}, CPU ms a frame, median (range)")
        for row in _records(result["rows"]):
            print(f"  {row['side']:<28}{row['ms_per_frame']:>7} ({row['least']} to {row['most']})")
        for row in _records(result["ratios"]):
            print(f"  {row['ratio']:<52}{row['figure']:>6}x ({row['least']} to {row['most']}), "
                  f"goal {row['goal']}x")  # fmt: skip


def _records(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list)
    return value


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


if __name__ == "__main__":
    main()
