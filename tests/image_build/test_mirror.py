"""The mirror is this machine's own, in either way that apt writes it."""

from pathlib import Path

import pytest

from edge.errors import Kind, VigieError
from firmware.mirror import Archive, fetch_release_date, find_archives

DEB822 = """\
Types: deb
# a snapshot
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/some.gpg

Types: deb deb-src
URIs: http://mirror.test/debian-security/
Suites: bookworm-security
Components: main
"""
ONE_LINE = """\
# deb http://old.test/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/some.gpg] http://mirror.test/debian bookworm main
deb http://mirror.test/debian bookworm-updates main contrib # fast
deb http://mirror.test/debian-security bookworm-security main
deb-src http://source.test/debian bookworm main
deb http://vendor.test/packages stable-tools main
"""
FOUND = (
    Archive("http://mirror.test/debian", "trixie"),
    Archive("http://mirror.test/debian", "trixie-updates"),
    Archive("http://mirror.test/debian-security", "trixie-security"),
)


def test_both_spellings_name_the_same_mirror(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    (new / "sources.list.d").mkdir(parents=True)
    (new / "sources.list.d" / "debian.sources").write_text(DEB822)
    old.mkdir()
    (old / "sources.list").write_text(ONE_LINE)
    assert find_archives(new) == FOUND
    assert find_archives(old) == FOUND


def test_another_vendors_archive_is_no_mirror(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://vendor.test/packages nodistro main\n")
    with pytest.raises(VigieError, match="names no Debian mirror"):
        find_archives(tmp_path)


def test_a_disabled_source_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    text = DEB822.replace("Types: deb\n", "Enabled: no\nTypes: deb\n", 1)
    (tmp_path / "sources.list.d" / "debian.sources").write_text(text)
    with pytest.raises(VigieError, match="names no Debian mirror"):
        find_archives(tmp_path)


def test_the_archives_own_date_is_read(tmp_path: Path) -> None:
    release = tmp_path / "dists" / "trixie" / "InRelease"
    release.parent.mkdir(parents=True)
    release.write_text("Origin: Debian\nDate: Sat, 08 Nov 2026 09:00:00 UTC\n")
    archive = Archive(tmp_path.as_uri(), "trixie")
    assert fetch_release_date(archive) == "Date: Sat, 08 Nov 2026 09:00:00 UTC"


def test_a_mirror_that_does_not_answer_is_asked_again_and_then_one_clear_error(
    tmp_path: Path,
) -> None:
    waited: list[float] = []
    with pytest.raises(VigieError, match="does not answer for trixie") as refused:
        fetch_release_date(Archive(tmp_path.as_uri(), "trixie"), waited.append)
    assert refused.value.kind is Kind.UNAVAILABLE
    assert waited == [2.0, 8.0]


def test_a_mirror_that_comes_back_is_no_error(tmp_path: Path) -> None:
    release = tmp_path / "dists" / "trixie" / "InRelease"
    release.parent.mkdir(parents=True)

    def come_back(_: float) -> None:
        release.write_text("Date: Sat, 08 Nov 2026 09:00:00 UTC\n")

    archive = Archive(tmp_path.as_uri(), "trixie")
    assert fetch_release_date(archive, come_back).endswith("09:00:00 UTC")
