"""Have the eye's second program look, or hear from the eye that is at work."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.doctor.facts import Pace
from edge.doctor.walls import behind_walls
from edge.errors import VigieError
from edge.site.model import Camera
from edge.wire.eye_status import eye_status_path
from edge.wire.look import MAX_LINE_BYTES, Look, read_look

LOOK_SECONDS = 4.0
START_SECONDS = 90.0
"""Interpreter, libraries and a camera's own start, on a slow board from a slow card."""
PACE_SECONDS = 3.0
STALE_SECONDS = 5.0
"""The eye writes its status once a second."""
_MAX_STATUS_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class PoleFiles:
    """Where this pole's files are."""

    site_file: Path
    data: Path
    models: Path


def look_command(files: PoleFiles, camera: Camera, *words: str) -> list[str]:
    """The eye's second program, behind the eye's walls."""
    program = [sys.executable, "-m", "edge.eye.look", "--camera", camera.name]
    program += ["--site", str(files.site_file), "--data", str(files.data)]
    program += ["--models", str(files.models), *words]
    return behind_walls("eye", program, has_network=camera.source.startswith("rtsp"))


def look_at(
    files: PoleFiles, camera: Camera, *, has_still: bool, seconds: float = LOOK_SECONDS
) -> Look:
    """One camera, for some seconds. A program that fails or hangs is a camera without picture."""
    words = ["--seconds", str(seconds), *(["--still"] if has_still else [])]
    try:
        ran = subprocess.run(
            look_command(files, camera, *words),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=2 * seconds + START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Look(
            camera.name,
            failure="the camera sent no picture in time",
            hint="Is the camera on, and does another viewer get a picture from it?",
        )
    if ran.returncode or len(ran.stdout) > MAX_LINE_BYTES:
        said = ran.stderr.decode(errors="replace").strip().rpartition("vigie: ")[2]
        return Look(camera.name, failure=said[:400] or f"the look ended with {ran.returncode}")
    try:
        return read_look(ran.stdout)
    except VigieError as error:
        return Look(camera.name, failure=error.what[:400])


def read_status(data: Path) -> Mapping[str, object] | None:
    """What the eye says of itself now; None: it is not at work."""
    path = eye_status_path(data)
    try:
        if time.time() - path.stat().st_mtime > STALE_SECONDS:
            return None
        with path.open("rb") as file:
            record = json.loads(file.read(_MAX_STATUS_BYTES))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def watch_pace(data: Path, seconds: float = PACE_SECONDS) -> dict[str, Pace]:
    """Each camera's pace by the running eye's own counters; empty: none runs."""
    before = read_status(data)
    time.sleep(seconds)
    after = read_status(data)
    if before is None or after is None:
        return {}
    period_ms = _count(after, "uptime_ms") - _count(before, "uptime_ms")
    counted = _cameras(before)
    paces = {}
    for name, camera in _cameras(after).items():
        first = counted.get(name, {})
        captured, analysed = (
            _count(camera, key) - _count(first, key)
            for key in ("frames_captured", "frames_analysed")
        )
        paces[name] = Pace(camera.get("is_open") is True, period_ms, captured, analysed)
    return paces


def _cameras(status: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    cameras = status.get("cameras")
    if not isinstance(cameras, list):
        return {}
    return {str(each.get("camera")): each for each in cameras if isinstance(each, dict)}


def _count(record: Mapping[str, object], key: str) -> int:
    found = record.get(key)
    return found if isinstance(found, int) else 0
