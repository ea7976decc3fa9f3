"""Build a board's image: a disk to flash, a bundle to update with, lists that tell both.

    python image-build/build.py --board qemu-amd64 --keys DIR --out DIR

`build_image` below is the whole recipe, a line for each step. Needs root (a root file system has
owners) and the programs that `tools/debian image` installs.
"""

import dataclasses
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from edge.cli.program import run_program
from edge.errors import Kind, VigieError
from firmware import (
    bundle,
    disk,
    given,
    initramfs,
    kernel,
    manifest,
    parts,
    rootfs,
    sbom,
    slot,
    tree,
    twice,
    wheels,
)
from firmware.board import read_board
from firmware.building import IMAGE_BUILD, REPOSITORY, Build
from firmware.keys import load_keys, make_keys
from firmware.run import missing_programs, run
from firmware.steps import Steps

PROGRAMS = (
    *("mmdebstrap", "mkfs.erofs", "veritysetup", "genimage", "mkfs.vfat", "mcopy", "rauc"),
    *("mksquashfs", "depmod", "zstd", "arch-test", "systemctl", "systemd-sysusers", "dpkg-deb"),
)


def build_image(build: Build) -> Path:
    """Every step in order; returns the manifest of what was made. Raises VigieError."""
    step = build.steps.step
    brought = None
    if build.board.kernel.source == "folder":
        with step("kernel, firmware and libraries that were given"):
            brought = given.open_given(build)
    with step("root file system: Debian's packages"):
        package = rootfs.unpack_rootfs(build)
    with step("kernel and the modules on the list"):
        linux = kernel.unpack_kernel(build, package, brought)
        kernel.install_modules(build, linux)
    with step("initramfs"):
        initrd = initramfs.build_initramfs(build, linux)
    with step("Python packages by their hashes"):
        wheels.install_packages(build.place)
        if brought is not None:
            given.install_given(build, brought)
    with step("bytecode"):
        wheels.compile_bytecode(build)
    with step("units, settings, keys"):
        packages = tree.keep_package_list(build)
        tree.remove_unused(build)
        tree.install_files(build)
        tree.settle(build)
    with step("bill of materials"):
        bill = sbom.write_sbom(build, packages, package, brought)
    with step("slot: erofs, verity tree, boot partition"):
        made = slot.build_slot(build, linux, initrd, given.boot_files(build, brought))
        parts.tell_parts(build, made.root.stat().st_size)
    with step("disk"):
        image = disk.build_disk(build, made)
    with step("update bundle"):
        update = bundle.build_bundle(build, made)
    with step("manifest"):
        return manifest.write_manifest(build, made, [image, update, bill])


def prepare(build: Build) -> None:
    """An empty work folder, and every program at hand. Raises VigieError."""
    missing = missing_programs(PROGRAMS)
    if missing:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"not on this machine: {', '.join(missing)}",
            hint="Install what the build starts: tools/debian image",
        )
    shutil.rmtree(build.work, ignore_errors=True)
    build.work.mkdir(parents=True)
    build.out.mkdir(parents=True, exist_ok=True)


@contextmanager
def only_one(build: Build) -> Iterator[None]:
    """The work folder is one build's alone. Raises VigieError while another build has it."""
    build.work.parent.mkdir(parents=True, exist_ok=True)
    with build.work.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                f"another build of {build.board.name} is running here",
                where=str(build.work),
                hint="Let it end, or build in a cache of its own: --cache DIR",
            ) from None
        yield


def source_epoch() -> int:
    """The date of everything in the image: SOURCE_DATE_EPOCH, or the last commit's."""
    said = os.environ.get("SOURCE_DATE_EPOCH")
    return int(said or run(["git", "-C", REPOSITORY, "log", "-1", "--format=%ct"]))


@click.group(invoke_without_command=True)
@click.option("--board", "board_name", help="The board's profile in image-build/boards.")
@click.option("--keys", "keys_dir", type=click.Path(path_type=Path), help="The fleet's keys.")
@click.option("--out", "out_dir", type=click.Path(path_type=Path), help="Where the files go.")
@click.option("--version", "image_version", help="The image's version.  [default: Vigie's own]")
@click.option("--console", "has_console", is_flag=True, help="A bench's image: talks on serial.")
@click.option("--overlay", type=click.Path(path_type=Path), help="A bench's files over the root.")
@click.option(
    "--kernel",
    "kernel_folder",
    type=click.Path(path_type=Path),
    help="Folder or tar of the board's own.",
)
@click.option("--verify-reproducible", "is_twice", is_flag=True, help="Build twice and compare.")
@click.option("--cache", type=click.Path(path_type=Path), default=REPOSITORY / ".cache" / "image")
@click.pass_context
def main(
    ctx: click.Context,
    *,
    board_name: str | None,
    keys_dir: Path | None,
    out_dir: Path | None,
    image_version: str | None,
    has_console: bool,
    overlay: Path | None,
    kernel_folder: Path | None,
    is_twice: bool,
    cache: Path,
) -> None:
    """Build a board's image, or make a bench's keys."""
    if ctx.invoked_subcommand is not None:
        return
    if board_name is None or keys_dir is None or out_dir is None:
        raise click.UsageError("--board, --keys and --out are needed")
    build = Build(
        board=read_board(IMAGE_BUILD / "boards" / f"{board_name}.toml"),
        cache=cache.resolve(),
        work=cache.resolve() / "work" / board_name,
        out=out_dir.resolve(),
        keys=load_keys(keys_dir.resolve()),
        version=image_version or vigie_version(),
        epoch=source_epoch(),
        steps=Steps(),
        has_console=has_console,
        overlay=overlay,
        kernel_folder=kernel_folder,
    )
    os.umask(0o022)  # what is laid into the root is for its users to read, whoever builds it
    with only_one(build):
        prepare(build)
        made = build_image(build)
        if is_twice:
            verify_reproducible(build, made)
    build.steps.note(f"{build.steps.total_seconds():.0f} s in all")
    click.echo(made)


def verify_reproducible(build: Build, made: Path) -> None:
    """Build once more, elsewhere, and say what is not the same. Raises VigieError(DATA_LOSS)."""
    folder = build.work.with_name(f"{build.work.name}-again")
    again = dataclasses.replace(build, work=folder, out=folder / "out")
    prepare(again)
    differing = twice.check_same(made, build_image(again), (build, again))
    build.steps.note(f"the same bytes twice, but for {', '.join(differing) or 'nothing'}")
    shutil.rmtree(folder)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def keys(folder: Path) -> None:
    """Make a bench's keys in a folder; a city makes its own away from any network."""
    make_keys(folder)
    click.echo(folder)


def vigie_version() -> str:
    """The version in pyproject.toml."""
    import tomllib  # noqa: PLC0415 - only without --version

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    return str(project["version"])


if __name__ == "__main__":
    run_program(main, "build.py", shows_where_bugs_are=True)
