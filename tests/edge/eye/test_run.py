"""The eye as a process of its own: told to end, it ends cleanly and no event it told is lost."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from edge.spool.places import spool_path
from edge.spool.spool import Spool
from edge.spool.verify import verify
from tests.fakes.walkers import MODELS, read_until, write_walkers_site

DEADLINE_SECONDS = 60.0


@pytest.fixture
def eye(repository: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    write_walkers_site(tmp_path)
    process = subprocess.Popen(
        [
            sys.executable, "-m", "edge.eye.run", "--loop",
            "--site", str(tmp_path / "site.toml"), "--data", str(tmp_path),
            "--models", str(repository / MODELS),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_right_after_an_event_it_ends_with_the_event_on_disk(
    eye: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    before = read_until(eye, "camera_opened")
    children = psutil.Process(eye.pid).children(recursive=True)
    # A bad site file is told as an event at once; the last good one stays in force.
    (tmp_path / "site.toml").write_text("version = 1\n[sight]\n")
    eye.send_signal(signal.SIGHUP)
    told = read_until(eye, " event rule=")
    eye.send_signal(number)
    assert eye.stderr is not None
    # Through the same stream: what it has read ahead, communicate() would not see.
    rest = eye.stderr.read()
    eye.wait(DEADLINE_SECONDS)
    assert eye.returncode == 0, rest
    assert "Traceback" not in rest
    assert not any(child.is_running() for child in children), "a camera child outlived the eye"
    events = sum(" event rule=" in line for line in [*before, *told, *rest.splitlines()])
    with Spool(spool_path(tmp_path)) as spool:
        assert spool.pending().last_seq == events
    assert verify(spool_path(tmp_path)).is_whole
