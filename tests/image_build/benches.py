"""A build on paper: the real profile, folders of the test, no key and no clock."""

from pathlib import Path

from firmware.board import read_board
from firmware.building import IMAGE_BUILD, Build
from firmware.keys import FleetKeys
from firmware.steps import Steps

EPOCH = 1_760_000_000


def bench_build(folder: Path, *, board: str = "qemu-amd64", has_console: bool = False) -> Build:
    for name in ("cache", "work", "out"):
        (folder / name).mkdir(exist_ok=True)
    return Build(
        board=read_board(IMAGE_BUILD / "boards" / f"{board}.toml"),
        cache=folder / "cache",
        work=folder / "work",
        out=folder / "out",
        keys=FleetKeys(folder / "keys"),
        version="7",
        epoch=EPOCH,
        steps=Steps(),
        has_console=has_console,
    )
