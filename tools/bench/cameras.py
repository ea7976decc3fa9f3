"""What a camera costs a pole: processor time, memory, and how many cameras a core carries.

The eye's own loop (tools/eye_alone.py) with one to four cameras of 1920x1080 and 25 pictures a
second, each a drawn street at its own pace, of which five a second are analysed. No vault records
them (tools/bench/ring.py). Processor time is that of eye and capture processes together, by
pictures decoded, so that a machine that cannot keep the pace tells the same cost. Memory is told
twice: resident sizes added up, which counts shared libraries once for each process, and every
page once, which is what the machine has less of.

Peer: the usual parts (tools/peers/usual_parts.py), one script a camera, at the same rate.

Usage: python -m tools.bench.cameras [--models DIR] [--looks regions|whole] [--seconds N]
       [--rounds N] [--most N] [--json]
"""

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from edge.eye.detector.library import default_models_dir, shipped_cards_dir
from edge.site.model import DEFAULT_DETECTOR
from edge.wire.eye_status import eye_status_path
from tests.fakes.mandates import City, around
from tools.bench.decode import FPS, make_film
from tools.bench.eye import MADE_MODELS, PEER_PYTHON, Peer
from tools.resident import once_bytes, sum_bytes

ANALYSED_FPS = 5.0
FILM_SECONDS = 8
ONE_GOAL_MB, FURTHER_GOAL_MB = 180.0, 40.0
SETTLED_SECONDS = 4.0
LIMIT_SECONDS = 120.0
SITE_HEAD = """
version = 1
[site]
name = "bench"
[detection]
looks = "{looks}"
"""
SITE_CAMERA = """
[[camera]]
name = "camera-{number}"
source = "file:{film}"
analysis_fps = {fps}
[[zone]]
name = "all-{number}"
camera = "camera-{number}"
polygon_frac = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
[[rule]]
name = "anybody-{number}"
function = "intrusion"
zone = "all-{number}"
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run. core_ms: processor time for a second of one camera's video."""

    cameras: int
    core_ms: float
    analysed_per_second: float
    sum_mb: float
    once_mb: float


def main() -> None:
    """One run for each number of cameras, in turns; the table."""
    asked = _parse()
    counts = list(range(1, asked.most + 1))
    peer_ms: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        film = make_film(Path(folder) / "street.mp4", FILM_SECONDS)
        costs = [
            _run(Path(folder), film, asked, count) for _ in range(asked.rounds) for count in counts
        ]
        peer_mb = None
        if PEER_PYTHON.exists():
            peer = Peer(asked.models, film, shipped_cards_dir() / DEFAULT_DETECTOR)
            job: dict[str, str | int] = {"clip": str(film), "frames": FILM_SECONDS * FPS}
            job |= {"runtime": "litert", "every": round(FPS / ANALYSED_FPS)}
            peer_ms = [peer.ask(job)["ms_per_frame"] * FPS for _ in range(asked.rounds)]
            peer_mb = peer.resident_bytes() / 1e6
            peer.close()
    _print(_record(costs, counts, peer_ms, peer_mb), as_json=asked.json)


def _run(folder: Path, film: Path, asked: argparse.Namespace, count: int) -> Cost:
    with tempfile.TemporaryDirectory(dir=folder) as data:
        site = Path(data) / "site.toml"
        site.write_text(
            SITE_HEAD.format(looks=asked.looks)
            + "".join(
                SITE_CAMERA.format(number=number, film=film, fps=ANALYSED_FPS)
                for number in range(count)
            )
        )
        names = [f"camera-{number}" for number in range(count)]
        cameras = [
            {"camera": name, "zones": [{"zone": "*", "functions": ["intrusion"]}]} for name in names
        ]
        city = City()
        mandate = city.mandate(cameras=cameras, **around(datetime.now(UTC)))
        city.install(Path(data), mandate)
        with _eye(site, Path(data), asked.models) as eye:
            _wait_until_looking(eye, Path(data), count)
            time.sleep(SETTLED_SECONDS)
            begun = _reading(eye, Path(data))
            time.sleep(asked.seconds)
            ended = _reading(eye, Path(data))
            processes = [eye.pid, *(child.pid for child in eye.children(recursive=True))]
            summed, once = sum_bytes(processes), once_bytes(processes)
    captured, analysed, spent = (now - then for now, then in zip(ended, begun, strict=True))
    return Cost(
        cameras=count,
        core_ms=spent * 1e3 / captured * FPS,
        analysed_per_second=analysed / captured * FPS,
        sum_mb=summed / 1e6,
        once_mb=once / 1e6,
    )


@contextmanager
def _eye(site: Path, data: Path, models: Path) -> Iterator[psutil.Process]:
    words = [sys.executable, "-m", "tools.eye_alone", str(site), str(data), str(models)]
    with (data / "eye.log").open("w") as log, subprocess.Popen(words, stderr=log) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)


def _wait_until_looking(eye: psutil.Process, data: Path, count: int) -> None:
    """The status is written each second; every camera must have been analysed by then."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline and eye.is_running() and eye.status() != "zombie":
        path = eye_status_path(data)
        cameras = json.loads(path.read_text())["cameras"] if path.exists() else []
        if len(cameras) == count and all(each["frames_analysed"] for each in cameras):
            return
        time.sleep(0.2)
    sys.exit(f"the eye does not look:\n{(data / 'eye.log').read_text()}")


def _reading(eye: psutil.Process, data: Path) -> tuple[int, int, float]:
    """Pictures decoded and analysed so far, and seconds of processor time, at one status."""
    path = eye_status_path(data)
    before = path.stat().st_mtime_ns
    while path.stat().st_mtime_ns == before:
        time.sleep(0.01)
    spent = sum(
        times.user + times.system
        for times in (each.cpu_times() for each in (eye, *eye.children(recursive=True)))
    )
    cameras = json.loads(path.read_text())["cameras"]
    return (
        sum(each["frames_captured"] for each in cameras),
        sum(each["frames_analysed"] for each in cameras),
        spent,
    )


def _record(
    costs: list[Cost], counts: list[int], peer_ms: list[float], peer_mb: float | None
) -> dict[str, object]:
    rows = []
    for count in counts:
        runs = [cost for cost in costs if cost.cameras == count]
        core_ms = [run.core_ms for run in runs]
        rows.append(
            {
                "cameras": count,
                "core_ms_a_second": round(statistics.median(core_ms), 1),
                "least": round(min(core_ms), 1),
                "most": round(max(core_ms), 1),
                "cameras_a_core": round(1e3 / statistics.median(core_ms), 1),
                "analysed_a_second": round(
                    statistics.median(run.analysed_per_second for run in runs), 1
                ),
                "resident_sum_mb": round(statistics.median(run.sum_mb for run in runs), 1),
                "resident_once_mb": round(statistics.median(run.once_mb for run in runs), 1),
            }
        )
    told: dict[str, object] = {"about": _about(), "rows": rows}
    if len(rows) > 1:
        told["further_mb"] = {
            kind: round(_growth(rows, kind), 1) for kind in ("resident_sum_mb", "resident_once_mb")
        }
    if peer_ms and peer_mb is not None:
        median_ms = statistics.median(peer_ms)
        told["usual_parts"] = {
            "core_ms_a_second": round(median_ms, 1),
            "least": round(min(peer_ms), 1),
            "most": round(max(peer_ms), 1),
            "cameras_a_core": round(1e3 / median_ms, 1),
            "resident_mb_a_camera": round(peer_mb, 1),
        }
    return told


def _growth(rows: list[dict[str, float]], kind: str) -> float:
    return (rows[-1][kind] - rows[0][kind]) / (rows[-1]["cameras"] - rows[0]["cameras"])


def _about() -> dict[str, str]:
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "film": f"1920x1080, {FPS} pictures a second, {ANALYSED_FPS:g} analysed",
    }


def _print(told: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        lines = value if isinstance(value, list) else [value]
        for line in lines:
            assert isinstance(line, dict)
            print(f"{name:<12} " + ", ".join(f"{key} {text}" for key, text in line.items()))
    print(f"goals: {ONE_GOAL_MB:g} MB with one camera, {FURTHER_GOAL_MB:g} MB for each further")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    made = MADE_MODELS if MADE_MODELS.is_dir() else default_models_dir()
    parser.add_argument("--models", type=Path, default=made)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--looks", choices=("regions", "whole"), default="regions")
    parser.add_argument("--most", type=int, default=4, help="cameras")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
