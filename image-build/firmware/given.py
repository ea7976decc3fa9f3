"""What a person brings for a board whose kernel and firmware are not Debian's.

A folder, or a tar archive of one:

    boot/           the kernel, and what the board's firmware reads beside it
    lib/modules/    the kernel's modules, one set
    root/           laid over the image's root: camera libraries, the board's programs

The board's profile names what must be there; what lacks is refused before anything is built.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from edge.errors import Kind, VigieError
from firmware.board import GivenTable
from firmware.building import PACKAGES, Build
from firmware.run import run

CONFIG_NAME = "config.txt"
# Where Debian's packages put theirs; Vigie's own come first, these are found behind them.
_DEBIAN_PACKAGES = "/usr/lib/python3/dist-packages"
_MOST_NAMED = 8


def open_given(build: Build) -> Path:
    """The person's folder, an archive unpacked; all that the profile asks for is in it.

    Raises VigieError in one sentence that names all that lacks.
    """
    given = build.kernel_folder
    if given is None:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"{build.board.name} runs a kernel that Debian does not have",
            hint="Name the folder of its boot files and modules: --kernel DIR",
        )
    if given.is_file():
        folder = build.work / "given"
        folder.mkdir(parents=True)
        run(["tar", "-C", folder, "-xf", given.resolve(), "--no-same-owner"])
    else:
        folder = given
    _check(build, given, folder)
    return folder


def install_given(build: Build, folder: Path) -> None:
    """Lay its root/ over the image's, and let Vigie find the Python packages that came with it."""
    if build.board.given is None:
        return
    shutil.copytree(folder / "root", build.root, dirs_exist_ok=True, symlinks=True)
    build.packages.mkdir(parents=True, exist_ok=True)
    (build.root / PACKAGES / "vigie-board.pth").write_text(f"{_DEBIAN_PACKAGES}\n")


def boot_files(build: Build, folder: Path | None) -> dict[str, Path]:
    """What the board's firmware reads, by its name on the boot partition; empty for no such board.

    Copies: each file gets the image's date, and the person's folder stays as it is.
    """
    if build.board.given is None or folder is None:
        return {}
    made = build.work / "boot"
    files = {}
    for path in _found(build.board.given, folder):
        name = path.relative_to(folder / "boot")
        target = made / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        files[str(name)] = target
    config = made / CONFIG_NAME
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text("\n".join([*build.board.given.config, ""]))
    return {**files, CONFIG_NAME: config}


def _found(table: GivenTable, folder: Path) -> Iterator[Path]:
    for pattern in table.boot:
        yield from sorted((folder / "boot").glob(pattern))


def _check(build: Build, given: Path, folder: Path) -> None:
    table = build.board.given
    asked = {"boot": table.boot, "root": table.root} if table else {}
    lacking = [
        f"{part}/{pattern}"
        for part, patterns in asked.items()
        for pattern in patterns
        if next((folder / part).glob(pattern), None) is None
    ]
    if lacking:
        more = f" and {len(lacking) - _MOST_NAMED} more" if len(lacking) > _MOST_NAMED else ""
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"{given} lacks {', '.join(lacking[:_MOST_NAMED])}{more}",
            hint=f"Copy them from a running {build.board.title} (image-build/README.md, Boards).",
        )
