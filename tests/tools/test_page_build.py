"""tools/page_build: its packages are installed once, by one npm at a time."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Each call notes itself, then stays until it is let go; a second one beside it fails.
NPM = """#!/usr/bin/env bash
set -eu
mkdir running
echo called >> calls
echo started > "{started}"
read -r _ < "{gate}"
mkdir -p node_modules
rmdir running
"""


class Checkout:
    """A repository with tools/page_build and its lock file, and an npm that waits at a gate."""

    def __init__(self, root: Path, repository: Path) -> None:
        self.root = root
        self.build = root / "tools" / "page_build"
        self.build.parent.mkdir()
        shutil.copyfile(repository / "tools" / "page_build", self.build)
        app = root / "collector" / "page" / "app"
        app.mkdir(parents=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            (app / name).write_text("{}")
        self.started, self.gate = root / "started", root / "gate"
        os.mkfifo(self.started)
        os.mkfifo(self.gate)
        npm = root / "programs" / "npm"
        npm.parent.mkdir()
        npm.write_text(NPM.format(started=self.started, gate=self.gate))
        npm.chmod(0o755)
        self.environment = dict(os.environ) | {
            "PATH": f"{npm.parent}{os.pathsep}{os.environ['PATH']}"
        }

    def install(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, self.build, "--install"],
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def calls(self) -> int:
        return len((self.root / ".cache" / "page" / "calls").read_text().splitlines())


@pytest.fixture
def checkout(tmp_path: Path, repository: Path) -> Checkout:
    return Checkout(tmp_path, repository)


def test_two_at_once_install_one_after_the_other(checkout: Checkout) -> None:
    first, second = checkout.install(), checkout.install()
    assert checkout.started.read_text() == "started\n"
    with checkout.gate.open("w") as gate:
        gate.write("go\n")
    told = [process.communicate(timeout=60)[1] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], told
    assert checkout.calls == 1


def test_an_npm_that_fails_is_told_and_asked_again(checkout: Checkout) -> None:
    running = checkout.root / ".cache" / "page" / "running"
    running.mkdir(parents=True)
    failed = checkout.install()
    _, told = failed.communicate(timeout=60)
    assert failed.returncode == 6
    assert "npm says above why" in told
    assert "Traceback" not in told
    running.rmdir()
    again = checkout.install()
    checkout.started.read_text()
    checkout.gate.write_text("go\n")
    again.communicate(timeout=60)
    assert again.returncode == 0
