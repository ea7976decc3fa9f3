"""The initramfs: a shell, veritysetup with its libraries, and the modules that find the root."""

from pathlib import Path

from firmware import cpio
from firmware.building import IMAGE_BUILD, Build
from firmware.kernel import Kernel, load_order, module_bytes, module_name
from firmware.run import run

_VERITYSETUP = "/usr/sbin/veritysetup"
_BUSYBOX = "/usr/bin/busybox"


def build_initramfs(build: Build, kernel: Kernel) -> Path:
    """Write the initramfs of the image's own programs; returns its file."""
    table = build.board.modules
    modules = load_order(kernel, table.initramfs, table.before)
    entries = [
        cpio.console(),
        cpio.program("init", (IMAGE_BUILD / "initramfs" / "init").read_bytes()),
        cpio.program("bin/busybox", (build.root / _BUSYBOX[1:]).read_bytes()),
        cpio.program("bin/veritysetup", (build.root / _VERITYSETUP[1:]).read_bytes()),
        *(cpio.program(path[1:], _follow(build.root, path)) for path in _libraries(build.root)),
        *(cpio.plain(f"lib/modules/{module_name(one)}.ko", module_bytes(one)) for one in modules),
        cpio.plain("lib/modules/order", _order(modules)),
        *(cpio.folder(name) for name in ("proc", "sys", "run", "sysroot")),
    ]
    archive = build.work / "initramfs.cpio"
    archive.write_bytes(cpio.write_archive(entries))
    packed = build.work / "initrd.img"
    run(["zstd", "-q", "-f", "-12", "--single-thread", archive, "-o", packed])
    return packed


def _order(modules: list[Path]) -> bytes:
    return "".join(f"{module_name(one)}.ko\n" for one in modules).encode()


def _libraries(root: Path) -> list[str]:
    """Every library that veritysetup is started with, as the image's own loader finds them."""
    said = run(["chroot", root, "ldd", _VERITYSETUP])
    return sorted({word for word in said.split() if word.startswith("/")})


def _follow(root: Path, name: str) -> bytes:
    """The content behind a path of the root, its links taken inside of the root."""
    path = root
    for part in Path(name).parts[1:]:
        path = path / part
        while path.is_symlink():
            target = path.readlink()
            path = root / target.relative_to("/") if target.is_absolute() else path.parent / target
    return path.read_bytes()
