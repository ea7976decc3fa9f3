"""The bill of materials: what is in the root, in a form that its own schema accepts."""

import json
from pathlib import Path

import pytest

pytest.importorskip("cyclonedx", reason="the bill's library is installed by make image")

from firmware.sbom import debian_components, given_components, render_bill, wheel_components
from tests.image_build.benches import bench_build

STATUS = """\
Package: zlib1g
Status: install ok installed
Architecture: amd64
Version: 1:1.3.dfsg+really1.3.1-1
Description: a library
 with a longer text

Package: apt
Status: install ok installed
Architecture: amd64
Version: 3.0.3

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""


def root_with_notice(folder: Path) -> Path:
    notice = folder / "usr/share/doc/zlib1g/copyright"
    notice.parent.mkdir(parents=True)
    notice.write_text("Files: *\nLicense: Zlib\n  text\n\nFiles: debian/*\nLicense: Zlib\n")
    return folder


def test_packages_of_the_root_are_listed_with_their_licences(tmp_path: Path) -> None:
    found = list(debian_components(STATUS, root_with_notice(tmp_path)))
    assert [one.name for one in found] == ["zlib1g"]
    assert str(found[0].purl).startswith("pkg:deb/debian/zlib1g@1:1.3")
    assert [licence.name for licence in found[0].licenses] == ["Zlib"]


def test_wheels_are_listed_from_their_own_metadata(tmp_path: Path) -> None:
    metadata = tmp_path / "Some_Thing-1.2.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Name: Some_Thing\nVersion: 1.2\nLicense-Expression: MIT\n\nbody\n")
    found = list(wheel_components(tmp_path))
    assert [str(one.purl) for one in found] == ["pkg:pypi/some-thing@1.2"]


def test_the_bill_is_valid_and_the_same_twice(tmp_path: Path) -> None:
    build = bench_build(tmp_path)
    components = list(debian_components(STATUS, root_with_notice(tmp_path / "root")))
    text = render_bill(build, components)
    again = list(debian_components(STATUS, tmp_path / "root"))
    assert text == render_bill(build, again)
    bill = json.loads(text)
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["components"][0]["name"] == "zlib1g"


def test_what_a_person_brought_is_listed_by_the_hash_of_its_files(tmp_path: Path) -> None:
    for name in ("boot/start4.elf", "boot/overlays/a.dtbo", "root/usr/bin/vcmailbox"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    before = {part.name: part.version for part in given_components(tmp_path)}
    assert before.keys() == {"given boot", "given root"}
    (tmp_path / "boot/overlays/a.dtbo").write_text("another")
    after = {part.name: part.version for part in given_components(tmp_path)}
    assert after["given root"] == before["given root"]
    assert after["given boot"] != before["given boot"]
