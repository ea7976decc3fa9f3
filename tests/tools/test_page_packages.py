"""What npm wrote is what its archives hold: a file cut short, altered or missing is made good."""

import base64
import hashlib
import io
import json
import os
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tools.page_packages import TRIES, PackagesDifferError, differences, install

FILES = {"index.js": b"export default 1\n" * 4000, "lib/licence.txt": b"free to use"}
# Unpacks as npm does, but cuts a file short the first so many times; counts its calls.
NPM = """#!{python}
import json, pathlib, sys, tarfile
if sys.argv[1] == "config":
    print({cache!r})
    sys.exit()
calls = pathlib.Path({cache!r}) / "calls"
calls.write_text(calls.read_text() + "x" if calls.exists() else "x")
place = pathlib.Path("node_modules/thing")
with tarfile.open({archive!r}) as members:
    for member in members:
        path = place / pathlib.Path(*pathlib.Path(member.name).parts[1:])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(members.extractfile(member).read())
if len(calls.read_text()) <= {cuts}:
    (place / "index.js").write_bytes((place / "index.js").read_bytes()[:26000])
pathlib.Path("node_modules/.package-lock.json").write_text({lock!r})
"""


def archive_of(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


class Machine:
    """An npm that has one package to install, its cache, and an app whose lock names it."""

    def __init__(self, root: Path, cuts: int) -> None:
        packed = archive_of(FILES)
        digest = hashlib.sha512(packed)
        self.cache = root / "cache"
        self.archives = self.cache / "_cacache" / "content-v2"
        hexadecimal = digest.hexdigest()
        self.archive = (
            self.archives / "sha512" / hexadecimal[:2] / hexadecimal[2:4] / hexadecimal[4:]
        )
        self.archive.parent.mkdir(parents=True)
        self.archive.write_bytes(packed)
        integrity = f"sha512-{base64.b64encode(digest.digest()).decode()}"
        lock = json.dumps({"packages": {"node_modules/thing": {"integrity": integrity}}})
        self.app, self.folder = root / "app", root / "folder"
        self.app.mkdir()
        (self.app / "package.json").write_text("{}")
        (self.app / "package-lock.json").write_text(lock)
        (self.app / ".npmrc").write_text("")
        self.programs = root / "programs"
        self.programs.mkdir()
        npm = self.programs / "npm"
        npm.write_text(
            NPM.format(
                python=sys.executable,
                cache=str(self.cache),
                archive=str(self.archive),
                cuts=cuts,
                lock=lock,
            )
        )
        npm.chmod(0o755)

    @property
    def calls(self) -> int:
        return len((self.cache / "calls").read_text())

    @property
    def written(self) -> Path:
        return self.folder / "node_modules" / "thing"


def make(root: Path, monkeypatch: pytest.MonkeyPatch, *, cuts: int) -> Machine:
    machine = Machine(root, cuts)
    monkeypatch.setenv("PATH", f"{machine.programs}{os.pathsep}{os.environ['PATH']}")
    return machine


def test_a_whole_installation_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = make(tmp_path, monkeypatch, cuts=0)
    install(machine.app, machine.folder)
    install(machine.app, machine.folder)
    assert machine.calls == 1
    assert (machine.written / "index.js").read_bytes() == FILES["index.js"]


def test_a_file_cut_short_is_installed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    machine = make(tmp_path, monkeypatch, cuts=1)
    install(machine.app, machine.folder)
    assert machine.calls == 2
    assert (machine.written / "index.js").read_bytes() == FILES["index.js"]
    assert "thing/index.js unlike its archive" in capfd.readouterr().err


def test_a_disk_that_always_cuts_is_named_and_nothing_counts_as_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = make(tmp_path, monkeypatch, cuts=TRIES)
    with pytest.raises(PackagesDifferError, match=r"still unlike their archives[\s\S]*failing"):
        install(machine.app, machine.folder)
    assert machine.calls == TRIES
    install(machine.app, machine.folder)
    assert machine.calls == TRIES + 1


@pytest.mark.parametrize("fault", ["cut", "altered", "missing", "no archive"])
def test_every_difference_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    machine = make(tmp_path, monkeypatch, cuts=0)
    install(machine.app, machine.folder)
    assert list(differences(machine.folder, machine.archives)) == []
    licence = machine.written / "lib" / "licence.txt"
    match fault:
        case "cut":
            licence.write_bytes(b"free")
        case "altered":
            licence.write_bytes(b"Free to use")
        case "missing":
            licence.unlink()
        case _:
            machine.archive.unlink()
    expected = machine.written if fault == "no archive" else licence
    assert list(differences(machine.folder, machine.archives)) == [expected]
