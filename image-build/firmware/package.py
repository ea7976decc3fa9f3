"""A Debian package of Vigie, for a board that keeps its vendor's system.

The same units, users and folders as on an image; /opt/vigie is an environment of the system's own
Python. The scripts that dpkg starts make users and folders and compile: they start no room, because
a pole that is not enrolled has nothing to run.
"""

import hashlib
import os
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

from edge.errors import Kind, VigieError
from firmware.board import VendorBoard
from firmware.building import PREFIX, REPOSITORY, SHARE, Place
from firmware.run import run
from firmware.tree import install_units

ROOMS = ("vigie-vault.service", "vigie-eye.service", "vigie-link.service")
_KIB = 1024
_CONTROL = """\
Package: vigie
Version: {version}
Architecture: {architecture}
Maintainer: Vigie <maintainers@vigie.invalid>
Installed-Size: {size_kib}
Depends: {depends}
Section: misc
Priority: optional
Description: street camera that sends events and keeps the video where it was taken
 For {title}.
 Three rooms as three units: the eye, the vault, the link.
"""
# Bytecode is never compared with dates, so what an older version left must go before the newer
# one is unpacked.
_PRERM = f"""\
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl disable --now {" ".join(ROOMS)}
fi
find /{PREFIX} -depth -name __pycache__ -type d -exec rm -rf {{}} +
"""
_POSTINST = f"""\
#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
systemd-sysusers vigie.conf
systemd-tmpfiles --create vigie.conf
/{PREFIX}/bin/python -m compileall -q -f --invalidation-mode unchecked-hash /{PREFIX}/lib
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl try-restart {" ".join(ROOMS)}
fi
"""


def lay_out(place: Place, board: VendorBoard, version: str) -> None:
    """Put units, users, folders, the board's settings and the licence beside the packages."""
    install_units(place.root)
    share = place.root / SHARE
    share.mkdir(parents=True, exist_ok=True)
    (share / "board.env").write_text(board.settings(version, place.epoch))
    notices = place.root / "usr/share/doc/vigie"
    notices.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(REPOSITORY / "LICENSE", notices / "copyright")
    shutil.copyfile(REPOSITORY / "NOTICE", notices / "NOTICE")


def pack(place: Place, board: VendorBoard, version: str, out: Path) -> Path:
    """Make the package of a tree; the same tree makes the same bytes.

    Raises VigieError where the tree lacks the environment or a unit, ProgramError by dpkg-deb.
    """
    _check(place.root)
    control = place.root / "DEBIAN"
    shutil.rmtree(control, ignore_errors=True)
    files = list(_files(place.root))
    control.mkdir()
    size = sum(path.lstat().st_size for path in files)
    text = _CONTROL.format(
        version=version,
        architecture=board.architecture,
        size_kib=-(-size // _KIB),
        depends=", ".join(board.deb.depends),
        title=textwrap.shorten(board.title, 60),
    )
    (control / "control").write_text(text)
    (control / "md5sums").write_text("".join(_sums(place.root, files)))
    for name, script in (("prerm", _PRERM), ("postinst", _POSTINST)):
        (control / name).write_text(script)
        (control / name).chmod(0o755)
    _settle(place.root, place.epoch)
    package = out / f"vigie_{version}_{board.architecture}.deb"
    package.unlink(missing_ok=True)
    # One thread: more of them cut the data elsewhere.
    words = ["dpkg-deb", "--root-owner-group", "--threads-max=1", "-Zzstd", "-z9", "--build"]
    run([*words, place.root, package], env={"SOURCE_DATE_EPOCH": str(place.epoch)})
    return package


def _check(root: Path) -> None:
    needed = [*(f"usr/lib/systemd/system/{unit}" for unit in ROOMS), f"{PREFIX}/bin/python"]
    lacking = [name for name in needed if not os.path.lexists(root / name)]
    if lacking:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"the package's tree lacks {', '.join(lacking)}",
            where=str(root),
            hint="Build it whole: python image-build/deb.py --board jetson --out DIR",
        )


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or path.is_file():
            yield path


def _sums(root: Path, files: list[Path]) -> Iterator[str]:
    """What `dpkg --verify` compares with; an old hash because dpkg knows no other."""
    for path in files:
        if not path.is_symlink():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "md5").hexdigest()
            yield f"{digest}  {path.relative_to(root)}\n"


def _settle(root: Path, epoch: int) -> None:
    """One date, and a mode that does not depend on who built it."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            is_program = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if is_program else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)
