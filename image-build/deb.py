"""Build a Debian package of Vigie for a board that keeps its vendor's system.

python image-build/deb.py --board jetson --out DIR
"""

import os
import shutil
from pathlib import Path

import click

from build import source_epoch, vigie_version
from edge.cli.program import run_program
from firmware import package, wheels
from firmware.board import VendorBoard, read_vendor_board
from firmware.building import IMAGE_BUILD, REPOSITORY, Place
from firmware.steps import Steps


def build_package(place: Place, board: VendorBoard, version: str, out: Path) -> Path:
    """Every step in order; returns the package. Raises VigieError."""
    steps = Steps()
    with steps.step("Python packages by their hashes"):
        wheels.install_packages(place)
    with steps.step("units, users, settings"):
        package.lay_out(place, board, version)
    with steps.step("package"):
        made = package.pack(place, board, version, out)
    steps.note(f"{made.stat().st_size:,} bytes")
    return made


@click.command()
@click.option("--board", "board_name", required=True, help="A profile in image-build/boards.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where it goes.")
@click.option("--version", "said", help="The package's version.  [default: Vigie's own]")
@click.option("--cache", type=click.Path(path_type=Path), default=REPOSITORY / ".cache" / "image")
def main(board_name: str, out: Path, said: str | None, cache: Path) -> None:
    """Build a Debian package of Vigie."""
    os.umask(0o022)  # what is laid into the root is for its users to read, whoever builds it
    board = read_vendor_board(IMAGE_BUILD / "boards" / f"{board_name}.toml")
    work = cache.resolve() / "work" / board_name
    shutil.rmtree(work, ignore_errors=True)
    (work / "root").mkdir(parents=True)
    out.mkdir(parents=True, exist_ok=True)
    place = Place(
        root=work / "root",
        cache=cache.resolve(),
        work=work,
        epoch=source_epoch(),
        python=board.deb.python,
        glibc_minor=board.deb.glibc_minor,
        architecture=board.architecture,
    )
    click.echo(build_package(place, board, said or vigie_version(), out.resolve()))


if __name__ == "__main__":
    run_program(main, "deb.py", shows_where_bugs_are=True)
