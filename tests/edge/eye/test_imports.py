"""The eye's own process stays small: decoders live in the cameras' processes."""

import subprocess
import sys

import pytest

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
