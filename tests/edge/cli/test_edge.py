"""`vigie edge run`: three rooms as children, each started again alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from edge.mandate.device_name import write_device
from edge.spool.places import bell_path, spool_path
from edge.wire.eye_status import eye_status_path
from edge.wire.packets import packet_socket
from edge.wire.ring_report import ring_report_path
from tests.fakes.authority import Authority
from tests.fakes.control_room import VIGIE, run_vigie
from tests.fakes.pole import Pole
from tests.fakes.walkers import MODELS, write_walkers_site
from tests.waiting import wait_until


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_walkers_site(tmp_path)


class Running:
    """`vigie edge run` of an enrolled pole whose collector does not answer."""

    def __init__(self, words: list[str], log: Path) -> None:
        self.log = log
        with log.open("wb") as sink:
            self.process = subprocess.Popen([*VIGIE, "edge", "run", *words], stderr=sink)

    def wait_for_line(self, word: str) -> None:
        """A room has said so."""
        wait_until(
            lambda: word in self.log.read_text(), f"{word} is said", folders=(self.log.parent,)
        )

    def room(self, name: str, other_than: int = 0) -> int:
        """The room's process id, as soon as it runs (again)."""
        found: list[int] = []

        def runs() -> bool:
            found[:] = [
                child.pid
                for child in psutil.Process(self.process.pid).children()
                if child.pid != other_than and f"edge.{name}.run" in child.cmdline()
            ]
            return bool(found)

        wait_until(runs, f"the {name} runs", folders=())
        return found[0]


def wait_for(path: Path) -> None:
    wait_until(path.exists, f"{path} comes", folders=(path.parent,))


@pytest.fixture
def running(site: Path, tmp_path: Path, repository: Path) -> Iterator[Running]:
    pole = Pole(tmp_path / "pole")
    pole.data.mkdir()
    pole.put_identity(Authority(), "127.0.0.1:1")
    write_device(pole.data, "pole-1")
    words = ["--site", str(site), "--data", str(pole.data), "--models", str(repository / MODELS)]
    started = Running([*words, "--loop"], tmp_path / "run.log")
    yield started
    if started.process.poll() is None:
        started.process.terminate()
        started.process.wait(30)


def test_a_room_that_is_killed_comes_back_alone(running: Running, tmp_path: Path) -> None:
    data = tmp_path / "pole"
    eye, vault, link = (running.room(name) for name in ("eye", "vault", "link"))
    wait_for(eye_status_path(data))
    # Said once the keeper knows: a room that ends before it was ready ends them all.
    running.wait_for_line("vault_ready")
    os.kill(vault, signal.SIGKILL)
    assert running.room("vault", other_than=vault) != vault
    assert (running.room("eye"), running.room("link")) == (eye, link)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(60) == 0
    assert not any(psutil.pid_exists(pid) for pid in (eye, vault, link))


def test_what_rooms_share_belongs_to_their_groups(running: Running, tmp_path: Path) -> None:
    data = tmp_path / "pole"
    bell = bell_path(spool_path(data))
    for path in (packet_socket(data), ring_report_path(data), eye_status_path(data), bell):
        wait_for(path)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(60) == 0
    shared = {path.name: path.stat().st_mode & 0o7777 for path in (data / "spool").iterdir()}
    assert {name: shared[name] for name in ("spool.db", "spool.lock", "spool.bell")} == {
        "spool.db": 0o660,
        "spool.lock": 0o660,
        "spool.bell": 0o660,
    }
    folders = {name: (data / name).stat().st_mode & 0o7777 for name in ("spool", "eye", "vault")}
    assert folders == {"spool": 0o2770, "eye": 0o2750, "vault": 0o700}
    assert packet_socket(data).stat().st_mode & 0o777 == 0o660


def test_a_pole_that_is_not_enrolled_runs_its_eye_only(
    site: Path, tmp_path: Path, repository: Path
) -> None:
    data = tmp_path / "pole"
    done = run_vigie(
        "edge", "run", "--site", site, "--data", data, "--models", repository / MODELS, "--once"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("vigie: this pole is not enrolled, so only its eye runs\n")
    assert eye_status_path(data).exists()
    assert not (data / "vault").exists()


def test_a_link_that_is_not_enrolled_says_so_and_ends(tmp_path: Path) -> None:
    done = run_vigie("edge", "run", "--link-only", "--data", tmp_path)
    assert done.returncode == 5, done.stderr
    assert "this device is not enrolled" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_rooms_only_is_a_mistake(tmp_path: Path) -> None:
    done = run_vigie("edge", "run", "--link-only", "--vault-only", "--data", tmp_path)
    assert done.returncode == 2
    assert sys.executable not in done.stderr
