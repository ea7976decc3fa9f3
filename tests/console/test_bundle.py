"""The committed bundle is what the sources build to, and stays small."""

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAX_GZIPPED_BYTES = 60_000
# Fetched with the first clip that is opened or the first look at rollouts, not with the page.
LATER = {"opening.js", "absent.js", "Updates.js"}
MAX_FIRST_BYTES = 48_000
STATIC = Path("collector/page/static")


def test_the_bundle_is_small_and_complete(repository: Path) -> None:
    files = {path.name: path.read_bytes() for path in (repository / STATIC).iterdir()}
    at_once = {"index.html", "page.js", "page.css", "icon.svg", "licences.txt"}
    assert set(files) == at_once | LATER
    sizes = {name: len(gzip.compress(content)) for name, content in files.items()}
    assert sum(sizes.values()) < MAX_GZIPPED_BYTES
    assert sum(sizes[name] for name in at_once) < MAX_FIRST_BYTES
    assert b"sourceMappingURL" not in files["page.js"]
    assert b"url(" not in files["page.css"]


def test_the_lock_names_no_address(repository: Path) -> None:
    assert '"resolved"' not in (repository / "collector/page/app/package-lock.json").read_text()


@pytest.fixture(scope="module")
def page_build(repository: Path) -> list[str]:
    if shutil.which("npm") is None:
        pytest.skip("needs npm to build the page")
    return [sys.executable, str(repository / "tools" / "page_build")]


def test_the_committed_bundle_is_what_the_sources_build_to(
    repository: Path, page_build: list[str], tmp_path: Path
) -> None:
    subprocess.run([*page_build, "--out", str(tmp_path / "static")], check=True, timeout=240)
    for path in (tmp_path / "static").iterdir():
        committed = repository / STATIC / path.name
        assert path.read_bytes() == committed.read_bytes(), f"{path.name}: run tools/page_build"


def test_the_page_s_sources_pass_their_own_checks(page_build: list[str]) -> None:
    subprocess.run([*page_build, "--check"], check=True, timeout=240)
