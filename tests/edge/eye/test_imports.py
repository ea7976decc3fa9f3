"""Each process of the eye loads what it needs: decoders live in the cameras' processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.edge.eye.camera.films import Film, write_film

# Measured 88 on a quiet machine and up to 93 in a fresh environment.
MOST_MB = 95
PROBE = """
import sys
import edge.eye.run
import edge.eye.detector.litert
with open("/proc/self/status") as status:
    resident_kb = next(line.split()[1] for line in status if line.startswith("VmRSS"))
print(resident_kb, "av" in sys.modules)
"""
# The capture process's own module, and its way from a recording to frames.
CAPTURED = """
import sys
import edge.eye.camera.child
from edge.eye.camera import Replay, frames
from edge.site.model import Camera, Mask
door = Mask("door", ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4)))
for masks in ((), (door,)):
    camera = Camera("c", sys.argv[1], masks=masks)
    assert sum(1 for _ in frames(camera, Replay(0)))
    print("cv2" in sys.modules)
"""


@pytest.fixture(scope="module")
def told() -> tuple[float, str]:
    """Resident MB after all imports, and whether the decoder is among them."""
    # The first run writes bytecode, which takes memory that a running pole never takes.
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", PROBE], capture_output=True, text=True, check=True
        ).stdout.split()
    return int(done[0]) * 1024 / 1e6, done[1]


def test_the_eye_loads_no_decoder(told: tuple[float, str]) -> None:
    assert told[1] == "False"


def test_the_eye_fits_its_memory_after_its_imports(told: tuple[float, str]) -> None:
    assert told[0] <= MOST_MB


def test_a_capture_process_loads_opencv_only_for_pictures_that_it_must_change(
    tmp_path: Path,
) -> None:
    film = write_film(tmp_path / "c.mkv", Film(320, 240, 2))
    done = subprocess.run(
        [sys.executable, "-c", CAPTURED, f"file:{film}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]


def test_opencv_takes_the_number_of_its_threads_from_where_a_capture_process_says_it() -> None:
    said = os.environ | {"OPENCV_FOR_THREADS_NUM": "1"}
    words = [sys.executable, "-c", "import cv2; print(cv2.getNumThreads())"]
    done = subprocess.run(words, env=said, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
