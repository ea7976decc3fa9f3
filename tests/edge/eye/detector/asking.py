"""A model's answers from a runtime in its own environment, for contract tests."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

RUNTIMES = ["litert", "tflite-runtime"]


@dataclass(frozen=True)
class Answer:
    """What a runtime found in one picture, read back."""

    boxes: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    classes: list[int]


def ask(
    repository: Path, runtime: str, models_dir: Path, name: str, pictures: Sequence[Path]
) -> list[Answer]:
    """What a model finds in each picture, an array on disk; skips where the runtime is not."""
    command = [
        _python(repository, runtime), "-m", "tests.edge.eye.detector.ask",
        runtime, str(models_dir), name, *map(str, pictures),
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=repository, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    read = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(read) == len(pictures)
    return [
        Answer(
            np.array(one["boxes"], np.float32).reshape(-1, 4),
            np.array(one["scores"], np.float32),
            one["classes"],
        )
        for one in read
    ]


def _python(repository: Path, runtime: str) -> str:
    if runtime == "litert":
        return sys.executable
    python = repository / ".venv-tflite" / "bin" / "python"
    if not python.is_file():
        pytest.skip("needs .venv-tflite, which 'make test' makes on Python 3.11")
    return str(python)
