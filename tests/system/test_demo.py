"""`vigie demo` as a newcomer runs it: exit code, table and what stands on the collector after."""

import json
import socket
import subprocess
from pathlib import Path

import av
import pytest

from edge.demo.process import command_line, run_command

MODELS = Path(".cache") / "models"


def _run_demo(repository: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    words = ["demo", "--models", str(repository / MODELS), "--cache", str(folder / "cache")]
    return subprocess.run(
        command_line([*words, "--page", "127.0.0.1:0", *arguments]),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        cwd=folder,
    )


@pytest.mark.xdist_group("demo")
def test_the_simulated_street_reaches_the_collector_twice(repository: Path, tmp_path: Path) -> None:
    """The second demo finds the first one's keys, accounts and enrolment, and delivers again."""
    table = tmp_path / "summary.json"
    for times in ("first", "second"):
        done = _run_demo(
            repository, tmp_path, "--source", "sim", "--seconds", "25", "--summary", str(table)
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        assert ("enrolling" in done.stderr) == (times == "first")
        summary = json.loads(table.read_text())
        assert summary["ok"]
        assert summary["events"] > 0
        assert summary["pending_events"] == 0
        (clip,) = summary["clips"]
        assert clip["is_verified"]
        assert _count_pictures(Path(clip["mp4"])) > 25
        assert summary["ring_bytes"] > clip["mp4_bytes"]
    pole = tmp_path / "cache" / "state" / "pole"
    open_to_others = {path.name for path in pole.rglob("*") if path.stat().st_mode & 0o007}
    # Signed statements, questions for the time, and the folders on the way to them.
    assert {name for name in open_to_others if not name.startswith("incoming-")} <= {
        "device",
        "trust.json",
        "mandate",
        "time-answer.json",
        "eye",
        "vault",
        "time-question",
        "doors",
    }


def _count_pictures(mp4: Path) -> int:
    with av.open(str(mp4), "r") as film:
        return sum(1 for _ in film.decode(video=0))


@pytest.mark.xdist_group("demo")
def test_without_a_clip_the_demo_asks_for_none(repository: Path, tmp_path: Path) -> None:
    table = tmp_path / "summary.json"
    words = ["--source", "sim", "--seconds", "20", "--no-clip", "--summary", str(table)]
    done = _run_demo(repository, tmp_path, *words)
    assert done.returncode == 0, done.stderr
    summary = json.loads(table.read_text())
    assert summary["ok"]
    assert summary["clips"] == []


@pytest.mark.xdist_group("demo")
def test_a_source_that_is_not_there_is_one_sentence(repository: Path, tmp_path: Path) -> None:
    done = _run_demo(repository, tmp_path, "--source", "nothing.mp4", "--seconds", "5")
    assert done.returncode == 4
    assert done.stderr.splitlines()[-2:] == [
        "vigie: there is no file nothing.mp4",
        "  Give --source a video file, rtsp://…, v4l2:/dev/video0, 'clip' or 'sim'.",
    ]


@pytest.mark.xdist_group("demo")
def test_a_page_address_in_use_is_named(repository: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = _run_demo(
            repository, tmp_path, "--source", "sim", "--seconds", "5", "--page", f"127.0.0.1:{port}"
        )
    assert done.returncode == 6
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_that_fails_is_quoted() -> None:
    with pytest.raises(Exception, match="'vigie spool ls --data /nonexistent --json' ended with"):
        run_command(["spool", "ls", "--data", "/nonexistent", "--json"])
