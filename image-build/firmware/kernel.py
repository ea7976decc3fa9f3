"""The kernel and the few modules that a board may load; no other module is in the image."""

import lzma
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.errors import Kind, VigieError
from firmware.building import Build
from firmware.run import run

# depmod reads these beside the modules.
_TABLES = ("modules.builtin", "modules.builtin.modinfo", "modules.order")


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel as its maker ships it. image: the boot file; modules: its lib/modules/RELEASE."""

    image: Path
    modules: Path

    @property
    def release(self) -> str:
        """What `uname -r` will say."""
        return self.modules.name


def unpack_kernel(build: Build, package: Path | None, given: Path | None) -> Kernel:
    """Debian's kernel from its package, or the one in the folder that the person gave."""
    if given is not None:
        return find_kernel(given)
    if package is None:
        raise VigieError(Kind.DATA_LOSS, "the cached root came without its kernel package")
    folder = build.work / "kernel"
    run(["dpkg-deb", "-x", package, folder])
    return find_kernel(folder)


def find_kernel(folder: Path) -> Kernel:
    """The one kernel in a folder that has boot/ and lib/modules/. Raises VigieError."""
    releases = [
        path for base in ("lib/modules", "usr/lib/modules") for path in folder.glob(f"{base}/*")
    ]
    images = [
        path
        for name in ("vmlinuz*", "kernel*.img", "Image*")
        for path in folder.glob(f"boot/{name}")
    ]
    if len(releases) != 1 or not images:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"{len(images)} boot images and {len(releases)} sets of modules; one of each is needed",
            where=str(folder),
            hint="The folder holds boot/vmlinuz… and lib/modules/RELEASE/.",
        )
    return Kernel(min(images), releases[0])


def install_modules(build: Build, kernel: Kernel) -> None:
    """Put the allowed modules into the root, with the tables that modprobe reads."""
    table = build.board.modules
    allowed = load_order(kernel, (*table.initramfs, *table.root), table.before)
    base = build.root / "usr" / "lib" / "modules" / kernel.release
    for path in allowed:
        target = base / path.relative_to(kernel.modules)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for name in _TABLES:
        shutil.copyfile(kernel.modules / name, base / name)
    run(["depmod", "-b", build.root / "usr", kernel.release])


def load_order(
    kernel: Kernel, names: Iterable[str], before: Mapping[str, tuple[str, ...]]
) -> list[Path]:
    """The modules' files, each after all that it needs.

    before: what a module needs and modules.dep does not say. A name that the kernel has built in
    is left out. Raises VigieError for a name that this kernel does not know.
    """
    needs, files = _dependencies(kernel)
    builtin = _builtin(kernel)
    order: dict[str, Path] = {}

    def add(name: str, asked_by: str) -> None:
        if name in order or name in builtin:
            return
        if name not in files:
            raise VigieError(
                Kind.INVALID_ARGUMENT,
                f"kernel {kernel.release} has no module {name}",
                where=asked_by,
                hint="Correct the board profile's allow-list.",
            )
        for needed in (*before.get(name, ()), *needs[name]):
            add(needed, name)
        order[name] = files[name]

    for name in names:
        add(name.replace("-", "_"), "allow-list")
    return list(order.values())


def module_bytes(path: Path) -> bytes:
    """A module as insmod takes it."""
    content = path.read_bytes()
    return lzma.decompress(content) if path.suffix == ".xz" else content


def module_name(path: str | Path) -> str:
    """The name that the kernel knows a module's file by."""
    return Path(path).name.partition(".ko")[0].replace("-", "_")


def _dependencies(kernel: Kernel) -> tuple[dict[str, list[str]], dict[str, Path]]:
    """From a full depmod of all modules: what each needs, the deepest first, and its file."""
    listing = kernel.modules / "modules.dep"
    if not listing.is_file():
        # A package's table is written at its installation, which never happens here.
        run(["depmod", "-b", _base_of(kernel), kernel.release])
    needs: dict[str, list[str]] = {}
    files: dict[str, Path] = {}
    for line in listing.read_text().splitlines():
        path, _, needed = line.partition(":")
        name = module_name(path)
        files[name] = kernel.modules / path
        needs[name] = [module_name(one) for one in reversed(needed.split())]
    return needs, files


def _base_of(kernel: Kernel) -> Path:
    """The folder above lib/modules, as depmod wants it."""
    return kernel.modules.parents[2]


def _builtin(kernel: Kernel) -> frozenset[str]:
    listing = kernel.modules / "modules.builtin"
    return frozenset(module_name(line) for line in listing.read_text().splitlines())
