"""The pack: unpacked in another place, it trains with torch, numpy and OpenCV alone."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the environment that trains (make train-test)")

from edge.errors import Kind, VigieError
from tests.tools.training.test_pictures import item
from tools.training.beginning import write_weights
from tools.training.course import MANIFEST, SHELF, WEIGHTS
from tools.training.pack import FOLDER, pack
from tools.training.shelf import write_shelf

REPOSITORY = Path(__file__).resolve().parents[3]
SHIPPED = REPOSITORY / "tools" / "training" / MANIFEST
SMALL = {
    "stages = [32, 64, 128, 256]": "stages = [8, 16, 32, 64]",
    "batch = 8": "batch = 2",
}
# What else this repository knows, as if it were not installed.
START = (
    "import runpy, sys\n"
    "for name in ('onnx', 'onnxruntime', 'openvino', 'pydantic', 'click', 'grpc', 'google',\n"
    "             'ai_edge_litert', 'ai_edge_quantizer', 'edge.eye', 'edge.cli'):\n"
    "    sys.modules[name] = None\n"
    "runpy.run_module('tools.training.course', run_name='__main__')\n"
)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, ...]:
    """A shelf of two pictures, a manifest of a small net, no weights to begin with."""
    work = tmp_path / "work"
    work.mkdir()
    text = SHIPPED.read_text()
    for before, after in SMALL.items():
        assert before in text
        text = text.replace(before, after)
    lines = [
        "shapes = [[64, 64]]" if line.startswith("shapes") else line for line in text.splitlines()
    ]
    (work / MANIFEST).write_text("\n".join(lines))
    write_shelf(work / SHELF, [item(), item(is_held_out=True)])
    write_weights(work / WEIGHTS, {})
    return work / SHELF, work / WEIGHTS, work / MANIFEST


def test_a_pack_trains_elsewhere_without_the_rest(tmp_path: Path, files: tuple[Path, ...]) -> None:
    path = tmp_path / "pack.tar.gz"
    assert pack(path, REPOSITORY, files) == path.stat().st_size
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path, filter="data")
    done = subprocess.run(
        [sys.executable, "-c", START, "--steps", "2", "--workers", "2"],
        check=False, capture_output=True, text=True, cwd=tmp_path / FOLDER,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / FOLDER / "runs" / "first" / "best.pt").exists()


def test_a_pack_without_its_pictures_is_refused(tmp_path: Path, files: tuple[Path, ...]) -> None:
    files[0].unlink()
    with pytest.raises(VigieError, match="not there") as refused:
        pack(tmp_path / "pack.tar.gz", REPOSITORY, files)
    assert refused.value.kind is Kind.NOT_FOUND
