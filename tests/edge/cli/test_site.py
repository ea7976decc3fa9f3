"""`vigie site` as a person runs it: a process, its two streams and its exit code."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

EXIT_BAD = 3
EXIT_NOT_FOUND = 4


def vigie(*words: str | Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "edge.cli.main", *map(str, words)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def corpus(repository: Path) -> Path:
    return repository / "tests" / "corpus" / "site"


def test_a_good_file_is_told_on_stdout(repository: Path, corpus: Path) -> None:
    done = vigie("site", "check", corpus / "complete.toml", cwd=repository)
    assert done.returncode == 0
    assert done.stdout == (
        f"{corpus / 'complete.toml'}: good: 2 cameras, 3 zones, 1 line, 2 schedules, 6 rules\n"
    )
    assert done.stderr == ""


def test_problems_go_to_stderr_and_the_exit_code_says_invalid_input(
    repository: Path, corpus: Path
) -> None:
    done = vigie("site", "check", corpus / "everything-wrong.toml", cwd=repository)
    assert done.returncode == EXIT_BAD
    assert done.stdout == ""
    assert done.stderr.startswith(f"vigie: {corpus}/everything-wrong.toml: 20 problems")
    assert "Traceback" not in done.stderr


def test_json_gives_one_object_a_file_with_every_place(repository: Path, corpus: Path) -> None:
    good, bad = corpus / "complete.toml", corpus / "everything-wrong.toml"
    done = vigie("site", "check", "--json", good, bad, cwd=repository)
    assert done.returncode == EXIT_BAD
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first == {"file": str(good), "is_good": True, "problems": []}
    assert second["is_good"] is False
    assert second["problems"][0]["line"] == 4
    assert second["problems"][0]["column"] == 13
    assert second["problems"][0]["hint"] == 'Did you mean "Europe/Paris"?'


def test_a_file_that_does_not_exist_is_not_found(repository: Path, tmp_path: Path) -> None:
    done = vigie("site", "check", tmp_path / "none.toml", cwd=repository)
    assert done.returncode == EXIT_NOT_FOUND
    assert done.stderr.startswith(f"vigie: {tmp_path}/none.toml: no such file\n")


def test_the_schema_is_the_one_in_the_reference(repository: Path) -> None:
    done = vigie("site", "check", "--schema", cwd=repository)
    reference = repository / "docs" / "reference" / "site.schema.json"
    assert done.stdout == reference.read_text(encoding="utf-8")


def test_a_drawing_on_a_grid_is_a_picture(repository: Path, corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "north.png"
    done = vigie(
        "site", "draw", corpus / "complete.toml", "--camera", "north", "--out", out, cwd=repository
    )
    assert done.returncode == 0, done.stderr
    picture = cv2.imread(str(out))
    assert picture is not None
    assert done.stderr == (
        f"camera north drawn to {out} ({picture.shape[1]} x {picture.shape[0]} px)\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["north.png"]


def test_a_drawing_takes_the_first_frame_of_a_recording(
    repository: Path, corpus: Path, tmp_path: Path
) -> None:
    video, out = tmp_path / "clip.mp4", tmp_path / "north.png"
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for level in (200, 20):
            image = np.full((720, 1280, 3), level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    site = corpus / "complete.toml"
    words = ("site", "draw", site, "--camera", "north", "--still", video, "--out", out)
    assert vigie(*words, cwd=repository).returncode == 0
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture[10, 10].mean() > 150, "the first frame is the bright one"


STILL_HINT = "  Give --still an image or a recording, or leave it out for a grey grid.\n"
OUT_HINT = "  Give --out a path in a folder that exists and that you may write to.\n"
UNDRAWABLE = {
    "--camera west --out x.png": (
        4,
        'site.toml: no camera is named "west"\n  Known: north, south.\n',
    ),
    "--camera north --still site.toml --out x.png": (
        3,
        f"site.toml: no image or video: Invalid data found when processing input\n{STILL_HINT}",
    ),
    "--camera north --still none.jpg --out x.png": (4, f"none.jpg: no such file\n{STILL_HINT}"),
    "--camera north --out none/x.png": (
        5,
        f"none/x.png: cannot be written: No such file or directory\n{OUT_HINT}",
    ),
}


@pytest.mark.parametrize("words", UNDRAWABLE)
def test_what_cannot_be_drawn_says_why_and_leaves_nothing(
    words: str, repository: Path, corpus: Path, tmp_path: Path
) -> None:
    shutil.copy(corpus / "complete.toml", tmp_path / "site.toml")
    exit_code, message = UNDRAWABLE[words]
    done = subprocess.run(
        [sys.executable, "-m", "edge.cli.main", "site", "draw", "site.toml", *words.split()],
        cwd=tmp_path,
        env={"PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == f"vigie: {message}"
    assert done.returncode == exit_code
    assert [path.name for path in tmp_path.iterdir()] == ["site.toml"]


def test_several_cameras_ask_which_one(repository: Path, corpus: Path, tmp_path: Path) -> None:
    done = vigie(
        "site", "draw", corpus / "complete.toml", "--out", tmp_path / "x.png", cwd=repository
    )
    assert done.returncode == 2
    assert "has several cameras: say which with --camera (north, south)" in done.stderr


def test_the_command_itself_loads_nothing_heavy(repository: Path) -> None:
    heavy = ("pydantic", "shapely", "numpy", "cv2", "av", "tree_sitter")
    program = f"import sys, edge.cli.site; print([m for m in {heavy!r} if m in sys.modules])"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
